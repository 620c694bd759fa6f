"""The write-ahead log of SQLite: what a connection says of it, and emptying one that became large.

SQLite moves the log's commits into the database by itself, but only at a commit, and not while
another process reads what was there before. It never makes the log's file smaller by itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from ccsync_watch.store.damage import LOGS, save_log

if TYPE_CHECKING:
    from pathlib import Path

LOG_BYTES = 4 << 20
"""The log of a writer that nobody holds up stays below this."""


def use_log(connection: sqlite3.Connection) -> None:
    """Have a writing connection use the log."""
    connection.execute("PRAGMA journal_mode = WAL")
    _set_waiting(connection, waits_for_disk=True)
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")


class Commits:
    """The transactions of one connection, which wait for the disk or do not.

    The log is a sequence: one that waits takes all before with it, also if it changes nothing.
    """

    def __init__(self) -> None:
        self._waits = True
        self._is_behind = False

    def begin(self, connection: sqlite3.Connection, *, waits_for_disk: bool) -> None:
        """Begin one whose commit returns when it is on the disk, or before."""
        _set_waiting(connection, waits_for_disk=waits_for_disk)
        self._waits = waits_for_disk
        connection.execute("BEGIN IMMEDIATE")

    def commit(self, connection: sqlite3.Connection) -> None:
        """Commit it."""
        if self._waits and self._is_behind:
            # SQLite neither writes nor waits where no page has changed; this writes one.
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
        self._is_behind = not self._waits


def _set_waiting(connection: sqlite3.Connection, *, waits_for_disk: bool) -> None:
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


def close_log(connection: sqlite3.Connection, busy_ms: int, *, is_log_gone: bool) -> None:
    """Close the connection that writes the log; all commits are in the file, if that works."""
    if is_log_gone:
        save_log(connection)
    else:
        # SQLite does it with the last connection: one of a thread that lives may stay.
        empty_log(connection, busy_ms)
    connection.close()
