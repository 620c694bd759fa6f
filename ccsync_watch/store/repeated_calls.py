"""Leave out calls and results that another row of the same conversation has already; ingest only.

Some clients write a response again under new uuids. The API's ids of calls are unique; those of
gateways may not be: two calls with one of these are one only inside one response.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store.id_queries import select_among
from ccsync_watch.store.packed_texts import unpack
from ccsync_watch.transcripts.call_ids import is_unique

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from ccsync_watch.model import JsonValue, Message, Part

_KINDS = ("tool-call", "tool-result")
_Key = tuple[str, str, "str | None", str]


class _First(NamedTuple):
    """The first row that has a call, or a result."""

    message_id: str
    usage_id: str | None
    tool_name: str | None
    content: JsonValue


def without_repeated(connection: sqlite3.Connection, messages: Sequence[Message]) -> list[Message]:
    """Return the messages without what is repeated; new ones that are nothing else are left out."""
    ids: dict[str, dict[str, None]] = {kind: {} for kind in _KINDS}
    for message in messages:
        for part in message.parts:
            if part.tool_use_id and part.kind in ids:
                ids[part.kind][part.tool_use_id] = None
    first = _stored(connection, ids)
    stored_ids = {row.message_id for rows in first.values() for row in rows}
    kept: list[Message] = []
    for message in messages:
        parts = tuple(part for part in message.parts if not _is_repeated(message, part, first))
        if len(parts) == len(message.parts):
            kept.append(message)
        elif parts or message.id in stored_ids:
            kept.append(replace(message, parts=parts))
    return kept


def _is_repeated(message: Message, part: Part, first: dict[_Key, list[_First]]) -> bool:
    """Return whether an earlier row has a part; if not, remember that this one has it."""
    if not part.tool_use_id or part.kind not in _KINDS:
        return False
    rows = first.setdefault((part.kind, message.session_id, message.agent_id, part.tool_use_id), [])
    for row in rows:
        if row.message_id == message.id:
            return False
        if _is_same(row, message, part):
            return True
    rows.append(_First(message.id, message.usage_id, part.tool_name, part.content))
    return False


def _is_same(row: _First, message: Message, part: Part) -> bool:
    is_of_one_response = message.usage_id is not None and message.usage_id == row.usage_id
    if row.tool_name != part.tool_name:
        return False
    if not (is_of_one_response or is_unique(part.tool_use_id or "")):
        return False
    if part.kind == "tool-call":
        # An early state of the call has no arguments yet.
        return bool(row.content) or not part.content
    return _without_time(row.content) == _without_time(part.content)


def _without_time(content: JsonValue) -> JsonValue:
    if not isinstance(content, dict):
        return content
    return {key: value for key, value in content.items() if key != "durationMs"}


def _stored(
    connection: sqlite3.Connection, ids: dict[str, dict[str, None]]
) -> dict[_Key, list[_First]]:
    """Return the stored rows that have these calls or results, in the order of their ingestion."""
    first: dict[_Key, list[_First]] = {}
    for kind, wanted in ids.items():
        for row in _rows(connection, kind, list(wanted)):
            key = (kind, row["session_id"], row["agent_id"], row["tool_use_id"])
            content = orjson.loads(unpack(row["content"]))
            first.setdefault(key, []).append(
                _First(row["id"], row["usage_id"], row["tool_name"], content)
            )
    return first


def _rows(connection: sqlite3.Connection, kind: str, ids: list[str]) -> Iterable[sqlite3.Row]:
    query = (
        "SELECT p.tool_use_id, p.tool_name, p.content, m.id, m.session_id, m.agent_id,"  # noqa: S608 - constants
        " m.usage_id FROM parts p JOIN messages m ON m.seq = p.message_seq"
        f" WHERE p.kind = '{kind}' AND p.tool_use_id IN ({{ids}}) ORDER BY m.seq"
    )
    return select_among(connection, query, ids)
