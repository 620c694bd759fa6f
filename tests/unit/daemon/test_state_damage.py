"""The state folder is damaged under a running daemon, which makes it whole again by itself."""

from __future__ import annotations

import os
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import FlushRequest
from ccsync_watch.daemon.daemon import Daemon
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.errors import AlreadyRunning, CcsyncError
from ccsync_watch.store import status_figures
from ccsync_watch.store.annotation_writer import SessionChange
from ccsync_watch.store.damage import CheckLevel
from ccsync_watch.store.database import DATABASE_NAME, open_for_reading
from ccsync_watch.store.file_header import read_header
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.supervised_daemon import SupervisedDaemon


def _zeros(path: Path) -> None:
    """Overwrite the whole file, in its place."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))


def _flipped(path: Path) -> None:
    """Flip the bits of all pages but the first."""
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(byte ^ 0xFF for byte in data[4096:])
    with path.open("r+b") as file:
        file.write(data)


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"no database" * 1000)
    other.replace(path)


DAMAGES = [_zeros, _flipped, _emptied, _truncated, _replaced]


def _messages(supervised: SupervisedDaemon) -> int:
    try:
        database = open_for_reading(supervised.settings.state_dir)
    except CcsyncError:
        return -1
    if database is None:
        return -1
    messages = status_figures.totals(database)["messages"]
    database.close()
    assert isinstance(messages, int)
    return messages


def _start(supervised: SupervisedDaemon) -> Path:
    """Start with a turn that is in the database's own file."""
    supervised.start()
    supervised.transcript.turn(1)
    assert supervised.flush().is_read
    change = SessionChange(supervised.transcript.session_id, name="Mine", tags="kept")
    supervised.service.annotate(change)
    with supervised.supervisor.current() as daemon:
        daemon.runtime.database.checkpoint()
    return supervised.settings.state_dir / DATABASE_NAME


def _assert_whole(supervised: SupervisedDaemon, *, has_file: bool = True) -> None:
    """Wait until everything is stored again, and what comes then is stored and answered too.

    `has_file`: the file is left that has what no transcript has.
    """
    wait_until(lambda: len(supervised.started) > 1, "another daemon")
    wait_until(lambda: _messages(supervised) == 2, "everything is stored again")
    stored = supervised.stored()
    assert all((text in stored) == has_file for text in ("'Mine'", '["kept"]'))
    supervised.transcript.turn(2)
    client = ControlClient(supervised.settings.state_dir)
    assert client.flush(FlushRequest(seconds=WAIT_SECONDS)).is_read
    assert _messages(supervised) == 4
    assert client.status()["totals"]["messages"] == 4


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_a_damaged_database_is_rebuilt(
    supervised: SupervisedDaemon, damage: Callable[[Path], None]
) -> None:
    """Without a restart by hand; the damaged one is kept."""
    path = _start(supervised)
    damage(path)
    supervised.transcript.append()
    _assert_whole(supervised)


