"""The one reading model: messages with their parts and tokens, as everyone reads them.

The pages, the export, the uploader and repair each select by their own condition and may select
columns of their own; the columns of a message and how they become a `StoredMessage` are here only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.model import Part
from ccsync_watch.outgoing import StoredMessage
from ccsync_watch.store.id_queries import select_among
from ccsync_watch.store.packed_texts import unpack
from ccsync_watch.transcripts.call_ids import own_id_range

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from ccsync_watch.store.database import Database

# The response with whose tokens a message is sent, of which it is the first one. Not the view: what
# is joined from the left is read as a whole if it is more than one table.
CARRIED_USAGE = (
    "LEFT JOIN compact_usage u"
    " ON u.key = m.usage_key AND u.carrier_seq = m.seq AND u.counted_in IS NULL"
)
PROMPT_TOKENS = (
    "u.input_tokens + u.cache_write_5m_tokens + u.cache_write_1h_tokens + u.cache_read_tokens"
)
MESSAGE_COLUMNS = (
    "m.seq, m.id, m.session_id, m.agent_id, a.agent_type, m.uuid, m.role, m.kind,"
    f" m.dated_ms AS timestamp_ms, m.model, m.is_inherited, {PROMPT_TOKENS} AS prompt_tokens,"
    " u.output_tokens, m.facts"
)
# Of the table `messages m`, to which this is joined.
MESSAGE_JOINS = (
    f"{CARRIED_USAGE}"
    " LEFT JOIN subagents a ON a.session_id = m.session_id AND a.agent_id = m.agent_id"
)
_PART_COLUMNS = "kind, content, tool_use_id, tool_name, styles"


def read_message(read: sqlite3.Connection, row: sqlite3.Row) -> StoredMessage:
    """Return the message of a row with `MESSAGE_COLUMNS`; its parts are read here."""
    parts = read.execute(
        f"SELECT {_PART_COLUMNS} FROM parts WHERE message_seq = ? ORDER BY position",  # noqa: S608 - constants
        (row["seq"],),
    )
    return StoredMessage(
        seq=row["seq"],
        id=row["id"],
        session_id=row["session_id"],
        agent_id=row["agent_id"],
        agent_type=row["agent_type"],
        uuid=row["uuid"],
        role=row["role"],
        kind=row["kind"],
        timestamp_ms=row["timestamp_ms"],
        model=row["model"],
        is_inherited=bool(row["is_inherited"]),
        prompt_tokens=row["prompt_tokens"],
        output_tokens=row["output_tokens"],
        facts=orjson.loads(row["facts"]),
        parts=tuple(_part(part) for part in parts),
    )


def _part(row: Iterable[Any]) -> Part:
    kind, content, tool_use_id, tool_name, styles = row
    runs = tuple(tuple(run) for run in orjson.loads(styles)) if styles else ()
    return Part(kind, orjson.loads(unpack(content)), tool_use_id, tool_name, runs)


def session_messages(database: Database, session_id: str) -> list[StoredMessage]:
    """Return every message of a session, subagents and header included, in the order of sending."""
    read = database.read()
    rows = read.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM messages m {MESSAGE_JOINS}"  # noqa: S608 - constants
        " WHERE m.session_id = ? ORDER BY m.seq",
        (session_id,),
    ).fetchall()
    return [read_message(read, row) for row in rows]


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A tool call with the timestamp of its message."""

    part: Part
    timestamp_ms: int | None


def tool_calls(database: Database, ids: Iterable[str]) -> dict[str, StoredCall]:
    """Return the stored tool calls among these ids, for the pump: a batch may ask for many."""
    query = (
        "SELECT p.kind, p.content, p.tool_use_id, p.tool_name, p.styles, m.timestamp_ms"
        " FROM parts p JOIN messages m ON m.seq = p.message_seq WHERE p.kind = 'tool-call'"
        " AND p.tool_use_id IN ({ids})"
    )
    return {
        row["tool_use_id"]: StoredCall(_part(row[:5]), row["timestamp_ms"])
        for row in select_among(database.read(), query, list(ids))
    }


def last_call_id(
    database: Database,
    session_id: str,
    agent_id: str | None,
    call_id: str,
    before: int | None,
) -> str | None:
    """Return the own id of the last call of a conversation that has an id, None without one.

    Only of calls before an offset, where that is not None.
    """
    row = (
        database.read()
        .execute(
            "SELECT p.tool_use_id FROM parts p JOIN messages m ON m.seq = p.message_seq"
            " WHERE p.kind = 'tool-call' AND m.role = 'assistant'"
            " AND (p.tool_use_id = ?3 OR p.tool_use_id >= ?4 AND p.tool_use_id < ?5)"
            " AND m.session_id = ?1 AND m.agent_id IS ?2 AND (?6 IS NULL OR m.start < ?6)"
            " ORDER BY m.seq DESC LIMIT 1",
            (session_id, agent_id, call_id, *own_id_range(call_id), before),
        )
        .fetchone()
    )
    return None if row is None else str(row[0])


def all_tool_calls(database: Database) -> Iterator[Part]:
    """Yield every stored tool call."""
    rows = database.read().execute(f"SELECT {_PART_COLUMNS} FROM parts WHERE kind = 'tool-call'")  # noqa: S608 - constants
    return map(_part, rows)


def find_call(read: sqlite3.Connection, session_id: str, tool_use_id: str) -> Part | None:
    """Return a call as this session has it: copies in others may be of other policies."""
    row = read.execute(
        "SELECT p.kind, p.content, p.tool_use_id, p.tool_name, p.styles"
        " FROM parts p JOIN messages m ON m.seq = p.message_seq"
        " WHERE p.tool_use_id = ? AND p.kind = 'tool-call' AND m.session_id = ? LIMIT 1",
        (tool_use_id, session_id),
    ).fetchone()
    return None if row is None else _part(row)


def tool_results(database: Database, ids: Sequence[str]) -> dict[str, Part]:
    """Return the stored results of these tool calls, wherever they are in the conversation."""
    read = database.read()
    results: dict[str, Part] = {}
    for tool_use_id in ids:
        row = read.execute(
            f"SELECT {_PART_COLUMNS} FROM parts"  # noqa: S608 - constants
            " WHERE tool_use_id = ? AND kind = 'tool-result' LIMIT 1",
            (tool_use_id,),
        ).fetchone()
        if row is not None:
            results[tool_use_id] = _part(row)
    return results


def known_tool_calls(database: Database, ids: Sequence[str]) -> set[str]:
    """Return which of these tool calls are stored."""
    query = "SELECT 1 FROM parts WHERE tool_use_id = ? AND kind = 'tool-call' LIMIT 1"
    read = database.read()
    return {tool_use_id for tool_use_id in ids if read.execute(query, (tool_use_id,)).fetchone()}
