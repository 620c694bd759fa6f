"""Say once what a hook said at a stop; in the ingest transaction.

The client writes it up to three times: as feedback to Claude, as the hook's attachment, and in
the summary of all hooks that ran. Older clients leave out one or the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from ccsync_watch.model import JsonValue, Message, Part

# Those that can make Claude continue. A subagent's are called like the session's in some rows.
_EVENTS = {
    "Stop": "Stop",
    "SubagentStop": "Stop",
    "TaskCompleted": "TaskCompleted",
    "TaskCreated": "TaskCreated",
    "TeammateIdle": "TeammateIdle",
}
_SUMMARY = "summary"
# The rows follow each other; those of other sessions may stand between them.
_MAX_BETWEEN = 500


class _Notice(NamedTuple):
    """What is known of a notice: its hook's event, the form of its row, its words."""

    message_id: str
    event: str
    form: str
    words: tuple[str, ...]


def without_repeated(connection: sqlite3.Connection, messages: Sequence[Message]) -> list[Message]:
    """Return the messages without words of hooks that a row of another form said just before.

    New messages that say nothing else are left out.
    """
    kept: list[Message] = []
    read: dict[tuple[str, str | None], list[_Notice]] = {}
    for message in messages:
        event = _event_of(message.facts) if message.kind == "notice" else None
        if event is None:
            kept.append(message)
            continue
        form = _form_of(message.facts)
        in_batch = read.setdefault((message.session_id, message.agent_id), [])
        seq = _number_of(connection, message)
        earlier = _earlier(connection, message, seq, in_batch)
        words = [
            text
            for notice in _since_summary(earlier, event)
            if notice.form != form
            for text in notice.words
        ]
        parts = tuple(part for part in message.parts if not _is_said(_words_of(part), words))
        own = tuple(text for part in message.parts if (text := _words_of(part)))
        in_batch.append(_Notice(message.id, event, form, own))
        if len(parts) == len(message.parts):
            kept.append(message)
        elif parts or seq is not None:
            kept.append(replace(message, parts=parts))
    return kept


def _since_summary(notices: Iterator[_Notice], event: str) -> Iterator[_Notice]:
    """Yield the notices on an event, from the last one back to the summary before it."""
    for notice in notices:
        if notice.event == event:
            if notice.form == _SUMMARY:
                return
            yield notice


def _number_of(connection: sqlite3.Connection, message: Message) -> int | None:
    row = connection.execute(
        "SELECT seq FROM messages WHERE id = ? AND uuid_key = uuid_key(?) AND session_id = ?",
        (message.id, message.uuid, message.session_id),
    ).fetchone()
    return row[0] if row else None


def _earlier(
    connection: sqlite3.Connection, message: Message, seq: int | None, in_batch: list[_Notice]
) -> Iterator[_Notice]:
    """Yield the notices before a message, the last one first; `seq` is its number if it is stored.

    What is stored is read only if the batch does not say enough.
    """
    yield from (notice for notice in reversed(in_batch) if notice.message_id != message.id)
    read = {notice.message_id for notice in in_batch}
    if seq is None:
        seq = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM messages").fetchone()[0]
    rows = connection.execute(
        "SELECT id, facts, (SELECT json_group_array(json_extract(unpacked(content), '$.text'))"
        "  FROM parts WHERE message_seq = seq AND kind = 'note') AS words FROM messages"
        " WHERE session_id = ?1 AND agent_id IS ?2 AND kind = 'notice'"
        " AND seq < ?3 AND seq >= ?3 - ?4 ORDER BY seq DESC",
        (message.session_id, message.agent_id, seq, _MAX_BETWEEN),
    )
    for message_id, facts, words in rows:
        values = orjson.loads(facts)
        event = _event_of(values)
        if event is not None and message_id not in read:
            texts = tuple(text for text in orjson.loads(words) if text)
            yield _Notice(message_id, event, _form_of(values), texts)


def _event_of(facts: dict[str, JsonValue]) -> str | None:
    return _EVENTS.get(str(facts.get("hook", "")).partition(":")[0])


def _form_of(facts: dict[str, JsonValue]) -> str:
    return str(facts.get("hook_row", ""))


def _words_of(part: Part) -> str:
    text = part.content.get("text") if isinstance(part.content, dict) else None
    return text if part.kind == "note" and isinstance(text, str) else ""


def _is_said(text: str, words: list[str]) -> bool:
    return bool(text) and any(text in other or other in text for other in words)
