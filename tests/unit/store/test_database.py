"""Opening the database, its connections, and its one writer."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import random
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ccsync_watch.daemon.opening_log import log_opening
from ccsync_watch.errors import DatabaseDamaged, OtherSchema, StateError
from ccsync_watch.store import database as module
from ccsync_watch.store.damage import CheckLevel, DamageHistory
from ccsync_watch.store.database import Database, open_database, open_for_reading
from ccsync_watch.store.file_header import read_header
from ccsync_watch.store.migrations import MIGRATIONS
from support.small_disk import small_disk
from support.sqlite_memory import bytes_of_sqlite
from support.waiting import WAIT_SECONDS


def _put(database: Database, name: str) -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO meta VALUES (?, 1)", (name,))


def _names(database: Database) -> list[str]:
    return [row[0] for row in database.read().execute("SELECT name FROM meta ORDER BY name")]


def _fill(database: Database) -> None:
    for number in range(1000):
        _put(database, f"{number:04}" * 100)


def _read_beside(folder: Path) -> None:
    """Read as a command does beside the daemon. Raises StateError."""
    reader = open_for_reading(folder)
    assert reader is not None
    try:
        reader.read().execute("SELECT * FROM meta").fetchall()
    except sqlite3.Error as error:
        raise reader.note_failure(error) or error from None
    finally:
        reader.close()


def _open_files(path: Path) -> int:
    """Return how many descriptors this process holds on a file."""
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            count += descriptor.readlink() == path
        except OSError:
            continue
    return count


class TestOpening:
    """From nothing, from an older one, from a damaged one."""

    def test_folder_and_file_are_the_users_alone(self, tmp_path: Path) -> None:
        """Nobody else may read what was said."""
        folder = tmp_path / "a" / "state"
        database = open_database(folder, now_ms=1)
        _put(database, "x")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert set(modes.values()) == {0o600}
        assert "ccsync.db-wal" in modes
        database.close()

    def test_a_folder_that_others_could_read_is_closed_to_them(self, tmp_path: Path) -> None:
        """A folder made by hand gets the same rights."""
        tmp_path.chmod(0o755)
        open_database(tmp_path, now_ms=1).close()
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700

    def test_rows_are_there_after_a_restart(self, tmp_path: Path) -> None:
        """What was committed is found again, and nothing is set aside."""
        first = open_database(tmp_path, now_ms=1)
        _put(first, "x")
        first.close()
        second = open_database(tmp_path, now_ms=2)
        assert _names(second) == ["x"]
        assert second.set_aside is None
        second.close()

    def test_a_commit_is_on_the_disk_and_removed_rows_are_wiped(self, tmp_path: Path) -> None:
        """The pragmas that the invariants rest on are in force."""
        database = open_database(tmp_path, now_ms=1)
        with database.write() as connection:
            pragmas = {
                name: connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "secure_delete")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
        database.close()

    def test_what_does_not_wait_for_the_disk_is_followed_by_what_does(self, tmp_path: Path) -> None:
        """Whatever became of it."""
        database = open_database(tmp_path, now_ms=1)

        def synchronous(connection: sqlite3.Connection) -> int:
            return int(connection.execute("PRAGMA synchronous").fetchone()[0])

        with database.write(waits_for_disk=False) as connection:
            assert synchronous(connection) == 1
        with pytest.raises(ZeroDivisionError), database.write(waits_for_disk=False):
            raise ZeroDivisionError
        with database.write() as connection:
            assert synchronous(connection) == 2
        database.close()

    def test_a_path_with_marks_of_a_url_is_a_path(self, tmp_path: Path) -> None:
        """A question mark in a folder's name does not start a query."""
        folder = tmp_path / "a?b#c %20"
        open_database(folder, now_ms=1).close()
        assert (folder / "ccsync.db").exists()

    @pytest.mark.tailing_case("44")
    @pytest.mark.parametrize("damage", ["text", "header", "page", "count"])
    def test_a_damaged_database_is_kept_aside_and_a_new_one_made(
        self, tmp_path: Path, damage: str
    ) -> None:
        """Whatever the damage, the daemon starts, and the old file can be looked at."""
        database = open_database(tmp_path, now_ms=1)
        for number in range(200):
            _put(database, f"{number:04}" * 50)
        database.close()
        path = tmp_path / "ccsync.db"
        data = bytearray(path.read_bytes())
        if damage == "text":
            data = bytearray(b"this is not a database, whatever its name says" * 50)
        elif damage == "header":
            data[:16] = b"SQLite format 4\0"
        elif damage == "count":
            data[36:40] = b"\0\0\0\x63"  # free pages that are nowhere
        else:
            for at in range(4096, len(data), 4096):
                data[at : at + 1024] = b"\xff" * 1024
        path.write_bytes(data)
        replacement = open_database(tmp_path, now_ms=77)
        assert replacement.set_aside == tmp_path / "ccsync.db.corrupt-77"
        assert replacement.set_aside.read_bytes() == bytes(data)
        assert _names(replacement) == []
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        replacement.close()

    @pytest.mark.parametrize(
        "damage",
        [
            "DROP TABLE ledger",
            "DROP INDEX remote_due",
            "UPDATE meta SET value = CAST(x'ff' AS TEXT)",
            "DELETE FROM search_data",
        ],
    )
    def test_all_of_a_doubtful_database_is_checked(self, tmp_path: Path, damage: str) -> None:
        """Errors came from it twice, so damage is looked for where starts do not look."""
        database = open_database(tmp_path, now_ms=1)
        for number in range(20):
            _put(database, f"{number:04}" * 50)
        database.close()
        healthy = open_database(tmp_path, now_ms=77, level=CheckLevel.FULL)
        assert healthy.set_aside is None
        assert len(_names(healthy)) == 20
        healthy.close()
        with contextlib.closing(sqlite3.connect(tmp_path / "ccsync.db")) as writer, writer:
            writer.execute(damage)
        replaced = open_database(tmp_path, now_ms=77, level=CheckLevel.FULL)
        assert replaced.set_aside is not None
        assert _names(replaced) == []
        replaced.close()

    @pytest.mark.parametrize("name", [b"value", b"meta", b"CREATE TABLE meta"])
    def test_a_name_that_cannot_be_decoded_is_damage(self, tmp_path: Path, name: bytes) -> None:
        """At the start, in a statement and beside the daemon: no error is one of Python's."""
        path = tmp_path / "ccsync.db"
        open_database(tmp_path, now_ms=1).close()
        data = path.read_bytes()
        start = data.index(b"CREATE TABLE meta")
        at = data.index(name, start)
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        with pytest.raises(StateError, match="damaged"):
            _read_beside(tmp_path)
        database = open_database(tmp_path, now_ms=77, level=CheckLevel.FULL)
        assert database.set_aside is not None
        database.close()

    def test_a_folder_that_cannot_be_made_is_named(self, tmp_path: Path) -> None:
        """The error names the folder and how to choose another."""
        (tmp_path / "file").write_text("")
        with pytest.raises(StateError, match=r"state folder .*/file/state.*CCSYNC_WATCH_HOME"):
            open_database(tmp_path / "file" / "state", now_ms=1)

    def test_a_file_that_is_a_folder_is_named(self, tmp_path: Path) -> None:
        """What cannot be opened at all is not set aside: it may be fine."""
        (tmp_path / "ccsync.db").mkdir()
        with pytest.raises(StateError, match=r"cannot use .*ccsync\.db: a folder is where"):
            open_database(tmp_path, now_ms=1)
        assert (tmp_path / "ccsync.db").is_dir()

    def test_a_pipe_is_named(self, tmp_path: Path) -> None:
        """To read from it would wait for ever."""
        os.mkfifo(tmp_path / "ccsync.db")
        for open_one in (open_for_reading, functools.partial(open_database, now_ms=1)):
            with pytest.raises(StateError, match=r"ccsync\.db is not a regular file: remove it"):
                open_one(tmp_path)

    def test_few_damaged_databases_are_kept(self, tmp_path: Path) -> None:
        """The last two, with their logs: each may be as large as the store."""
        path = tmp_path / "ccsync.db"
        for now_ms in range(1001, 1006):
            path.write_bytes(b"no database" * 100)
            path.with_name("ccsync.db-wal").write_bytes(b"log")
            open_database(tmp_path, now_ms=now_ms).close()
        names = sorted(file.name for file in tmp_path.glob("*corrupt*"))
        assert {name.split("-")[1] for name in names} == {"1004", "1005"}

    def test_what_cannot_be_replaced_either_is_named(self, tmp_path: Path) -> None:
        """When the new one in a damaged one's place fails as well, the file is named."""
        (tmp_path / "ccsync.db").write_bytes(b"no database" * 100)
        (tmp_path / "ccsync.db.corrupt-5").mkdir()
        with pytest.raises(StateError, match=r"cannot use .*ccsync\.db"):
            open_database(tmp_path, now_ms=5)

    def test_a_newer_programs_database_is_left_alone(self, tmp_path: Path) -> None:
        """An older program says so, and changes nothing."""
        database = open_database(tmp_path, now_ms=1)
        with database.write() as connection:
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        database.close()
        before = (tmp_path / "ccsync.db").read_bytes()
        with pytest.raises(StateError, match="update ccsync-watch"):
            open_database(tmp_path, now_ms=2)
        assert (tmp_path / "ccsync.db").read_bytes() == before


