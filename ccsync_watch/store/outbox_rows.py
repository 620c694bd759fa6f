"""Messages as they leave: read back from the store with their parts and the tokens they carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.model import OutboxPart, OutboxRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_SELECT = (
    "SELECT m.seq, coalesce(o.version, 0) AS version, coalesce(o.is_certain, 0) AS is_certain,"
    " coalesce(o.attempts, 0) AS attempts, m.id, m.session_id, m.agent_id, m.role, m.kind,"
    " m.dated_ms AS timestamp_ms, m.model, a.agent_type, u.input_tokens, u.output_tokens,"
    " u.cache_write_5m_tokens + u.cache_write_1h_tokens + u.cache_read_tokens AS cached"
    " FROM messages m LEFT JOIN outbox o USING (seq)"
    " LEFT JOIN usage u ON u.carrier = m.id AND u.id = m.usage_id"
    " LEFT JOIN subagents a ON a.session_id = m.session_id AND a.agent_id = m.agent_id"
)


def rows(read: sqlite3.Connection, condition: str, values: Sequence[object]) -> list[OutboxRow]:
    """Return the messages that meet a condition over `m` (messages) and `o` (outbox)."""
    found = read.execute(f"{_SELECT} WHERE {condition}", values).fetchall()
    return [_row(read, row) for row in found]


def _row(read: sqlite3.Connection, row: sqlite3.Row) -> OutboxRow:
    parts = read.execute(
        "SELECT kind, tool_name, tool_use_id, content FROM parts WHERE message_seq = ?"
        " ORDER BY position",
        (row["seq"],),
    )
    has_usage = row["input_tokens"] is not None
    return OutboxRow(
        seq=row["seq"],
        version=row["version"],
        id=row["id"],
        session_id=row["session_id"],
        agent_id=row["agent_id"],
        agent_type=row["agent_type"],
        role=row["role"],
        kind=row["kind"],
        timestamp_ms=row["timestamp_ms"],
        model=row["model"],
        prompt_tokens=row["input_tokens"] + row["cached"] if has_usage else None,
        completion_tokens=row["output_tokens"],
        is_certain=bool(row["is_certain"]),
        attempts=row["attempts"],
        parts=tuple(
            OutboxPart(kind, name, used, orjson.loads(content))
            for kind, name, used, content in parts
        ),
    )
