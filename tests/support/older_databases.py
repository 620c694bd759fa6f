"""Make an older version's database of today's, with the rows that it could have."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

from ccsync_watch.store.migrations import MIGRATIONS
from ccsync_watch.store.packed_texts import unpack
from ccsync_watch.store.schema import add_functions
from ccsync_watch.store.views import create_views

if TYPE_CHECKING:
    from pathlib import Path

RELEASED = 6
"""The version of 0.1.0."""
INDEXED_AGAIN = 22
CALLS_INDEXED = 20  # the version that has the index of calls
# Columns that have keys now, by their old name.
WITH_KEYS = {("outbox", "session_id"): "(SELECT id FROM ids WHERE key = session_key)"}
# Filled by triggers; and the parts of the search index, which SQLite fills.
DERIVED = {"session_counts"}


def _renamed(version: int) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Return what was renamed since: tables, and columns by table, from today's name to the old.

    A table that is created again is not renamed: it keeps its name.
    """
    since = "".join(MIGRATIONS[version:])
    tables = re.findall(r"ALTER TABLE (?!new_)(\w+) RENAME TO (\w+)", since)
    columns = re.findall(r"ALTER TABLE (\w+) RENAME COLUMN (\w+) TO (\w+)", since)
    return {new: old for old, new in tables}, {(table, new): old for table, old, new in columns}


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """Return the names of all tables that have rows of their own."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_%'"
        # Triggers of the others read it.
        " ORDER BY name <> 'ids', name"
    )
    return [row[0] for row in rows] + ["search_due"]


def _readable(table: str, old: sqlite3.Connection) -> str:
    """Return the view of a table with keys, if an earlier version had a table of that name."""
    return table if columns_of(old, table) else table.removeprefix("compact_")


def rows_of(
    connection: sqlite3.Connection, table: str, columns: list[str]
) -> list[tuple[Any, ...]]:
    """Return the rows of a table as an earlier version had them, sorted."""
    names = [WITH_KEYS.get((table, name), name) for name in columns]
    selected = ", ".join(["rowid", *names] if table == "search" else names)
    rows = connection.execute(f"SELECT {selected} FROM {table}")  # noqa: S608 - names of the schema
    # Earlier versions stored every text as it is.
    packed = columns.index("content") if "content" in columns else None
    unpacked = (
        tuple(unpack(value) if number == packed else value for number, value in enumerate(row))
        for row in rows
    )
    return sorted(unpacked, key=repr)


def downgrade(path: Path, version: int) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Replace a database by one of an earlier version; return its rows by today's names."""
    old_tables, old_names = _renamed(version)
    new = sqlite3.connect(path)
    add_functions(new)
    create_views(new)
    old_path = path.with_name("old.db")
    old = sqlite3.connect(old_path, isolation_level=None)
    add_functions(old)
    for script in MIGRATIONS[:version]:
        old.executescript(script)
    old.execute(f"PRAGMA user_version = {version}")
    kept: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {}
    for table in [_readable(name, old) for name in tables_of(new)]:
        old_table = old_tables.get(table, table)
        old_columns = columns_of(old, old_table)
        columns = [
            name
            for name in [*columns_of(new, table), *(name for of, name in WITH_KEYS if of == table)]
            if old_names.get((table, name), name) in old_columns
        ]
        if not columns:
            continue
        rows = rows_of(new, table, columns)
        if table == "meta":
            unread = {"search"} if version <= INDEXED_AGAIN else set()
            unread |= {"calls"} if version < CALLS_INDEXED else set()
            rows = [row for row in rows if row[0] not in unread]
        kept[table] = columns, rows
        if table not in DERIVED:
            names = [old_names.get((table, name), name) for name in columns]
            names = ["rowid", *names] if table == "search" else names
            marks = ", ".join("?" * len(names))
            query = f"INSERT INTO {old_table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - names of the schema
            old.executemany(query, rows)
    new.close()
    old.close()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    old_path.rename(path)
    return kept
