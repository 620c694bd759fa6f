"""Connections that raise only SQLite's errors, also for names that are damaged."""

from __future__ import annotations

import sqlite3
import weakref
from typing import Any

_execute = sqlite3.Connection.execute
_executemany = sqlite3.Connection.executemany
_executescript = sqlite3.Connection.executescript


class StoreConnection(sqlite3.Connection):
    """A connection for which a name that cannot be decoded is damage of its file.

    Python decodes the names of columns, and the names in SQLite's messages, before it knows what
    to raise; so it raises UnicodeDecodeError, which says nothing of a database.
    """

    def execute(self, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as the original
        """Execute a statement."""
        try:
            return _execute(self, *values)
        except UnicodeDecodeError:
            raise _damage() from None

    def executemany(self, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as the original
        """Execute a statement for many values."""
        try:
            return _executemany(self, *values)
        except UnicodeDecodeError:
            raise _damage() from None

    def executescript(self, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as the original
        """Execute several statements."""
        try:
            return _executescript(self, *values)
        except UnicodeDecodeError:
            raise _damage() from None


def _damage() -> sqlite3.DatabaseError:
    # In the words in which SQLite says it of names that can be decoded.
    return sqlite3.DatabaseError("malformed database schema")


class Reader:
    """A thread's own reading connection; it is closed when the thread ends."""

    __slots__ = ("__weakref__", "connection")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        # Not `__del__`: the garbage collector may finalize the connection before its reader.
        weakref.finalize(self, connection.close).atexit = False
