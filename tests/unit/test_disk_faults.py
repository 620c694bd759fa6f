"""Each cause is named when it is real, with what to do about it."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.daemon.background import start
from ccsync_watch.disk_faults import FAULTS, find_cause, hint_for, state_error
from ccsync_watch.errors import NewerSchema, StateError
from ccsync_watch.store.database import open_database, open_for_reading
from ccsync_watch.store.install_keys import install_key
from support.small_disk import small_disk

if TYPE_CHECKING:
    from pathlib import Path

_CHILD = """
import os, resource, sys
from pathlib import Path
from ccsync_watch.errors import StateError
from ccsync_watch.store.database import open_database
folder = Path(sys.argv[1])
{before}
try:
    database = open_database(folder, now_ms=1)
    {between}
    with database.write() as connection:
        connection.execute("INSERT INTO meta VALUES ('x', zeroblob(500000))")
except StateError as error:
    print(error.title, error, sep="|")
"""


def in_child(folder: Path, *, before: str = "", between: str = "") -> str:
    """Return what a process of its own says, in which a limit is in force."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD.format(before=before, between=between), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def raised(folder: Path) -> StateError:
    """Return the error of opening a store in a folder, or of writing much into it."""
    with pytest.raises(StateError) as caught:  # noqa: PT012 - either may fail
        database = open_database(folder, now_ms=1)
        try:
            with database.write() as connection:
                connection.execute("INSERT INTO meta VALUES ('x', zeroblob(2000000))")
        finally:
            database.close()
    return caught.value


def test_a_lock_of_another_program_is_named_as_one(tmp_path: Path) -> None:
    """No space would help."""
    database = open_database(tmp_path, now_ms=1)
    with database.write() as connection:
        connection.execute("CREATE TABLE probe (x)")
    assert database._writer is not None
    database._writer.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateError) as caught, database.write():
        pass
    other.close()
    database.close()
    assert caught.value.title == "Database in use"
    assert "another program has the database locked" in caught.value.message
    assert caught.value.hint_while_running == caught.value.hint_at_start == caught.value.hint
    assert "space" not in caught.value.hint


def test_a_disk_that_is_full_is_named_as_one(tmp_path: Path) -> None:
    """While writing, and at the start."""
    with small_disk(tmp_path / "disk") as disk:
        error = raised(disk.path / "state")
        assert error.title == "Disk full"
        assert "free some disk space" in error.hint
    with small_disk(tmp_path / "other") as disk:
        disk.fill()
        error = raised(disk.path)
        assert error.title == "Disk full"
        assert error.hint == f"free some disk space on the disk of {disk.path}"
        assert error.hint_while_running == (
            f"{error.hint}; nothing is lost, and it continues by itself"
        )
        assert error.hint_at_start == f"{error.hint}, then start it again; nothing is lost"
        assert "writable" not in str(error)
        with pytest.raises(StateError, match="free some disk space"):
            install_key(disk.path)


def test_a_start_on_a_full_disk_does_not_promise_to_continue(tmp_path: Path) -> None:
    """The program ends: whoever freed some space has to start it."""
    with small_disk(tmp_path / "disk") as disk:
        disk.fill()
        done = subprocess.run(
            [sys.executable, "-m", "ccsync_watch", "run"],
            env={**os.environ, "CCSYNC_WATCH_HOME": str(disk.path / "state")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "the disk is full" in done.stderr
    hint = f"free some disk space on the disk of {disk.path / 'state'}"
    assert done.stderr.endswith(f": {hint}, then start it again; nothing is lost\n")


def test_a_disk_without_room_for_files_is_named_as_one(tmp_path: Path) -> None:
    """Its space is not used up."""
    with small_disk(tmp_path / "disk", inodes=3) as disk:
        for number in range(9):
            try:
                (disk.path / f"{number}").touch()
            except OSError:
                break
        error = raised(disk.path)
        assert "has room for bytes, but for no further file" in error.message


def test_a_read_only_disk_is_named_as_one(tmp_path: Path) -> None:
    """With a store on it, and without."""
    with small_disk(tmp_path / "disk", size="4m") as disk:
        open_database(disk.path / "state", now_ms=1).close()
        disk.make_read_only()
        for folder in (disk.path / "state", disk.path / "new"):
            error = raised(folder)
            assert error.title == "Disk is read-only"
            assert "mount it for writing" in error.hint


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_the_limit_of_open_files_is_named_with_its_number(tmp_path: Path) -> None:
    """When the store is opened, and later."""
    said = in_child(
        tmp_path,
        before="soft = len(os.listdir('/dev/fd')) - 1\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (soft, soft))",
    )
    assert said.startswith("Too many open files|cannot use ")
    assert "the limit of " in said
    assert "`ulimit -n 4096`" in said


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_the_limit_of_a_files_size_is_named_with_its_number(tmp_path: Path) -> None:
    """SQLite says that the disk fails."""
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (400000, resource.RLIM_INFINITY))"
    said = in_child(tmp_path, between=limit)
    assert said.startswith("Limit of a file's size reached|cannot write ")
    assert "files may not be larger than 400,000 bytes here" in said


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="others may not")
def test_a_folder_of_another_user_is_named_as_one(tmp_path: Path) -> None:
    """Here permissions are what is wrong."""
    os.seteuid(65534)
    try:
        error = raised(tmp_path / "closed")
    finally:
        os.seteuid(0)
    assert error.title == "State folder not usable"
    assert error.message.startswith("cannot use the state folder ")
    assert error.hint == "make it writable, or set CCSYNC_WATCH_HOME to a folder that is"


