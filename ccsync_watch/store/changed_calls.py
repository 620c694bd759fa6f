"""Show the calls that ran where hooks changed what Claude asked for; in the ingest transaction.

A hook's row says so after the call's. The call then has the arguments with which it ran, and a note
with those that Claude wrote.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store.packed_texts import pack

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import Message, Part
    from ccsync_watch.store.message_writer import MessageWriter


class ChangedCall(NamedTuple):
    """A call as it ran, and the hook that changed it."""

    session_id: str
    part: Part
    hook: str


def take_changed_calls(
    connection: sqlite3.Connection, messages: Iterable[Message]
) -> tuple[list[Message], list[ChangedCall]]:
    """Return the messages without the calls in notices of hooks, and these calls.

    A notice that says nothing else is left out, if the call is there to say it.
    """
    messages = list(messages)
    if not any(
        message.kind == "notice" and any(part.kind == "tool-call" for part in message.parts)
        for message in messages
    ):
        return messages, []
    kept: list[Message] = []
    changed: list[ChangedCall] = []
    called: set[tuple[str, str | None]] = set()
    for message in messages:
        calls = [part for part in message.parts if part.kind == "tool-call"]
        if message.kind != "notice" or not calls:
            called.update((message.session_id, part.tool_use_id) for part in calls)
            kept.append(message)
            continue
        hook = str(message.facts.get("hook", ""))
        changes = [ChangedCall(message.session_id, part, hook) for part in calls]
        changed += changes
        rest = tuple(part for part in message.parts if part.kind != "tool-call")
        if any(map(_has_text, rest)) or not all(
            (change.session_id, change.part.tool_use_id) in called or _is_stored(connection, change)
            for change in changes
        ):
            kept.append(replace(message, parts=rest))
    return kept, changed


def _has_text(part: Part) -> bool:
    return not isinstance(part.content, dict) or bool(part.content.get("text"))


def _is_stored(connection: sqlite3.Connection, change: ChangedCall) -> bool:
    row = connection.execute(
        "SELECT 1 FROM parts p JOIN messages m ON m.seq = p.message_seq"
        " WHERE p.kind = 'tool-call' AND p.tool_use_id = ? AND m.session_id = ?",
        (change.part.tool_use_id, change.session_id),
    )
    return row.fetchone() is not None


def save_changed_calls(
    connection: sqlite3.Connection, calls: Iterable[ChangedCall], writer: MessageWriter
) -> None:
    """Give stored calls the arguments with which they ran, and queue them again.

    The digest of a message stays that of its row: reading the row again changes nothing.
    """
    for call in calls:
        content = orjson.dumps(call.part.content).decode()
        rows = connection.execute(
            "SELECT p.message_seq, p.position, unpacked(p.content), m.is_inherited FROM parts p"
            " JOIN messages m ON m.seq = p.message_seq WHERE p.kind = 'tool-call'"
            " AND p.tool_use_id = ? AND m.session_id = ? AND unpacked(p.content) <> ?",
            (call.part.tool_use_id, call.session_id, content),
        ).fetchall()
        for seq, position, asked, is_inherited in rows:
            connection.execute(
                "UPDATE parts SET content = ? WHERE message_seq = ? AND position = ?",
                (pack(content), seq, position),
            )
            label = f"changed by hook {call.hook}; Claude asked for"
            connection.execute(
                "INSERT INTO parts (message_seq, position, kind, tool_use_id, tool_name, content)"
                " SELECT ?1, max(position) + 1, 'note', ?2, NULL, ?3 FROM parts"
                " WHERE message_seq = ?1 HAVING NOT EXISTS (SELECT 1 FROM parts"
                "  WHERE message_seq = ?1 AND kind = 'note' AND tool_use_id = ?2)",
                (
                    seq,
                    call.part.tool_use_id,
                    pack(orjson.dumps({"label": label, "text": asked}).decode()),
                ),
            )
            if not is_inherited:
                writer.queue_again(seq, call.session_id)
