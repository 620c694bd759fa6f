"""Read the queue of what is typed while Claude works: what enters it, and how it leaves; pure.

Some clients write such a prompt nowhere else. What it becomes is decided in the store, since its
rows may be read at different times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from zlib import crc32

import orjson

from ccsync_watch.model import Message, QueueOperation
from ccsync_watch.transcripts.blocks import content_blocks, prompt_parts
from ccsync_watch.transcripts.fields import identity, mapping, milliseconds
from ccsync_watch.transcripts.user_texts import read_user_text, text_origin

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, Line

Operation: TypeAlias = Literal["enqueue", "deliver", "dequeue", "drop"]

_OPERATIONS: dict[str, Operation] = {
    "enqueue": "enqueue",
    "dequeue": "dequeue",
    "remove": "deliver",
    "popAll": "drop",
}
_DROP_REASONS = frozenset(
    {
        "agent_stopped", "cancelled_by_sender", "carried_to_background", "cleared",
        "cleared_on_cancel", "delivered_to_agent", "dropped_by_hook", "not_carried_to_background",
        "resume_failed",
    }
)  # fmt: skip
"""Why something was removed that Claude did not get in this session."""


def read_queue_operation(row: dict[str, Any], session_id: str, line: Line) -> QueueOperation | None:
    """Return what a row says of the queue, None for an operation that is not known."""
    name = row.get("operation")
    operation = _OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        return None
    if operation == "deliver" and identity(row.get("reason")) in _DROP_REASONS:
        operation = "drop"
    content = row.get("content")
    timestamp_ms = milliseconds(row.get("timestamp"))
    key = _key(content, timestamp_ms, line.start)
    return QueueOperation(
        session_id=session_id,
        operation=operation,
        key=key,
        start=line.start,
        end=line.end,
        timestamp_ms=timestamp_ms,
        prompts=_read_prompts(row, session_id, key, timestamp_ms, line) if content else (),
        command_id=identity(row.get("commandUuid")),
        is_all=name == "popAll",
        is_blank=not content,
    )


def _key(content: JsonValue, timestamp_ms: int | None, start: int) -> str:
    """Return what identifies a row in any file; of its text only what reveals nothing of it."""
    if not content or timestamp_ms is None:
        return f"queued-{timestamp_ms or 0}-at-{start}"
    data = orjson.dumps(content)
    return f"queued-{timestamp_ms}-{len(data)}-{crc32(data) & 0xFF:02x}"


def _read_prompts(
    row: dict[str, Any], session_id: str, key: str, timestamp_ms: int | None, line: Line
) -> tuple[Message, ...]:
    """Return what a person typed; nothing for the reports of tasks and messages of peers."""
    content = row["content"]
    if isinstance(content, str) and _is_task_report(content):
        return ()
    parts = prompt_parts(content_blocks({"content": content}))
    said = read_user_text(parts, text_origin(row))
    if said.kind != "prompt" or not said.parts:
        return ()
    facts: dict[str, JsonValue] = {**said.facts, "queued": True}
    command_id = identity(row.get("commandUuid"))
    if command_id:
        facts["command_id"] = command_id
    message = Message(
        id=f"{session_id}:{key}",
        session_id=session_id,
        agent_id=None,
        uuid=key,
        parent_uuid=None,
        start=line.start,
        end=line.end,
        role=said.role,
        kind=said.kind,
        timestamp_ms=timestamp_ms,
        model=None,
        usage_id=None,
        parts=tuple(said.parts),
        facts=facts,
    )
    return (message,)


def _is_task_report(content: str) -> bool:
    """Return whether a text is the JSON with which some clients report a background task."""
    if not content.startswith("{") or '"task_id"' not in content:
        return False
    try:
        return "task_id" in mapping(orjson.loads(content))
    except orjson.JSONDecodeError:
        return False
