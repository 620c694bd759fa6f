"""One writer for one state folder, and a note that says who."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import orjson
import pytest

from ccsync_watch.control.pidfile import Pidfile, is_alive, read_pidfile
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.errors import AlreadyRunning, StateError

if TYPE_CHECKING:
    from pathlib import Path


def ended_pid() -> int:
    """Return the id of a process that has just ended."""
    made = subprocess.Popen([sys.executable, "-c", ""])
    made.wait()
    return made.pid


def write_note(folder: Path, **fields: object) -> None:
    """Write a note as some holder may have left it."""
    (folder / "daemon.json").write_bytes(orjson.dumps(fields))


def test_the_holder_is_noted_at_once(tmp_path: Path) -> None:
    """Before the socket is there: whoever is refused learns the right process."""
    lock = InstanceLock(tmp_path / "state")
    lock.acquire(5)
    note = read_pidfile(tmp_path / "state")
    assert note is not None
    assert (note.pid, note.since_ms, note.socket) == (os.getpid(), 5, None)
    lock.announce("/somewhere/control.sock")
    note = read_pidfile(tmp_path / "state")
    assert note is not None
    assert (note.since_ms, note.socket) == (5, "/somewhere/control.sock")
    lock.release()
    assert read_pidfile(tmp_path / "state") is None


def test_folder_lock_and_note_are_private(tmp_path: Path) -> None:
    """0700 and 0600, whatever the umask says."""
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


def test_the_second_is_told_who_the_first_is(tmp_path: Path) -> None:
    """And its refusal leaves the first one's note alone."""
    first = InstanceLock(tmp_path)
    first.acquire(0)
    with pytest.raises(AlreadyRunning) as caught:
        InstanceLock(tmp_path).acquire(1)
    assert f"(process {os.getpid()})" in str(caught.value)
    assert f"`kill {os.getpid()}`" in str(caught.value)
    (tmp_path / "daemon.json").unlink()
    with pytest.raises(AlreadyRunning, match="another process"):
        InstanceLock(tmp_path).acquire(1)
    first.release()
    InstanceLock(tmp_path).acquire(2)


def test_a_dead_holder_is_no_obstacle(tmp_path: Path) -> None:
    """The lock is the truth; the note of the dead is replaced."""
    write_note(tmp_path, pid=ended_pid(), since_ms=1, version="0", socket=None)
    lock = InstanceLock(tmp_path)
    lock.acquire(7)
    note = read_pidfile(tmp_path)
    lock.release()
    assert note is not None
    assert note.pid == os.getpid()


def test_a_dead_holders_socket_elsewhere_is_removed(tmp_path: Path) -> None:
    """A path too long for a socket has it in a temporary folder, which nobody else cleans."""
    temporary = tmp_path / "ccsync-abc"
    temporary.mkdir()
    (temporary / "control.sock").touch()
    state = tmp_path / "state"
    state.mkdir()
    socket = str(temporary / "control.sock")
    write_note(state, pid=ended_pid(), since_ms=1, version="0", socket=socket)
    lock = InstanceLock(state)
    lock.acquire(0)
    lock.release()
    assert not temporary.exists()


@pytest.mark.parametrize("below", ["", "state"])
def test_a_file_where_the_folder_should_be(tmp_path: Path, below: str) -> None:
    """The folder is named, and the mend."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / below if below else tmp_path / "file"
    with pytest.raises(StateError) as caught:
        InstanceLock(folder).acquire(0)
    assert str(caught.value).startswith(f"cannot use the state folder {folder}: ")
    assert "set CCSYNC_WATCH_HOME" in str(caught.value)


@pytest.mark.parametrize("in_the_way", ["daemon.lock", "daemon.json.new"])
def test_a_folder_where_a_file_should_be(tmp_path: Path, in_the_way: str) -> None:
    """The same line; and nothing stays locked."""
    (tmp_path / in_the_way).mkdir()
    lock = InstanceLock(tmp_path)
    with pytest.raises(StateError, match="cannot use the state folder"):
        lock.acquire(0)
    (tmp_path / in_the_way).rmdir()
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
def test_a_note_that_makes_no_sense_is_none(tmp_path: Path, content: bytes) -> None:
    """It only ever helps; it cannot harm."""
    (tmp_path / "daemon.json").write_bytes(content)
    assert read_pidfile(tmp_path) is None


def test_a_note_of_a_newer_version_is_read(tmp_path: Path) -> None:
    """What it says besides is not our concern."""
    write_note(tmp_path, pid=12, since_ms=1, version="9", socket=None, port=8377)
    assert read_pidfile(tmp_path) == Pidfile(12, 1, "9", None)


def test_who_is_alive() -> None:
    """This process is; one that ended is not, nor is a number that is no process."""
    assert is_alive(os.getpid())
    assert is_alive(1)
    assert not is_alive(ended_pid())
    assert not is_alive(10**30)
