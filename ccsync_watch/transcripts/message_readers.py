"""Read the line types that are messages: role, kind, parts and facts of each; pure.

All readers have one signature: the row, and whether it belongs to a subagent. None stands for a
row that says nothing. They are listed in `line_types`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ccsync_watch.model import JsonValue, Part
from ccsync_watch.transcripts.api_errors import describe_error, read_model_change, read_refusal
from ccsync_watch.transcripts.blocks import answer_parts, content_blocks, prompt_parts, result_parts
from ccsync_watch.transcripts.fields import amount, identity, mapping, milliseconds, text
from ccsync_watch.transcripts.hooks import (
    HOOK_READERS,
    read_blocked_prompt,
    read_feedback,
    read_hook_summary,
)
from ccsync_watch.transcripts.mentions import MENTION_READERS
from ccsync_watch.transcripts.message_content import MessageContent, note
from ccsync_watch.transcripts.mid_turn_texts import read_mid_turn, split_result
from ccsync_watch.transcripts.notes import split_prompt
from ccsync_watch.transcripts.own_frames import summary_parts
from ccsync_watch.transcripts.peer_messages import read_mailbox
from ccsync_watch.transcripts.subagent_meta import SUBAGENT_TOOLS
from ccsync_watch.transcripts.usage import SYNTHETIC_MODEL
from ccsync_watch.transcripts.user_texts import read_user_text, text_origin
from ccsync_watch.transcripts.wrappers import find_wrapper, read_fork_task

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_RESPONSE = "No response requested."
_TOOL_LOADED = "Tool loaded."


def read_assistant(row: dict[str, Any], is_subagent: bool) -> MessageContent | None:  # noqa: FBT001 - one signature for all readers
    """Read one block, or more, of the model's response."""
    message = mapping(row.get("message"))
    blocks = content_blocks(message)
    if is_subagent and row.get("parentUuid") is None and any(map(_starts_fork, blocks)):
        return None  # a copy of the parent's call, with which the transcript of a fork begins
    values = {
        "stop_reason": message.get("stop_reason"),
        "error": row.get("error"),
        "status": row.get("apiErrorStatus"),
    }
    facts: dict[str, JsonValue] = {
        key: value for key, value in values.items() if isinstance(value, (str, int))
    }
    parts = answer_parts(blocks)
    if row.get("isApiErrorMessage") is True:
        return MessageContent("assistant", "api_error", _describe_failure(row, parts), facts)
    if message.get("model") == SYNTHETIC_MODEL:
        # The client's own words, which it writes as an answer.
        is_filler = all(part.content == _NO_RESPONSE for part in parts)
        return MessageContent("system", "injected" if is_filler else "notice", parts, facts)
    if message.get("stop_details") or "apiRefusalExplanation" in row:
        parts += read_refusal(message) or read_refusal(row)
    is_fallback = bool(blocks) and blocks[0].get("type") == "fallback"
    if is_fallback and all(block.get("type") == "fallback" for block in blocks):
        return MessageContent("system", "notice", parts, facts)
    return MessageContent("assistant", "answer", parts, facts)


def read_user(row: dict[str, Any], is_subagent: bool) -> MessageContent:  # noqa: FBT001 - as above
    """Read a tool's result, or a text in the user's name."""
    blocks = content_blocks(mapping(row.get("message")))
    parts = prompt_parts(blocks)
    task = read_fork_task(parts) if is_subagent else None
    if task is not None:
        return task
    if any(block.get("type") == "tool_result" for block in blocks):
        split = [split_result(block) for block in blocks]
        results = result_parts(row, [block for block, _prompts in split])
        prompts = [prompt for _block, inner in split for prompt in inner]
        texts: list[Part] = []
        for part in parts:
            prompt = read_mid_turn(part.content) if isinstance(part.content, str) else None
            if prompt is not None:
                prompts.append(prompt)
            else:
                texts += _split_part(part)
        if texts and row.get("isMeta") is not True:
            results, texts = _give_words(results, texts)
        facts = _read_permission(row, results)
        return MessageContent("tool", "tool_result", [*results, *texts], facts, tuple(prompts))
    facts = {
        key: row[key]
        for key in ("promptSource", "turnOrigin", "permissionMode")
        if identity(row.get(key))
    }
    if row.get("isCompactSummary") is True:
        return MessageContent("system", "summary", summary_parts(parts), facts)
    feedback = read_feedback(parts) if row.get("isMeta") is True else None
    if feedback is not None:
        return feedback
    content = read_user_text(parts, text_origin(row, is_subagent=is_subagent))
    facts.update(content.facts)
    return MessageContent(content.role, content.kind, content.parts, facts)


def read_system(row: dict[str, Any], _is_subagent: bool) -> MessageContent | None:  # noqa: FBT001 - as above
    """Read a report of the client."""
    subtype = text(row.get("subtype")) or ""
    facts: dict[str, JsonValue] = {"subtype": subtype}
    for key in ("durationMs", "retryAttempt", "maxRetries", "retryInMs"):
        if amount(row.get(key)) is not None:
            facts[key] = row[key]
    content = text(row.get("content"))
    if subtype in SYSTEM_READERS:
        read = SYSTEM_READERS[subtype](row)
        return read._replace(facts={**facts, **read.facts}) if read else None
    if subtype == "compact_boundary":
        metadata = mapping(row.get("compactMetadata"))
        values = {key: metadata.get(key) for key in ("trigger", "preTokens", "postTokens")}
        facts.update({key: value for key, value in values.items() if isinstance(value, (str, int))})
        part = Part("text", content or "Conversation compacted")
        return MessageContent("system", "compaction", [part], facts)
    return _read_report(subtype, content, facts) if content else None


