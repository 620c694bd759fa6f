"""Read what the user's hooks did: what failed, blocked or spoke; pure.

A hook that succeeds and says nothing leaves nothing. One that changes a call says so in its output
only: the call that ran is then among the parts of its notice, for `store.changed_calls`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.model import JsonValue, Part
from ccsync_watch.transcripts.fields import mapping, opaque_id, text
from ccsync_watch.transcripts.message_content import MessageContent, note
from ccsync_watch.transcripts.notes import split_prompt

if TYPE_CHECKING:
    from collections.abc import Callable

_CLIENT = "Claude Code"
_BLOCKED_PROMPT = re.compile(r"\s*[^\n]{0,60}\boperation blocked by hook\b:?", re.IGNORECASE)
_ORIGINAL_PROMPT = "\n\nOriginal prompt: "
_CHANGED = '"updatedInput"'
_CHANGING_EVENTS = frozenset({"PreToolUse", "PermissionRequest"})
# Older clients name the tool, and begin each hook's words with a dash.
_FEEDBACK = re.compile(r"\s*([A-Za-z][\w:.-]{1,80}) (?:hook|operation) feedback:[ \t]*\n")
# What the client puts before a hook's own words.
_PREFIX = "Failed with non-blocking status code:"


def read_blocked_prompt(content: str) -> MessageContent | None:
    """Read what was typed and a hook kept from the model, None for any other report."""
    head = _BLOCKED_PROMPT.match(content)
    if head is None:
        return None
    reason, _, words = content[head.end() :].partition(_ORIGINAL_PROMPT)
    parts = split_prompt(words) if words.strip() else []
    return MessageContent(
        "user", "blocked", [*parts, note("blocked by a hook", reason.strip())], {}
    )


def _notice(attachment: dict[str, Any], did: str, words: str) -> MessageContent:
    """Return the notice of one hook; `did` is what happened, as the end of its name."""
    name = _name(attachment)
    label = f"{name} {did}" if name == _CLIENT else f"hook {name} {did}"
    return MessageContent("system", "notice", [note(label, words.strip())], {"hook": name})


def _name(attachment: dict[str, Any]) -> str:
    return text(attachment.get("hookName")) or text(attachment.get("hookEvent")) or "unnamed"


def _exit_code(attachment: dict[str, Any]) -> str:
    code = attachment.get("exitCode")
    return f" (exit {code})" if isinstance(code, int) and not isinstance(code, bool) else ""


def _joined(value: object) -> str:
    """Return a text, or the texts of a list, one per line."""
    values = value if isinstance(value, list) else [value]
    return "\n".join(item.strip() for item in values if isinstance(item, str) and item.strip())


def _first(*values: object) -> str:
    """Return the first text with words."""
    return next((value for value in values if isinstance(value, str) and value.strip()), "")


def _read_failure(attachment: dict[str, Any]) -> MessageContent:
    stderr = (text(attachment.get("stderr")) or "").strip().removeprefix(_PREFIX).strip()
    words = _first(
        stderr, attachment.get("content"), attachment.get("stdout"), attachment.get("command")
    )
    return _notice(attachment, f"failed{_exit_code(attachment)}", words)


def _read_block(attachment: dict[str, Any]) -> MessageContent:
    error = attachment.get("blockingError")
    details = mapping(error)
    words = _first(error, details.get("blockingError"), attachment.get("reason"))
    # The client says before them which command said so; its path may be long.
    command = f"[{text(details.get('command')) or ''}]:"
    return _notice(attachment, "blocked", words.strip().removeprefix(command))


def _read_cancellation(attachment: dict[str, Any]) -> MessageContent:
    limit_ms = attachment.get("timeoutMs")
    did = "was cancelled"
    if attachment.get("timedOut") is True:
        limit = f" after {limit_ms / 1000:g} s" if isinstance(limit_ms, (int, float)) else ""
        did = f"timed out{limit}"
    return _notice(attachment, did, _first(attachment.get("command")))


def _read_words(did: str, *keys: str) -> Callable[[dict[str, Any]], MessageContent | None]:
    """Return the reader of a hook that spoke, under one of some keys."""

    def read(attachment: dict[str, Any]) -> MessageContent | None:
        words = next((words for key in keys if (words := _joined(attachment.get(key)))), "")
        return _notice(attachment, did, words) if words else None

    return read


def _read_stop(attachment: dict[str, Any]) -> MessageContent:
    return _notice(attachment, "stopped Claude", _first(attachment.get("message")))


def _read_decision(attachment: dict[str, Any]) -> MessageContent | None:
    decision = text(attachment.get("decision"))
    return _notice(attachment, f"decided: {decision}", "") if decision else None


def _read_deferral(attachment: dict[str, Any]) -> MessageContent:
    return _notice(attachment, "deferred a call", _first(attachment.get("toolName")))


def _read_late_answer(attachment: dict[str, Any]) -> MessageContent | None:
    """Read what a hook said that ran in the background."""
    response = mapping(attachment.get("response"))
    context = mapping(response.get("hookSpecificOutput")).get("additionalContext")
    parts: list[Part] = []
    for did, words in (
        ("says", _first(response.get("systemMessage"))),
        ("blocked", _first(response.get("reason"))),
        ("added context", _joined(context)),
    ):
        if words:
            parts += _notice(attachment, did, words).parts
    if attachment.get("exitCode") not in (None, 0):
        parts += _read_failure(attachment).parts
    elif not parts and not response:
        words = _first(attachment.get("stdout"))
        parts += _notice(attachment, "says", words).parts if words else []
    return MessageContent("system", "notice", parts, {"hook": _name(attachment)}) if parts else None


def _read_success(attachment: dict[str, Any]) -> MessageContent | None:
    """Read what a hook printed for Claude, or how it changed a call."""
    words = _joined(attachment.get("content"))
    changed = _changed_call(attachment)
    if changed is None:
        return _notice(attachment, "added context", words) if words else None
    notice = _notice(attachment, "changed the call", words)
    return notice._replace(parts=[*notice.parts, changed])


def _changed_call(attachment: dict[str, Any]) -> Part | None:
    """Return the call that ran instead of Claude's, if a hook changed its arguments."""
    output = attachment.get("stdout")
    event = text(attachment.get("hookEvent"))
    call_id = opaque_id(attachment.get("toolUseID"))
    if not isinstance(output, str) or _CHANGED not in output or not call_id:
        return None
    if event not in _CHANGING_EVENTS:
        return None
    try:
        specific = mapping(mapping(orjson.loads(output)).get("hookSpecificOutput"))
    except orjson.JSONDecodeError:
        return None
    decision = mapping(specific.get("decision"))
    arguments: JsonValue = specific.get("updatedInput", decision.get("updatedInput"))
    is_denied = specific.get("permissionDecision") == "deny" or decision.get("behavior") == "deny"
    _event, _separator, tool_name = _name(attachment).partition(":")
    # Without the tool's name it is not known what of the arguments may be kept.
    if not isinstance(arguments, dict) or is_denied or not tool_name:
        return None
    return Part("tool-call", arguments, call_id, tool_name)


