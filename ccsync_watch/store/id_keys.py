"""Repeated ids are stored once and have integer keys; UUIDs are stored as 16 bytes.

The tables with keys have names that begin with `compact_`; the views of `views` show their rows
with the ids. Those are for reading: writing statements name the table, and a condition that an
index must serve names a key, or the id that the view joins.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ccsync_watch.store.id_queries import select_among

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


USES = (
    ("compact_messages", "session_key"),
    ("compact_usage", "key"),
    ("compact_usage", "session_key"),
    ("compact_usage_rows", "usage_key"),
    ("compact_usage_rows", "session_key"),
    ("compact_usage_rows", "owner_key"),
    ("outbox", "session_key"),
    # Without an index: those above usually spare this.
    ("compact_messages", "usage_key"),
    ("compact_messages", "model_key"),
    ("file_changes", "session_key"),
)
"""The tables and columns with keys of ids."""


def key_of(expression: str) -> str:
    """Return the SQL expression of an id's key; NULL for an id that is not stored."""
    return f"(SELECT key FROM ids WHERE id = {expression})"  # noqa: S608 - an expression of this package


def has_id(uuid: str, session_id: str, m: str = "compact_messages") -> str:
    """Return the SQL condition of the message whose id is that of a session and a uuid.

    Both are SQL expressions, of which the uuid's comes first.
    """
    return (
        f"{m}.uuid_key = uuid_key({uuid}) AND {m}.session_key = {key_of(session_id)}"
        f" AND {m}.own_id IS NULL"
    )


def save_ids(connection: sqlite3.Connection, ids: Collection[str]) -> dict[str, int]:
    """Return the keys of some ids; those that are new get one."""
    ordered = sorted(set(ids))
    query = "SELECT id, key FROM ids WHERE id IN ({ids})"
    known = {row[0]: row[1] for row in select_among(connection, query, ordered)}
    new = [name for name in ordered if name not in known]
    connection.executemany("INSERT INTO ids (id) VALUES (?)", [(name,) for name in new])
    known.update((row[0], row[1]) for row in select_among(connection, query, new))
    return known


def forget_unused(connection: sqlite3.Connection, key: int | None) -> None:
    """Remove an id that was redacted where it was used, once no row of any table has its key."""
    if key is not None and not any(
        connection.execute(f"SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1", (key,)).fetchone()  # noqa: S608 - constants
        for table, column in USES
    ):
        connection.execute("DELETE FROM ids WHERE key = ?", (key,))


@lru_cache(maxsize=1024)
def uuid_key(uuid: str | None) -> str | bytes | None:
    """Return a UUID as it is to be stored: as bytes, unless it is not written as UUIDs are."""
    if uuid is not None and _UUID.fullmatch(uuid):
        return bytes.fromhex(uuid.replace("-", ""))
    return uuid


def uuid_text(stored: str | bytes | None) -> str | None:
    """Return the UUID of what `uuid_key` returned."""
    if not isinstance(stored, bytes):
        return stored
    digits = stored.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def add_uuid_functions(connection: sqlite3.Connection) -> None:
    """Give a connection the SQL functions `uuid_key` and `uuid_text`."""
    connection.create_function("uuid_key", 1, uuid_key, deterministic=True)
    connection.create_function("uuid_text", 1, uuid_text, deterministic=True)
