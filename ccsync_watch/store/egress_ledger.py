"""The egress ledger: what was sent from this machine, when, to which host, and what was redacted.

An entry is written with every answer of the backend, and for every started request that got no
answer: what may have arrived counts as sent. Entries hold counts, never content.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import orjson

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from ccsync_watch.store.database import Database

EntryKind: TypeAlias = Literal["messages", "session"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One request. `size` is its body in bytes, `removed` the placeholders in it by kind.

    `is_acked`: the backend has confirmed it.
    """

    at_ms: int
    host: str
    session_id: str
    kind: EntryKind
    rows: int
    size: int
    removed: Mapping[str, int] = field(default_factory=dict)
    is_acked: bool = True


def add_entry(connection: sqlite3.Connection, entry: LedgerEntry, seqs: Sequence[int] = ()) -> None:
    """Add an entry, inside a transaction in progress; `seqs` are the messages that it was of."""
    connection.execute(
        "INSERT INTO ledger (at_ms, host, session_id, kind, rows, bytes, removed, is_acked,"
        " first_seq, last_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.at_ms,
            entry.host,
            entry.session_id,
            entry.kind,
            entry.rows,
            entry.size,
            orjson.dumps(dict(entry.removed)).decode(),
            entry.is_acked,
            min(seqs, default=None),
            max(seqs, default=None),
        ),
    )


def ledger_entries(
    database: Database, *, session_id: str | None = None, since_ms: int = 0
) -> Iterator[LedgerEntry]:
    """Yield the entries, the oldest first."""
    rows = database.read().execute(
        "SELECT at_ms, host, session_id, kind, rows, bytes, removed, is_acked FROM ledger"
        " WHERE at_ms >= ?1 AND (?2 IS NULL OR session_id = ?2) ORDER BY id",
        (since_ms, session_id),
    )
    yield from (_entry(row) for row in rows)


def newest_entries(
    database: Database, limit: int, *, session_id: str | None = None
) -> list[LedgerEntry]:
    """Return the last entries, of all sessions or of one, the newest first."""
    condition = "" if session_id is None else "WHERE session_id = ?"
    rows = database.read().execute(
        "SELECT at_ms, host, session_id, kind, rows, bytes, removed, is_acked FROM ledger"  # noqa: S608 - a constant
        f" {condition} ORDER BY id DESC LIMIT ?",
        (limit,) if session_id is None else (session_id, limit),
    )
    return [_entry(row) for row in rows]


def _entry(row: sqlite3.Row) -> LedgerEntry:
    values = dict(row)
    values["size"] = values.pop("bytes")
    values["removed"] = orjson.loads(values["removed"])
    values["is_acked"] = bool(values["is_acked"])
    return LedgerEntry(**values)