HOOK_READERS: dict[str, Callable[[dict[str, Any]], MessageContent | None]] = {
    "async_hook_response": _read_late_answer,
    "hook_additional_context": _read_words("added context", "content"),
    "hook_blocking_error": _read_block,
    "hook_cancelled": _read_cancellation,
    "hook_deferred_tool": _read_deferral,
    "hook_error_during_execution": _read_failure,
    "hook_non_blocking_error": _read_failure,
    "hook_permission_decision": _read_decision,
    "hook_stopped_continuation": _read_stop,
    "hook_success": _read_success,
    "hook_system_message": _read_words("says", "content"),
}
"""The attachments that hooks leave."""


def read_feedback(parts: list[Part]) -> MessageContent | None:
    """Read the feedback of a hook that makes Claude continue, from a text in the user's name."""
    words = parts[0].content if len(parts) == 1 else None
    match = _FEEDBACK.match(words) if isinstance(words, str) else None
    if match is None:
        return None
    notice = _notice({"hookName": match[1]}, "blocked", str(words)[match.end() :])
    return notice._replace(facts={**notice.facts, "hook_row": "feedback"})


def read_hook_summary(row: dict[str, Any]) -> MessageContent | None:
    """Read the report of the hooks that ran when Claude stopped; None if all were silent."""
    name = text(row.get("hookLabel")) or "Stop"
    errors, failed = row.get("hookErrors"), row.get("failedHookErrorIndexes")
    parts: list[Part] = []
    for number, error in enumerate(errors if isinstance(errors, list) else []):
        # Older clients do not say which of them only made Claude continue.
        did = "failed or blocked"
        if isinstance(failed, list):
            did = "failed" if number in failed else "blocked"
        words = _first(error, mapping(error).get("error"), mapping(error).get("message")).strip()
        parts.append(note(f"hook {name} {did}", words.removeprefix(_PREFIX).strip()))
    if row.get("preventedContinuation") is True:
        parts.append(note(f"hook {name} stopped Claude", _first(row.get("stopReason")).strip()))
    context = row.get("hookAdditionalContext")
    parts += [
        note(f"hook {name} added context", item.strip())
        for item in (context if isinstance(context, list) else [context])
        if isinstance(item, str) and item.strip()
    ]
    facts: dict[str, JsonValue] = {"hook": name, "hook_row": "summary"}
    return MessageContent("system", "notice", parts, facts) if parts else None
