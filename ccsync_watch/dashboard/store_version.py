"""Notice commits without reading any table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.store.database import Database


def read_store_version(database: Database) -> int:
    """Return a number that changes with every commit, whichever process made it.

    SQLite counts for each connection, and each thread has its own: compare the numbers of one
    thread only.
    """
    (version,) = database.read().execute("PRAGMA data_version").fetchone()
    return int(version)
