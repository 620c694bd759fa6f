"""Check a database: quickly at each start, all of it before it is called damaged.

The quick check reads every page, so that of a large database takes longer than a start may: a
daemon does it while it runs. Damage that something meets before is found as at any other time.

A disk that cannot be read for a moment looks like damage: SQLite calls a page malformed that the
system did not let it read. So whatever is set aside has failed a check of its own.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from ccsync_watch.store.damage import CheckLevel
from ccsync_watch.store.migrations import MIGRATIONS
from ccsync_watch.store.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE_BYTES = 32 << 20
"""A database up to this size is always checked when it is opened: 200 MB take about a second."""

_NAMES = "SELECT name FROM sqlite_master WHERE sql IS NOT NULL"


def check_content(connection: sqlite3.Connection, level: CheckLevel) -> None:
    """Check the pages; of a doubtful database the indexes, the search and each row, too.

    Called in a transaction that may write. Raises DatabaseError.
    """
    if level is CheckLevel.LATER and is_large(connection) and _is_current(connection):
        return
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


def is_large(connection: sqlite3.Connection) -> bool:
    """Return whether a check of the database takes longer than a start may."""
    pages, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
    )
    return bool(pages * size > AT_ONCE_BYTES)


def _is_current(connection: sqlite3.Connection) -> bool:
    """Return whether no migration follows, which would copy what is damaged."""
    return bool(connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS))


def check_pages(connection: sqlite3.Connection, is_ending: Callable[[], bool]) -> None:
    """Check the pages of a database that is in use, until `is_ending`. Raises DatabaseError.

    Table by table: the log cannot be emptied while a reader needs it.
    """
    query = f"{_NAMES} AND type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    tables = [name for (name,) in connection.execute(query)]
    # The unused pages are checked with the schema: SQLite writes the next rows into them.
    for name in ("sqlite_master", *tables):
        if is_ending():
            return
        result = connection.execute(f'PRAGMA quick_check("{name}")').fetchone()[0]
        if result != "ok":
            raise sqlite3.DatabaseError(result)


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