def test_a_file_in_place_of_a_folder_is_named_as_one(tmp_path: Path) -> None:
    """Nobody can write into it."""
    (tmp_path / "file").touch()
    error = raised(tmp_path / "file" / "state")
    assert error.message == (
        f"cannot use the state folder {tmp_path}/file/state:"
        " a file is where a folder has to be (Not a directory)"
    )


def test_a_reader_and_a_start_name_it_too(tmp_path: Path) -> None:
    """Nothing could be stored there: it is not a store that is empty."""
    folder = tmp_path / "file"
    folder.touch()
    for use in (open_for_reading, lambda path: start(path, {})):
        with pytest.raises(StateError, match="a file is where a folder has to be"):
            use(folder)


def test_a_damaged_database_is_named_as_one(tmp_path: Path) -> None:
    """A daemon keeps the file and starts afresh; writing rights would not help."""
    tmp_path.chmod(0o700)
    (tmp_path / "ccsync.db").write_bytes(b"no database" * 100)
    with pytest.raises(StateError) as caught:
        open_for_reading(tmp_path)
    assert caught.value.title == "Database damaged"
    assert "`ccsync-watch start`: it keeps this file under another name" in caught.value.hint
    open_database(tmp_path, now_ms=1).close()
    database = open_for_reading(tmp_path)
    assert database is not None
    database.close()
    assert [path.read_bytes()[:11] for path in tmp_path.glob("ccsync.db*1*")] == [b"no database"]


def test_a_newer_database_is_named_as_one(tmp_path: Path) -> None:
    """For a reader, and for a daemon."""
    database = open_database(tmp_path, now_ms=1)
    with database.write() as connection:
        connection.execute("PRAGMA user_version = 999")
    database.close()
    for is_reading in (True, False):
        with pytest.raises(NewerSchema) as caught:
            open_for_reading(tmp_path) if is_reading else open_database(tmp_path, now_ms=1)
        assert caught.value.title == "Newer database"
        assert "a newer ccsync-watch wrote the database: it has version 999" in caught.value.message
        assert caught.value.hint.startswith("update ccsync-watch")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "quota"),
        (errno.EMFILE, "descriptors"),
        (errno.ENFILE, "system-descriptors"),
        (errno.EIO, "disk"),
        (errno.ENOLCK, "network"),
        (errno.EOPNOTSUPP, "no-sockets"),
        (errno.EINVAL, "unknown"),
    ],
)
def test_every_cause_has_words(tmp_path: Path, number: int, code: str) -> None:
    """Its title, its detail and its hint have nothing left to fill in."""
    error = OSError(number, os.strerror(number), str(tmp_path))
    assert find_cause(tmp_path, error) == code
    said = state_error(tmp_path, error, doing="use the state folder")
    assert said.title == FAULTS[code].title
    assert os.strerror(number) in said.message
    assert "{" not in f"{said}{hint_for(error)}"


def test_a_file_on_a_disk_for_reading_is_no_matter_of_rights(tmp_path: Path) -> None:
    """Such as the folder of the service's file."""
    error = OSError(errno.EROFS, os.strerror(errno.EROFS), str(tmp_path))
    assert hint_for(error) == "mount its disk for writing"


def test_what_sqlite_cannot_do_is_said_as_it_says_it(tmp_path: Path) -> None:
    """Where the folder can be written."""
    error = sqlite3.OperationalError("unable to open database file")
    assert "unable to open database file" in state_error(tmp_path / "ccsync.db", error).message
    failed = sqlite3.OperationalError("disk I/O error")
    assert find_cause(tmp_path, failed) == "disk"
    assert find_cause(tmp_path, sqlite3.OperationalError("locking protocol")) == "network"
