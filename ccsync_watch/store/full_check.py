"""Check a database: quickly at each start, all of it before it is called damaged.

A disk that cannot be read for a moment looks like damage: SQLite calls a page malformed that the
system did not let it read. So whatever is set aside has failed a check of its own.
"""

from __future__ import annotations

import contextlib
import sqlite3

from ccsync_watch.store.damage import CheckLevel
from ccsync_watch.store.schema import migrate

_NAMES = "SELECT name FROM sqlite_master WHERE sql IS NOT NULL"


def check_content(connection: sqlite3.Connection, level: CheckLevel) -> None:
    """Check the pages; of a doubtful database the indexes, the search and each row, too.

    Called in a transaction that may write. Raises DatabaseError.
    """
    is_full = level is CheckLevel.FULL
    pragma = "integrity_check(1)" if is_full else "quick_check(1)"
    result = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    if result != "ok":
        raise sqlite3.DatabaseError(result)
    if not is_full:
        return
    tables = f"{_NAMES} AND type = 'table'"
    for (name,) in connection.execute(f"{tables} AND sql LIKE '%USING fts5%'").fetchall():
        connection.execute(f"INSERT INTO {name}({name}) VALUES ('integrity-check')")  # noqa: S608 - our names
    for (name,) in connection.execute(f"{tables} AND sql NOT LIKE 'CREATE VIRTUAL%'").fetchall():
        for _row in connection.execute(f"SELECT * FROM {name}"):  # noqa: S608 - our names
            pass  # one whose texts are not UTF-8 raises


def check_schema(connection: sqlite3.Connection, level: CheckLevel) -> None:
    """Check that a doubtful database has all tables and indexes, once it is migrated.

    Raises DatabaseError.
    """
    if level is not CheckLevel.FULL:
        return
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        migrate(fresh)
        missing = set(fresh.execute(_NAMES).fetchall())
    missing -= {tuple(row) for row in connection.execute(_NAMES)}
    if missing:
        raise sqlite3.DatabaseError(f"no such table: {min(missing)[0]}")
