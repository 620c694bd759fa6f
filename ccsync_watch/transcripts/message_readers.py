"""Read the line types that are messages: role, kind, parts and facts of each; pure.

All readers have one signature: the row, and whether it belongs to a subagent. None stands for a
row that says nothing. They are listed in `line_types`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ccsync_watch.model import JsonValue, MessageKind, Part, Role
from ccsync_watch.transcripts.blocks import answer_parts, content_blocks, prompt_parts, result_parts
from ccsync_watch.transcripts.fields import identity, mapping, text
from ccsync_watch.transcripts.wrappers import (
    INTERRUPT,
    OUTPUT,
    TASK_NOTIFICATION,
    find_wrapper,
    unwrap,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class MessageContent(NamedTuple):
    """What a row says; `facts` are the small values that later figures need."""

    role: Role
    kind: MessageKind
    parts: list[Part]
    facts: dict[str, JsonValue]


def read_assistant(row: dict[str, Any], _is_subagent: bool) -> MessageContent:  # noqa: FBT001 - one signature for all readers
    """Read one block, or more, of the model's response."""
    message = mapping(row.get("message"))
    values = {
        "stop_reason": message.get("stop_reason"),
        "error": row.get("error"),
        "status": row.get("apiErrorStatus"),
    }
    facts: dict[str, JsonValue] = {
        key: value for key, value in values.items() if isinstance(value, (str, int))
    }
    kind: MessageKind = "api_error" if row.get("isApiErrorMessage") is True else "answer"
    return MessageContent("assistant", kind, answer_parts(content_blocks(message)), facts)


def read_user(row: dict[str, Any], is_subagent: bool) -> MessageContent:  # noqa: FBT001 - as above
    """Read a tool's result, or a text in the user's name."""
    blocks = content_blocks(mapping(row.get("message")))
    parts = prompt_parts(blocks)
    if any(block.get("type") == "tool_result" for block in blocks):
        return MessageContent(
            "tool", "tool_result", [*result_parts(row, blocks), *parts], _read_permission(row)
        )
    role, kind = _classify_user_text(row, _first_text(parts), is_subagent=is_subagent)
    if kind in {"command", "command_output"}:
        parts = [_unwrap_part(part) for part in parts]
    facts: dict[str, JsonValue] = {
        key: row[key]
        for key in ("promptSource", "turnOrigin", "permissionMode")
        if identity(row.get(key))
    }
    return MessageContent(role, kind, parts, facts)


def read_system(row: dict[str, Any], _is_subagent: bool) -> MessageContent | None:  # noqa: FBT001 - as above
    """Read a report of the client."""
    subtype = text(row.get("subtype")) or ""
    facts: dict[str, JsonValue] = {"subtype": subtype}
    for key in ("durationMs", "retryAttempt", "maxRetries", "retryInMs"):
        if isinstance(row.get(key), (int, float)):
            facts[key] = row[key]
    content = text(row.get("content"))
    if subtype == "api_error":
        return MessageContent("system", "api_error", [Part("text", _describe_error(row))], facts)
    if subtype == "compact_boundary":
        metadata = mapping(row.get("compactMetadata"))
        values = {key: metadata.get(key) for key in ("trigger", "preTokens", "postTokens")}
        facts.update({key: value for key, value in values.items() if isinstance(value, (str, int))})
        part = Part("text", content or "Conversation compacted")
        return MessageContent("system", "compaction", [part], facts)
    if not content:
        return None
    if subtype != "local_command":
        return MessageContent("system", "notice", [Part("text", content)], facts)
    part = Part("text", unwrap(content))
    if OUTPUT.matches(content):
        return MessageContent("system", "command_output", [part], facts)
    return MessageContent("user", "command", [part], facts)


def read_attachment(row: dict[str, Any], _is_subagent: bool) -> MessageContent | None:  # noqa: FBT001 - as above
    """Read an attachment whose type is in `ATTACHMENT_READERS`."""
    attachment = mapping(row.get("attachment"))
    kind = attachment.get("type")
    read = ATTACHMENT_READERS.get(kind) if isinstance(kind, str) else None
    return read(attachment) if read else None


def _read_queued_prompt(attachment: dict[str, Any]) -> MessageContent:
    """Read a prompt typed while Claude was busy, or a background task's report."""
    parts = prompt_parts(content_blocks({"content": attachment.get("prompt")}))
    is_notification = attachment.get("commandMode") == "task-notification"
    if is_notification or TASK_NOTIFICATION.matches(_first_text(parts)):
        return MessageContent("system", "notification", parts, {"queued": True})
    return MessageContent("user", "prompt", parts, {"queued": True})


def _read_mentioned_file(attachment: dict[str, Any]) -> MessageContent:
    """Read a file that a prompt mentioned with `@`."""
    return MessageContent("system", "injected", [Part("file", attachment)], {})


ATTACHMENT_READERS: dict[str, Callable[[dict[str, Any]], MessageContent]] = {
    "file": _read_mentioned_file,
    "queued_command": _read_queued_prompt,
}
"""The attachments that say something of the conversation; all others are dropped."""


def _classify_user_text(
    row: dict[str, Any], first: str, *, is_subagent: bool
) -> tuple[Role, MessageKind]:
    """Return whose text a user row holds, and what it is."""
    if row.get("isCompactSummary") is True:
        return "system", "summary"
    wrapper = find_wrapper(first)
    is_notification = mapping(row.get("origin")).get("kind") == "task-notification"
    if is_notification and wrapper is not INTERRUPT:
        wrapper = TASK_NOTIFICATION
    if wrapper is not None:
        return wrapper.role, wrapper.kind
    if row.get("isMeta") is True or row.get("promptSource") == "system":
        return "system", "injected"
    return ("system", "task") if is_subagent else ("user", "prompt")


def _first_text(parts: list[Part]) -> str:
    return next((str(part.content) for part in parts if part.kind == "text"), "")


def _unwrap_part(part: Part) -> Part:
    return Part(part.kind, unwrap(part.content)) if isinstance(part.content, str) else part


def _read_permission(row: dict[str, Any]) -> dict[str, JsonValue]:
    """Return how a tool's permission was decided, and by whom, where the row says it."""
    decision = mapping(row.get("permissionDecision"))
    values = {
        "denial": identity(row.get("toolDenialKind")),
        "permission": identity(decision.get("decision")),
        "permission_source": identity(decision.get("source")),
    }
    return {key: value for key, value in values.items() if value}


def _describe_error(row: dict[str, Any]) -> str:
    error = mapping(row.get("error"))
    message = text(error.get("formatted")) or text(error.get("message")) or "API error"
    attempt, limit = row.get("retryAttempt"), row.get("maxRetries")
    return f"{message} (attempt {attempt} of {limit})" if attempt else message