def test_damaged_databases_make_room_on_a_full_disk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They are what fills it; without them the start fails, and says why."""
    with small_disk(tmp_path / "disk", size="4m") as disk:
        folder = disk.path / "state"
        database = open_database(folder, now_ms=1)
        _put(database, "x")
        database.close()
        for number in (1, 2):
            (folder / f"ccsync.db.corrupt-{number}").write_bytes(bytes(1 << 20))
        disk.fill()
        database = open_database(folder, now_ms=3)
        assert _names(database) == ["x"]
        _put(database, "y")
        log_opening(database)
        assert caplog.messages == [
            "the disk was full: damaged databases that were kept are removed (ccsync.db.corrupt-1)"
        ]
        assert (folder / "ccsync.db.corrupt-2").exists()
        database.close()
        (folder / "ccsync.db.corrupt-2").unlink()
        disk.fill()
        with pytest.raises(StateError, match="the disk is full"):
            open_database(folder, now_ms=4)


class TestWriting:
    """One writer, whole transactions."""

    def test_a_failing_block_leaves_nothing(self, tmp_path: Path) -> None:
        """All of a transaction or none of it, and the next one works."""
        database = open_database(tmp_path, now_ms=1)

        class Boom(BaseException):
            pass

        def fail() -> None:
            with database.write() as connection:
                connection.execute("INSERT INTO meta VALUES ('x', 1)")
                raise Boom

        with pytest.raises(Boom):
            fail()
        assert _names(database) == []
        _put(database, "y")
        assert _names(database) == ["y"]
        database.close()

    def test_readers_see_committed_rows_only(self, tmp_path: Path) -> None:
        """A page asked for meanwhile shows the state before."""
        database = open_database(tmp_path, now_ms=1)
        with database.write() as connection:
            connection.execute("INSERT INTO meta VALUES ('x', 1)")
            assert _names(database) == []
        assert _names(database) == ["x"]
        database.close()

    @pytest.mark.tailing_case("44")
    def test_a_disk_that_refuses_is_a_state_error(self, tmp_path: Path) -> None:
        """A full disk undoes the whole transaction, with a hint; later writes succeed."""
        database = open_database(tmp_path, now_ms=1)
        with database.write() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
        with database.write() as connection:
            connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StateError, match=r"cannot write .*full.*free some disk space"):
            _fill(database)
        with database.write() as connection:
            connection.execute("PRAGMA max_page_count = 100000")
        before = len(_names(database))
        _put(database, "y")
        assert len(_names(database)) == before + 1
        database.close()

    def test_a_reader_cannot_write(self, tmp_path: Path) -> None:
        """The connections handed out for reading refuse to write."""
        database = open_database(tmp_path, now_ms=1)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            database.read().execute("INSERT INTO meta VALUES ('x', 1)")
        database.close()

    def test_threads_write_one_after_the_other(self, tmp_path: Path) -> None:
        """Nothing is lost between several writers, and nobody meets a lock."""
        database = open_database(tmp_path, now_ms=1)

        def work(name: str) -> None:
            for number in range(20):
                _put(database, f"{name}{number}")

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(_names(database)) == 80
        database.close()

    def test_a_threads_connection_ends_with_it(self, tmp_path: Path) -> None:
        """A daemon that answers for months from short-lived threads keeps no files open."""
        if not Path("/proc/self/fd").exists():
            pytest.skip("counts descriptors by /proc")
        database = open_database(tmp_path, now_ms=1)
        path = (tmp_path / "ccsync.db").resolve()
        _names(database)
        before = _open_files(path)
        for _ in range(20):
            thread = threading.Thread(target=_names, args=(database,))
            thread.start()
            thread.join()
        gc.collect()
        # SQLite itself keeps one for later while another connection of the process is open.
        assert _open_files(path) <= before + 1
        database.close()
        assert _open_files(path) == 1, "by which the header is read"


def test_closing_interrupts_what_another_thread_reads(tmp_path: Path) -> None:
    """SQLite crashes the process when a connection is closed during a query of another thread."""
    database = open_database(tmp_path, now_ms=1)
    is_reading = threading.Event()
    errors: list[str] = []

    def note_progress() -> int:
        # Called by SQLite every few instructions: the query is running by then.
        is_reading.set()
        return 0

    def read_without_end() -> None:
        reader = database.read()
        reader.set_progress_handler(note_progress, 100)
        try:
            reader.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                " SELECT count(*) FROM n"
            ).fetchall()
        except sqlite3.OperationalError as error:
            errors.append(str(error))
        with pytest.raises(sqlite3.ProgrammingError, match="was closed"):
            database.read()

    thread = threading.Thread(target=read_without_end)
    thread.start()
    assert is_reading.wait(WAIT_SECONDS)
    database.close()
    thread.join(WAIT_SECONDS)
    assert errors == ["interrupted"]
    gc.collect()
    assert _open_files((tmp_path / "ccsync.db").resolve()) == 1, "by which the header is read"


class TestReading:
    """Beside a running daemon."""

    def test_there_may_be_none(self, tmp_path: Path) -> None:
        """Before the first start there is nothing to show, and nothing is made."""
        assert open_for_reading(tmp_path) is None
        assert list(tmp_path.iterdir()) == []

    def test_it_is_read_while_the_daemon_writes(self, tmp_path: Path) -> None:
        """Commits of the other process show up; writing is refused."""
        writer = open_database(tmp_path, now_ms=1)
        reader = open_for_reading(tmp_path)
        assert reader is not None
        _put(writer, "x")
        assert _names(reader) == ["x"]
        with pytest.raises(StateError, match="opened for reading"), reader.write():
            pass
        reader.close()
        writer.close()

    def test_one_without_tables_is_none(self, tmp_path: Path) -> None:
        """A daemon is creating it just now."""
        database = open_database(tmp_path, now_ms=1)
        with database.write() as connection:
            connection.execute("PRAGMA user_version = 0")
        database.close()
        assert open_for_reading(tmp_path) is None

    @pytest.mark.parametrize(
        ("change", "hint"), [(-1, "`ccsync-watch start`"), (1, "update ccsync-watch")]
    )
    def test_one_of_another_version_is_not_read(
        self, tmp_path: Path, change: int, hint: str
    ) -> None:
        """What another version wrote is left to that version; the hint says what helps."""
        database = open_database(tmp_path, now_ms=1)
        with database.write() as connection:
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + change}")
        database.close()
        with pytest.raises(OtherSchema) as caught:
            open_for_reading(tmp_path)
        assert hint in caught.value.hint

    def test_a_damaged_one_is_named(self, tmp_path: Path) -> None:
        """Only the daemon sets a damaged one aside."""
        (tmp_path / module.DATABASE_NAME).write_bytes(b"no database" * 100)
        with pytest.raises(StateError, match=r"cannot use .*ccsync\.db"):
            open_for_reading(tmp_path)


def test_a_reader_that_holds_up_the_log_is_not_damage(tmp_path: Path) -> None:
    """SQLite then moves the first page of a grown database into its file, and not its last one."""
    database = open_database(tmp_path, now_ms=1)
    with database.write() as connection:
        connection.execute("CREATE TABLE grown (content BLOB)")
        connection.executemany("INSERT INTO grown VALUES (?)", [(bytes(3000),)] * 400)
    reader = database.read()
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM grown").fetchone()
    with database.write() as connection:
        connection.execute("UPDATE grown SET content = ? WHERE rowid = 400", (b"1" * 3000,))
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        page_size = connection.execute("PRAGMA page_size").fetchone()[0]
    with contextlib.closing(sqlite3.connect(database.path)) as other:
        other.execute("PRAGMA wal_checkpoint(PASSIVE)")
    assert database.path.stat().st_size < pages * page_size
    assert database.damage() is None
    reader.execute("COMMIT")
    database.checkpoint()
    assert database.path.stat().st_size == pages * page_size
    os.truncate(database.path, 3 * page_size)
    damage = database.damage()
    assert damage is not None
    assert "truncated" in damage.reason
    database.close()


def _older_copy(database: Database) -> bytes:
    """Return the file as it is, after which commits are moved into it."""
    database.checkpoint()
    older = database.path.read_bytes()
    _fill(database)
    database.checkpoint()
    return older


def test_an_older_copy_written_over_the_file_is_damage(tmp_path: Path) -> None:
    """In its place, where no name and no inode says so; and nothing is written by it."""
    database = open_database(tmp_path, now_ms=1)
    older = _older_copy(database)
    assert database.damage() is None
    assert database.damage() is None
    with database.path.open("r+b") as file:
        file.write(older)
        file.truncate()
    with pytest.raises(DatabaseDamaged, match="an older copy was written over it"):
        _put(database, "x")
    damage = database.damage()
    assert damage is not None
    assert DamageHistory().add(damage, 0.0) is CheckLevel.REPLACE
    database.close()
    # Also by whoever opens it again: it may have met an error of SQLite's first.
    again = Database(database.path)
    damage = again.damage()
    assert damage is not None
    assert damage.is_overwritten
    again.close()


class _Steps:
    """What connections may do to one database, drawn by chance."""

    def __init__(self, database: Database) -> None:
        self.chance = random.Random(18)  # noqa: S311 - repeatable, not secret
        self._database = database

    def fill(self, connection: sqlite3.Connection) -> None:
        content = bytes(self.chance.randrange(20_000))
        connection.execute("INSERT INTO data VALUES (?)", (content,))

    def shrink(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM data WHERE rowid % 2")
        connection.execute("VACUUM")

    def change_schema(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"CREATE TABLE t{self.chance.getrandbits(60)} (a)")

    def hold_up(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM data").fetchone()

    def undo(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        self.change_schema(connection)
        connection.execute("ROLLBACK")

    def move(self, connection: sqlite3.Connection) -> None:
        mode = self.chance.choice(["PASSIVE", "FULL", "RESTART", "TRUNCATE"])
        connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()

    def write(self, _connection: sqlite3.Connection) -> None:
        _put(self._database, f"{self.chance.getrandbits(60)}" * self.chance.randrange(1, 300))


def test_the_state_in_the_header_never_goes_back(tmp_path: Path) -> None:
    """Whatever connections do, and whatever readers hold up: nothing of it looks like damage."""
    database = open_database(tmp_path, now_ms=1)
    with database.write() as connection:
        connection.execute("CREATE TABLE data (content BLOB)")
    others = [sqlite3.connect(database.path, isolation_level=None) for _ in range(2)]
    for other in others:
        other.execute("PRAGMA busy_timeout = 0")
    steps, states = _Steps(database), set()
    ways = [steps.fill, steps.shrink, steps.change_schema, steps.hold_up, steps.undo, steps.write]
    for _step in range(600):
        step = steps.chance.choice([*ways, steps.move, steps.move])
        other = steps.chance.choice(others)
        if other.in_transaction:
            other.execute("COMMIT")
        with contextlib.suppress(sqlite3.OperationalError, StateError):
            step(other)
        states.add(read_header(database.path).state)
        assert database.damage() is None
    assert len(states) > 50
    for other in others:
        other.close()
    database.close()


def test_many_databases_one_after_the_other_keep_few_files_open(tmp_path: Path) -> None:
    """What is known of a file is kept by a descriptor, for a database that is opened again."""
    first = open_database(tmp_path / "first", now_ms=1)
    for number in range(40):
        open_database(tmp_path / str(number), now_ms=1).close()
    folders = [tmp_path / "first", *(tmp_path / str(number) for number in range(40))]
    is_open = [_open_files((folder / "ccsync.db").resolve()) > 0 for folder in folders]
    assert is_open[0]
    assert sum(is_open) <= 17
    first.close()


def test_looking_for_damage_keeps_the_locks(tmp_path: Path) -> None:
    """Else another process that closes the database deletes the log that this one writes to."""
    database = open_database(tmp_path, now_ms=1)
    assert database.damage() is None
    script = (
        "import sys; from pathlib import Path; from ccsync_watch.store.database import"
        " open_database; open_database(Path(sys.argv[1]), now_ms=1).close()"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    with database.write() as connection:
        connection.execute("INSERT INTO meta VALUES ('probe', 'written after that')")
    other = sqlite3.connect(database.path)
    row = other.execute("SELECT value FROM meta WHERE name = 'probe'").fetchone()
    other.close()
    database.close()
    assert row == ("written after that",)


def test_the_memory_that_writing_took_can_be_given_back(tmp_path: Path) -> None:
    """The cache of a backlog is large, and nobody needs it afterwards."""
    database = open_database(tmp_path, now_ms=0)
    with database.write() as connection:
        connection.executemany(
            "INSERT INTO ids (id) VALUES (?)", [(f"{number:060}",) for number in range(100_000)]
        )
    used = bytes_of_sqlite()
    database.release_memory()
    assert used - bytes_of_sqlite() > 4 << 20
    database.close()
