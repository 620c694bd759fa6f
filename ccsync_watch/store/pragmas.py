"""How SQLite is to work, for each connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.write_ahead_log import use_log

if TYPE_CHECKING:
    import sqlite3

BUSY_MS = 10_000
"""So long one process waits for another to write."""
# Every reading thread has a connection: the cache of the system is shared by all.
_READER_CACHE_KIB = 512
# Rows of a backlog go to any place in the indexes of ids: with the 2 MiB that SQLite takes by
# itself, each costs more the more there are. It is for the connection of the pump alone: the
# dashboard's, which fills the search index, gains nothing by it.
_BACKLOG_CACHE_KIB = 16 << 10


def set_busy_timeout(connection: sqlite3.Connection) -> None:
    """Wait for other processes; before anything else is read."""
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")


def set_pragmas(connection: sqlite3.Connection, *, query_only: bool) -> None:
    """Set up a connection that reads, or the one that writes."""
    if query_only:
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
        return
    use_log(connection)
    # Nothing that was redacted late or deleted stays readable in free pages.
    connection.execute("PRAGMA secure_delete = ON")


def cache_indexes(connection: sqlite3.Connection) -> None:
    """Have a connection that writes a backlog cache the indexes that it writes to."""
    connection.execute(f"PRAGMA cache_size = -{_BACKLOG_CACHE_KIB}")