def _read_report(subtype: str, content: str, facts: dict[str, JsonValue]) -> MessageContent:
    """Read a system row that says no more than its text."""
    blocked = read_blocked_prompt(content) if subtype == "informational" else None
    if blocked is not None:
        return blocked._replace(facts=facts)
    if subtype != "local_command":
        return MessageContent("system", "notice", [Part("text", content)], facts)
    wrapped = find_wrapper(content)
    if wrapped and wrapped.kind in {"command", "command_output"}:
        return wrapped._replace(facts=facts)
    return MessageContent("user", "command", [Part("text", content)], facts)


WORDS = {
    "attachment/hook_additional_context": "content",
    "attachment/hook_success": "content",
    "attachment/hook_system_message": "content",
    "attachment/queued_command": "prompt",
    "attachment/teammate_mailbox": "messages",
    "system/stop_hook_summary": "hookErrors",
}
"""Where rows that may have nothing to say have their words."""


def _read_retry(row: dict[str, Any]) -> MessageContent:
    """Read a request that failed and is tried again."""
    return MessageContent("system", "api_error", [Part("text", describe_error(row))], {})


def _read_saved_memory(row: dict[str, Any]) -> MessageContent:
    paths = row.get("writtenPaths")
    names = [path for path in paths if text(path)] if isinstance(paths, list) else []
    return MessageContent("system", "notice", [note("saved to memory", "\n".join(names))], {})


def _read_stopped_agents(_row: dict[str, Any]) -> MessageContent:
    return MessageContent("system", "notice", [note("all background agents were stopped")], {})


SYSTEM_READERS: dict[str, Callable[[dict[str, Any]], MessageContent | None]] = {
    "agents_killed": _read_stopped_agents,
    "api_error": _read_retry,
    "memory_saved": _read_saved_memory,
    "model_consent_fallback": read_model_change,
    "model_fallback": read_model_change,
    "model_refusal_fallback": read_model_change,
    "model_refusal_no_fallback": read_model_change,
    "stop_hook_summary": read_hook_summary,
}
"""The system rows, by subtype, that say something besides their text; others are their text."""


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
    origin = text_origin(attachment)
    content = read_user_text(
        parts, origin._replace(is_notification=origin.is_notification or is_notification)
    )
    # What identifies it in the queue, in which it may stand in other words.
    facts: dict[str, JsonValue] = {**content.facts, "queued": True}
    command_id = identity(attachment.get("source_uuid"))
    typed_ms = milliseconds(attachment.get("timestamp"))
    if command_id:
        facts["command_id"] = command_id
    if typed_ms is not None:
        facts["typed_ms"] = typed_ms
    return content._replace(facts=facts)


def _read_task_status(attachment: dict[str, Any]) -> MessageContent | None:
    """Read what became of a background task, as a compaction reports it."""
    task_id, status = text(attachment.get("taskId")), text(attachment.get("status"))
    if not task_id and not status:
        return None
    words = [
        value for key in ("description", "deltaSummary") if (value := text(attachment.get(key)))
    ]
    label = f"background task {task_id or ''}".rstrip() + f": {status or 'unknown'}"
    return MessageContent("system", "notice", [note(label, "\n".join(words))], {})


ATTACHMENT_READERS: dict[str, Callable[[dict[str, Any]], MessageContent | None]] = {
    **HOOK_READERS,
    **MENTION_READERS,
    "queued_command": _read_queued_prompt,
    "task_status": _read_task_status,
    "teammate_mailbox": read_mailbox,
}
"""The attachments that say something of the conversation; all others are dropped."""


def _describe_failure(row: dict[str, Any], parts: list[Part]) -> list[Part]:
    """Return the parts of a response that failed for good, with what the API says of it."""
    parts = parts or [Part("text", describe_error(row))]
    details = text(row.get("errorDetails"))
    if details and not any(details in str(part.content) for part in parts):
        parts.append(note("details", details))
    return [*parts, *(read_refusal(mapping(row.get("message"))) or read_refusal(row))]


def _starts_fork(block: dict[str, Any]) -> bool:
    return block.get("type") == "tool_use" and text(block.get("name")) in SUBAGENT_TOOLS


def _split_part(part: Part) -> list[Part]:
    """Return what stands beside a result as notes, and what a person wrote about the call."""
    if not isinstance(part.content, str):
        return [part]
    wrapped = find_wrapper(part.content)
    if wrapped is not None or part.content.startswith(_TOOL_LOADED):
        return [note(wrapped.kind.replace("_", " ") if wrapped else "tools", part.content.strip())]
    return split_prompt(part.content)


def _give_words(results: list[Part], texts: list[Part]) -> tuple[list[Part], list[Part]]:
    """Return the results and what is beside them; words there are the person's about the call."""
    words = [
        part.content for part in texts if part.kind == "text" and isinstance(part.content, str)
    ]
    if len(results) != 1 or not words or not isinstance(results[0].content, dict):
        return results, texts
    (result,) = results
    outcome = mapping(result.content)
    said = "\n\n".join([*filter(None, [text(outcome.get("said"))]), *words])
    left = [part for part in texts if part.kind != "text"]
    return [replace(result, content={**outcome, "said": said})], left


def _read_permission(row: dict[str, Any], results: list[Part]) -> dict[str, JsonValue]:
    """Return how a tool's permission was decided, and by whom, where the row says it."""
    is_denied = bool(results) and all(mapping(part.content).get("denied") for part in results)
    if not is_denied and "permissionDecision" not in row and "toolDenialKind" not in row:
        return {}
    decision = mapping(row.get("permissionDecision"))
    values = {
        "denial": identity(row.get("toolDenialKind")) or ("denied" if is_denied else None),
        "permission": identity(decision.get("decision")),
        "permission_source": identity(decision.get("source")),
    }
    return {key: value for key, value in values.items() if value}
