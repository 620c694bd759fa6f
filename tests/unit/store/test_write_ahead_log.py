"""A log that became large while another connection was reading is emptied once that has left."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store.database import open_database
from ccsync_watch.store.write_ahead_log import LOG_BYTES, log_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccsync_watch.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Provide an empty database."""
    database = open_database(tmp_path, now_ms=1)
    yield database
    database.close()


@contextlib.contextmanager
def _reading(database: Database) -> Iterator[sqlite3.Connection]:
    uri = f"{database.path.as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM meta").fetchone()
        yield connection


def _write(database: Database, size: int = 3 * LOG_BYTES) -> None:
    for number in range(size >> 20):
        with database.write() as connection:
            connection.execute("REPLACE INTO meta VALUES (?, zeroblob(1 << 20))", (f"{number}",))


def test_a_database_that_was_closed_is_complete(tmp_path: Path) -> None:
    """Its file alone can be copied, though threads that have read from it still run."""
    database = open_database(tmp_path, now_ms=1)
    has_read, may_end = threading.Event(), threading.Event()

    def read() -> None:
        database.read().execute("SELECT count(*) FROM meta").fetchone()
        has_read.set()
        may_end.wait()

    thread = threading.Thread(target=read)
    thread.start()
    has_read.wait()
    with database.write() as connection:
        connection.execute("REPLACE INTO meta VALUES ('x', 'stored')")
    database.close()
    copy = shutil.copy(database.path, tmp_path / "copy.db")
    try:
        assert log_bytes(database.path) == 0
        with contextlib.closing(sqlite3.connect(copy)) as copied:
            assert copied.execute("SELECT value FROM meta WHERE name = 'x'").fetchone()
    finally:
        may_end.set()
        thread.join()


def test_a_database_may_be_closed_twice(tmp_path: Path) -> None:
    """As where an error ends what uses it, and who opened it closes it, too."""
    database = open_database(tmp_path, now_ms=1)
    database.close()
    database.close()
    assert log_bytes(database.path) == 0


@pytest.mark.parametrize("is_changed", [True, False])
def test_what_waits_brings_all_before_to_the_disk(database: Database, *, is_changed: bool) -> None:
    """SQLite does not wait for the disk where nothing changes: then one page is written again."""
    with database.write() as connection:
        connection.execute("REPLACE INTO meta VALUES ('x', '1')")
    for _ in range(2):
        before = log_bytes(database.path)
        with database.write() as connection:
            connection.execute("UPDATE meta SET value = '1' WHERE name = 'x'")
        assert log_bytes(database.path) == before
        with database.write(waits_for_disk=False) as connection:
            connection.execute("REPLACE INTO meta VALUES ('y', hex(randomblob(9)))")
        before = log_bytes(database.path)
        with database.write() as connection:
            value = before if is_changed else 1
            connection.execute("UPDATE meta SET value = ? WHERE name = 'x'", (str(value),))
        assert log_bytes(database.path) > before
        with database.write() as connection:
            connection.execute("UPDATE meta SET value = '1' WHERE name = 'x'")


def test_a_large_log_is_emptied_when_the_reader_has_left(database: Database) -> None:
    """While it reads, nothing waits for it; no further commit is needed."""
    with _reading(database) as reader:
        _write(database)
        assert log_bytes(database.path) > 2 * LOG_BYTES
        database.trim_log()
        assert log_bytes(database.path) > 2 * LOG_BYTES
        assert reader.execute("SELECT count(*) FROM meta").fetchone() == (0,)
    database.trim_log()
    assert log_bytes(database.path) == 0
    (count,) = database.read().execute("SELECT count(*) FROM meta").fetchone()
    assert count == 3 * LOG_BYTES >> 20


def test_commits_make_the_log_small_again(database: Database) -> None:
    """During a backlog nobody looks after it: the next commits do."""
    with _reading(database):
        _write(database)
    for _ in range(3):
        _write(database, 1 << 20)
    assert log_bytes(database.path) <= LOG_BYTES


def test_a_small_log_is_left_alone(database: Database) -> None:
    """Nothing is gained by emptying it at each commit."""
    _write(database, 1 << 20)
    size = log_bytes(database.path)
    database.trim_log()
    assert 0 < log_bytes(database.path) == size


def test_waiting_for_others_is_as_before(database: Database) -> None:
    """The connection that never waited here waits again for another process that writes."""
    with _reading(database):
        _write(database)
        database.trim_log()
    with database.write() as connection:
        (wait_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    assert wait_ms == database.read().execute("PRAGMA busy_timeout").fetchone()[0] > 0
