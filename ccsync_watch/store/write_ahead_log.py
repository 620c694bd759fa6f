"""The write-ahead log of SQLite: what a connection says of it, and emptying one that became large.

SQLite moves the log's commits into the database by itself, but only at a commit, and not while
another process reads what was there before. It never makes the log's file smaller by itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from ccsync_watch.store.damage import LOGS

if TYPE_CHECKING:
    from pathlib import Path

LOG_BYTES = 4 << 20
"""The log of a writer that nobody holds up stays below this."""


def use_log(connection: sqlite3.Connection) -> None:
    """Have a writing connection use the log."""
    connection.execute("PRAGMA journal_mode = WAL")
    set_waiting(connection, waits_for_disk=True)
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")


def set_waiting(connection: sqlite3.Connection, *, waits_for_disk: bool) -> None:
    """Have commits return when they are on the disk, or before: then a power cut may undo them.

    The log is a sequence: whatever waits for the disk takes all commits before with it.
    """
    connection.execute(f"PRAGMA synchronous = {'FULL' if waits_for_disk else 'NORMAL'}")


def log_bytes(path: Path) -> int:
    """Return the size of the log of the database at a path, 0 without one."""
    try:
        return path.with_name(path.name + LOGS[0]).stat().st_size
    except OSError:
        return 0


def empty_log(connection: sqlite3.Connection, busy_ms: int) -> None:
    """Move the commits from the log into the file, and empty it, unless it is in use: never wait.

    `busy_ms` is how long the connection waits otherwise. What fails now fails at the next write,
    which says so.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    with contextlib.suppress(sqlite3.DatabaseError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.execute(f"PRAGMA busy_timeout = {busy_ms}")
