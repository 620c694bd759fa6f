"""One writer for one state folder, and a pidfile that says who."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import orjson
import pytest

from ccsync_watch.control.pidfile import Pidfile, is_starting, read_pidfile
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.errors import AlreadyRunning, StateError
from ccsync_watch.processes import is_alive
from support.ended_process import ended_pid

if TYPE_CHECKING:
    from pathlib import Path


def write_pidfile(folder: Path, **fields: object) -> None:
    """Write a pidfile as an earlier holder may have left it."""
    (folder / "daemon.json").write_bytes(orjson.dumps(fields))


def test_the_pidfile_is_written_with_the_lock(tmp_path: Path) -> None:
    """Before the socket exists: a second process names the right holder."""
    lock = InstanceLock(tmp_path / "state")
    lock.acquire(5)
    pidfile = read_pidfile(tmp_path / "state")
    assert pidfile is not None
    assert (pidfile.pid, pidfile.since_ms, pidfile.socket) == (os.getpid(), 5, None)
    lock.announce("/somewhere/control.sock")
    pidfile = read_pidfile(tmp_path / "state")
    assert pidfile is not None
    assert (pidfile.since_ms, pidfile.socket) == (5, "/somewhere/control.sock")
    lock.release()
    assert read_pidfile(tmp_path / "state") is None


def test_a_daemon_that_listens_ends_the_start(tmp_path: Path) -> None:
    """Whoever started it may have been killed, and left the marker."""
    marker = tmp_path / "starting"
    marker.touch()
    lock = InstanceLock(tmp_path)
    lock.acquire(5)
    assert (marker.exists(), is_starting(tmp_path)) == (True, True)
    lock.announce("/somewhere/control.sock")
    assert (marker.exists(), is_starting(tmp_path)) == (False, False)
    lock.release()


def test_folder_lock_and_pidfile_are_private(tmp_path: Path) -> None:
    """0700 and 0600, whatever the umask."""
    before = os.umask(0)
    try:
        lock = InstanceLock(tmp_path / "state")
        lock.acquire(0)
    finally:
        os.umask(before)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in [tmp_path / "state", *(tmp_path / "state").iterdir()]
    }
    lock.release()
    assert modes == {"state": 0o700, "daemon.lock": 0o600, "daemon.json": 0o600}


def test_a_second_process_names_the_holder(tmp_path: Path) -> None:
    """It leaves the holder's pidfile alone, and says how to open and stop a daemon."""
    first = InstanceLock(tmp_path)
    first.acquire(0)
    with pytest.raises(AlreadyRunning) as caught:
        InstanceLock(tmp_path).acquire(1)
    assert f"(process {os.getpid()})" in str(caught.value)
    assert f"`kill {os.getpid()}`" in str(caught.value)
    first.announce("/somewhere/control.sock")
    with pytest.raises(AlreadyRunning, match="stop it: `ccsync-watch stop`"):
        InstanceLock(tmp_path).acquire(1)
    (tmp_path / "daemon.json").unlink()
    with pytest.raises(AlreadyRunning, match="another process"):
        InstanceLock(tmp_path).acquire(1)
    first.release()
    InstanceLock(tmp_path).acquire(2)


def test_the_pidfile_of_a_dead_holder_is_replaced(tmp_path: Path) -> None:
    """The lock is the truth."""
    write_pidfile(tmp_path, pid=ended_pid(), since_ms=1, version="0", socket=None)
    lock = InstanceLock(tmp_path)
    lock.acquire(7)
    pidfile = read_pidfile(tmp_path)
    lock.release()
    assert pidfile is not None
    assert pidfile.pid == os.getpid()


def test_the_temporary_folder_of_a_dead_holder_is_removed(tmp_path: Path) -> None:
    """It holds the socket of a long path, and no other program removes it."""
    temporary = tmp_path / "ccsync-abc"
    temporary.mkdir()
    (temporary / "control.sock").touch()
    state = tmp_path / "state"
    state.mkdir()
    socket = str(temporary / "control.sock")
    write_pidfile(state, pid=ended_pid(), since_ms=1, version="0", socket=socket)
    lock = InstanceLock(state)
    lock.acquire(0)
    lock.release()
    assert not temporary.exists()


@pytest.mark.parametrize("below", ["", "state"])
def test_a_file_where_the_folder_should_be(tmp_path: Path, below: str) -> None:
    """The error names the folder, and the hint what to set."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / below if below else tmp_path / "file"
    with pytest.raises(StateError) as caught:
        InstanceLock(folder).acquire(0)
    assert str(caught.value).startswith(f"cannot use the state folder {folder}: ")
    assert "set CCSYNC_WATCH_HOME" in str(caught.value)


@pytest.mark.parametrize("name", ["daemon.lock", "daemon.json.new"])
def test_a_folder_where_a_file_should_be(tmp_path: Path, name: str) -> None:
    """The same error, and the lock is not kept."""
    (tmp_path / name).mkdir()
    lock = InstanceLock(tmp_path)
    with pytest.raises(StateError, match="cannot use the state folder"):
        lock.acquire(0)
    (tmp_path / name).rmdir()
    InstanceLock(tmp_path).acquire(0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"pid": "12", "since_ms": 1, "version": "0", "socket": null}',
        b'{"pid": -1, "since_ms": 1, "version": "0", "socket": null}',
        b'{"pid": 12, "since_ms": 1, "version": "0", "socket": 3}',
    ],
)
def test_an_invalid_pidfile_is_ignored(tmp_path: Path, content: bytes) -> None:
    """The lock does not depend on it."""
    (tmp_path / "daemon.json").write_bytes(content)
    assert read_pidfile(tmp_path) is None


def test_the_pidfile_of_a_newer_version_is_read(tmp_path: Path) -> None:
    """Unknown fields are ignored."""
    write_pidfile(tmp_path, pid=12, since_ms=1, version="9", socket=None, port=8377)
    assert read_pidfile(tmp_path) == Pidfile(12, 1, "9", None)


def test_is_alive_detects_running_processes() -> None:
    """This process is alive; one that ended is not, nor is an impossible id."""
    assert is_alive(os.getpid())
    assert is_alive(1)
    assert not is_alive(ended_pid())
    assert not is_alive(10**30)
