"""The egress ledger: what left this machine, when, to which host, and what was removed from it.

An entry is written with every answer of the backend, and for every request that got none after it
had begun: what may have arrived has left. It holds counts, never a content.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import orjson

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from ccsync_watch.store.database import Database

EntryKind: TypeAlias = Literal["messages", "session"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `size` is its body in bytes, `removed` the placeholders in it by kind.

    `is_acked` tells whether the backend said that it has it.
    """

    at_ms: int
    host: str
    session_id: str
    kind: EntryKind
    rows: int
    size: int
    removed: Mapping[str, int] = field(default_factory=dict)
    is_acked: bool = True


def note(connection: sqlite3.Connection, entry: Entry) -> None:
    """Write an entry, inside a transaction in progress."""
    connection.execute(
        "INSERT INTO ledger (at_ms, host, session_id, kind, rows, bytes, removed, is_acked)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.at_ms,
            entry.host,
            entry.session_id,
            entry.kind,
            entry.rows,
            entry.size,
            orjson.dumps(dict(entry.removed)).decode(),
            entry.is_acked,
        ),
    )


def entries(
    database: Database, *, session_id: str | None = None, since_ms: int = 0
) -> Iterator[Entry]:
    """Yield the entries, the oldest first."""
    found = database.read().execute(
        "SELECT at_ms, host, session_id, kind, rows, bytes, removed, is_acked FROM ledger"
        " WHERE at_ms >= ?1 AND (?2 IS NULL OR session_id = ?2) ORDER BY id",
        (since_ms, session_id),
    )
    yield from (_entry(row) for row in found)


def newest(database: Database, limit: int) -> list[Entry]:
    """Return the last entries, the newest first."""
    found = database.read().execute(
        "SELECT at_ms, host, session_id, kind, rows, bytes, removed, is_acked FROM ledger"
        " ORDER BY id DESC LIMIT ?",
        (limit,),
    )
    return [_entry(row) for row in found]


def _entry(row: sqlite3.Row) -> Entry:
    values = dict(row)
    values["size"] = values.pop("bytes")
    values["removed"] = orjson.loads(values["removed"])
    values["is_acked"] = bool(values["is_acked"])
    return Entry(**values)