def test_an_older_copy_written_over_the_database_is_set_aside(
    supervised: SupervisedDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    """No check finds it wrong, and it takes for unsent what was sent since."""
    path = _start(supervised)
    older = path.read_bytes()
    supervised.transcript.turn(2)
    assert supervised.flush().is_read
    with supervised.supervisor.current() as daemon:
        database = daemon.runtime.database
        with database.write() as connection:
            connection.execute("CREATE TABLE later (content)")
        database.checkpoint()
        database.damage()
    wait_until(lambda: read_header(path).newest == read_header(path).state, "a second reading")
    with path.open("r+b") as file:
        file.write(older)
        file.truncate()
    wait_until(lambda: bool(_set_aside(path)), "it is set aside", 10)
    wait_until(lambda: _messages(supervised) == 4, "everything is stored again")
    assert "the database is damaged (an older copy was written over it)" in caplog.text
    assert "'Mine'" in supervised.stored()


def test_damage_that_a_query_meets_is_said_in_one_line(
    supervised: SupervisedDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not a defect of the program, and gives no traceback to report."""
    _start(supervised)

    def meet_damage() -> bool:
        raise sqlite3.DatabaseError("database disk image is malformed")

    with supervised.supervisor.current() as daemon:
        assert not daemon._guard(meet_damage)
    assert "is damaged: database disk image is malformed: nothing to do: it is" in caplog.text
    assert [record for record in caplog.records if record.exc_info] == []
    _assert_whole(supervised)


def test_a_deleted_database_is_rebuilt(supervised: SupervisedDaemon) -> None:
    """Nothing is written into a file that nobody sees."""
    path = _start(supervised)
    path.unlink()
    _assert_whole(supervised)


def _delete_log(supervised: SupervisedDaemon, path: Path, suffixes: tuple[str, ...]) -> None:
    starts = len(supervised.started)
    for suffix in suffixes:
        path.with_name(path.name + suffix).unlink()
    wait_until(lambda: len(supervised.started) > starts, "another daemon")


@pytest.mark.parametrize("suffixes", [("-wal",), ("-shm",), ("-wal", "-shm")], ids="".join)
def test_a_deleted_log_loses_nothing(
    supervised: SupervisedDaemon, suffixes: tuple[str, ...]
) -> None:
    """What was committed to it is moved into the file, however often, and none is set aside."""
    path = _start(supervised)
    for number in (1, 2):
        supervised.transcript.turn(10 + number)
        assert supervised.flush().is_read
        _delete_log(supervised, path, suffixes)
        assert supervised.flush().is_read
        assert _messages(supervised) == 2 + 2 * number
    assert not list(path.parent.glob("*corrupt*"))
    with supervised.supervisor.current() as daemon:
        read = daemon.runtime.database.read()
        assert read.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_deleted_state_folder_is_made_again(supervised: SupervisedDaemon) -> None:
    """With the lock, the socket and the pidfile."""
    path = _start(supervised)
    shutil.rmtree(path.parent)
    _assert_whole(supervised, has_file=False)
    with pytest.raises(AlreadyRunning):
        InstanceLock(path.parent).acquire(0)


@pytest.mark.parametrize("name", ["daemon.lock", "daemon.json", "control.sock"])
def test_a_deleted_file_of_the_daemon_is_made_again(
    supervised: SupervisedDaemon, name: str
) -> None:
    """No second daemon starts, and commands find this one."""
    path = _start(supervised)
    (path.parent / name).unlink()
    _assert_whole(supervised)
    with pytest.raises(AlreadyRunning):
        InstanceLock(path.parent).acquire(0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whoever_took_the_lock_meanwhile_stays_alone(supervised: SupervisedDaemon) -> None:
    """A daemon that lost its lock to another one ends."""
    path = _start(supervised)
    (path.parent / "daemon.lock").unlink()
    other = InstanceLock(path.parent)
    other.acquire(0)
    supervised.thread.join(WAIT_SECONDS)
    assert not supervised.thread.is_alive()
    supervised.lock.release()
    assert (path.parent / "daemon.json").exists(), "it is the other one's"
    other.release()


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[CheckLevel]:
    """How the database was checked for each daemon: the first one meets damage."""
    levels = list[CheckLevel]()

    def build(*values: Any, **options: Any) -> Daemon:  # noqa: ANN401 - passed on
        levels.append(options["check_level"])
        if len(levels) == 1:
            raise sqlite3.DatabaseError("database disk image is malformed")
        return Daemon(*values, **options)

    monkeypatch.setattr("ccsync_watch.daemon.supervisor.Daemon", build)
    return levels


def test_damage_while_the_next_daemon_is_built_is_no_end(
    supervised: SupervisedDaemon, request: pytest.FixtureRequest
) -> None:
    """All of it is checked at the next attempt."""
    path = _start(supervised)
    attempts: list[CheckLevel] = request.getfixturevalue("attempts")
    supervised.change(sync_thinking=True)
    _assert_whole(supervised)
    assert attempts == [CheckLevel.LATER, CheckLevel.FULL]
    assert _set_aside(path) == []


def test_damage_while_the_first_daemon_is_built_is_no_end(
    supervised: SupervisedDaemon, attempts: list[CheckLevel]
) -> None:
    """The program does not end with it; nobody would rebuild the database."""
    _start(supervised)
    assert attempts == [CheckLevel.LATER, CheckLevel.FULL]
    assert _messages(supervised) == 2


def _set_aside(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}.corrupt-*"))


def _meet_damage(supervised: SupervisedDaemon) -> None:
    """Have SQLite say what it says when a page cannot be read; wait for the next daemon."""
    number = len(supervised.started)
    with supervised.supervisor.current() as daemon:
        error = sqlite3.DatabaseError("database disk image is malformed")
        daemon.runtime.database.note_failure(error)
    wait_until(lambda: len(supervised.started) > number, "another daemon")


def test_a_disk_that_cannot_be_read_now_and_then_damages_nothing(
    supervised: SupervisedDaemon,
) -> None:
    """All of the database is checked at the second time, and used on."""
    path = _start(supervised)
    inode = path.stat().st_ino
    for _ in range(3):
        _meet_damage(supervised)
    _assert_whole(supervised)
    assert _set_aside(path) == []
    assert path.stat().st_ino == inode


def test_damage_that_no_check_finds_is_not_met_for_ever(supervised: SupervisedDaemon) -> None:
    """At the sixth time within ten minutes the database is rebuilt."""
    path = _start(supervised)
    for _ in range(5):
        _meet_damage(supervised)
    assert _set_aside(path) == []
    _meet_damage(supervised)
    assert len(_set_aside(path)) == 1
    _assert_whole(supervised)
