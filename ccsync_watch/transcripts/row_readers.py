"""What each type of tree row says: its role, its kind, its parts, and facts about it; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ccsync_watch.model import JsonValue, MessageKind, Part, Role
from ccsync_watch.transcripts.fields import identity, mapping, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_COMMAND = re.compile(r"<command-name>(.*?)</command-name>", re.DOTALL)
_COMMAND_ARGS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
_BASH_INPUT = re.compile(r"\s*<bash-input>(.*?)</bash-input>", re.DOTALL)
_OUTPUT = re.compile(r"\s*<(local-command|bash)-std(?:out|err)>")
_TASK_NOTE = re.compile(r"\s*<task-notification>")
_TAGS = re.compile(
    r"</?(?:local-command-stdout|local-command-stderr|bash-stdout|bash-stderr|bash-input)>"
)
_INTERRUPT = "[Request interrupted by user"
_EXIT_CODE = re.compile(r"\s*(?:Error:\s*)?Exit code (-?\d{1,5})\b")

_Read = tuple[Role, MessageKind, list[Part], dict[str, JsonValue]]


def _blocks(row: dict[str, Any]) -> list[dict[str, Any]]:
    content = mapping(row.get("message")).get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, list):
        return [block for block in content if isinstance(block, dict)]
    return []


def _assistant(row: dict[str, Any], _is_side: bool) -> _Read | None:  # noqa: FBT001 - one shape for all readers
    parts: list[Part] = []
    for block in _blocks(row):
        kind = block.get("type")
        if kind == "text" and text(block.get("text")):
            parts.append(Part("text", block["text"]))
        elif kind == "thinking" and text(block.get("thinking")):
            parts.append(Part("thinking", block["thinking"]))
        elif kind in {"tool_use", "server_tool_use", "mcp_tool_use"}:
            name = text(block.get("name")) or "unknown"
            parts.append(Part("tool-call", block.get("input"), identity(block.get("id")), name))
        elif isinstance(kind, str) and kind.endswith("_tool_result"):
            used = identity(block.get("tool_use_id"))
            parts.append(Part("tool-result", {"content": block.get("content")}, used))
    told = {
        "stop_reason": mapping(row.get("message")).get("stop_reason"),
        "error": row.get("error"),
        "status": row.get("apiErrorStatus"),
    }
    facts: dict[str, JsonValue] = {
        key: value for key, value in told.items() if isinstance(value, (str, int))
    }
    is_error = row.get("isApiErrorMessage") is True
    return "assistant", "api_error" if is_error else "answer", parts, facts


def _user(row: dict[str, Any], is_side: bool) -> _Read | None:  # noqa: FBT001 - as above
    blocks = _blocks(row)
    parts = list(_prompt_parts(blocks))
    if any(block.get("type") == "tool_result" for block in blocks):
        return "tool", "tool_result", [*_results(row, blocks), *parts], _denial(row)
    first = next((part.content for part in parts if part.kind == "text"), "")
    role, kind = _user_kind(row, str(first), is_side=is_side)
    if kind in {"command", "command_output"}:
        parts = [Part(part.kind, _plain(part.content)) for part in parts]
    facts: dict[str, JsonValue] = {}
    for key in ("promptSource", "turnOrigin", "permissionMode"):
        if identity(row.get(key)):
            facts[key] = row[key]
    return role, kind, parts, facts


def _user_kind(row: dict[str, Any], first: str, *, is_side: bool) -> tuple[Role, MessageKind]:  # noqa: PLR0911 - a table of cases, in order
    origin_kind = mapping(row.get("origin")).get("kind")
    if row.get("isCompactSummary") is True:
        return "system", "summary"
    if first.startswith(_INTERRUPT):
        return "system", "interrupt"
    if origin_kind == "task-notification" or _TASK_NOTE.match(first):
        return "system", "notification"
    if _OUTPUT.match(first):
        return "system", "command_output"
    if _COMMAND.search(first[:400]) or _BASH_INPUT.match(first):
        return "user", "command"
    if row.get("isMeta") is True or row.get("promptSource") == "system":
        return "system", "injected"
    return ("system", "task") if is_side else ("user", "prompt")


def _plain(content: JsonValue) -> JsonValue:
    """Return what a command row says, without the client's tags round it."""
    if not isinstance(content, str):
        return content
    command = _COMMAND.search(content)
    if command:
        arguments = _COMMAND_ARGS.search(content)
        given = arguments[1].strip() if arguments else ""
        return f"{command[1].strip()} {given}".strip()
    typed = _BASH_INPUT.match(content)
    return f"! {typed[1]}" if typed else _TAGS.sub("", content)


def _prompt_parts(blocks: list[dict[str, Any]]) -> Iterator[Part]:
    for block in blocks:
        kind = block.get("type")
        if kind == "text" and text(block.get("text")):
            yield Part("text", block["text"])
        elif kind in {"image", "document"}:
            yield Part("image" if kind == "image" else "file", block)


def _results(row: dict[str, Any], blocks: list[dict[str, Any]]) -> Iterator[Part]:
    """Yield each tool result with its outcome; `toolUseResult` tells of the only one."""
    results = [block for block in blocks if block.get("type") == "tool_result"]
    detail = row.get("toolUseResult") if len(results) == 1 else None
    for block in results:
        content = block.get("content")
        is_error = block.get("is_error") is True
        outcome: dict[str, JsonValue] = {"is_error": is_error, "content": content}
        if isinstance(detail, dict):
            outcome["detail"] = detail
        if row.get("toolDenialKind"):
            outcome["is_denied"] = True
        text = content if isinstance(content, str) else ""
        code = _EXIT_CODE.match(text) if is_error else None
        if code:
            outcome["exit_code"] = int(code[1])
        yield Part("tool-result", outcome, identity(block.get("tool_use_id")))


def _denial(row: dict[str, Any]) -> dict[str, JsonValue]:
    """Return what was decided of a tool's permission, and by whom, where the row tells."""
    decided = mapping(row.get("permissionDecision"))
    told = {
        "denial": identity(row.get("toolDenialKind")),
        "permission": identity(decided.get("decision")),
        "permission_source": identity(decided.get("source")),
    }
    return {key: value for key, value in told.items() if value}


def _system(row: dict[str, Any], _is_side: bool) -> _Read | None:  # noqa: FBT001 - as above
    subtype = text(row.get("subtype")) or ""
    facts: dict[str, JsonValue] = {"subtype": subtype}
    for key in ("durationMs", "retryAttempt", "maxRetries", "retryInMs"):
        if isinstance(row.get(key), (int, float)):
            facts[key] = row[key]
    content = text(row.get("content"))
    if subtype == "api_error":
        return "system", "api_error", [Part("text", _error_text(row))], facts
    if subtype == "compact_boundary":
        meta = mapping(row.get("compactMetadata"))
        told = {key: meta.get(key) for key in ("trigger", "preTokens", "postTokens")}
        facts.update({key: value for key, value in told.items() if isinstance(value, (str, int))})
        shown = content or "Conversation compacted"
        return "system", "compaction", [Part("text", shown)], facts
    if not content:
        return None
    if subtype != "local_command":
        return "system", "notice", [Part("text", content)], facts
    if _OUTPUT.match(content):
        return "system", "command_output", [Part("text", _plain(content))], facts
    return "user", "command", [Part("text", _plain(content))], facts


def _error_text(row: dict[str, Any]) -> str:
    error = mapping(row.get("error"))
    shown = text(error.get("formatted")) or text(error.get("message")) or "API error"
    attempt, most = row.get("retryAttempt"), row.get("maxRetries")
    return f"{shown} (attempt {attempt} of {most})" if attempt else shown


def _attachment(row: dict[str, Any], _is_side: bool) -> _Read | None:  # noqa: FBT001 - as above
    attachment = mapping(row.get("attachment"))
    kind = attachment.get("type")
    if kind == "queued_command":
        prompt = attachment.get("prompt")
        blocks = [{"type": "text", "text": prompt}] if isinstance(prompt, str) else prompt
        parts = list(_prompt_parts(blocks)) if isinstance(blocks, list) else []
        first = next((str(part.content) for part in parts if part.kind == "text"), "")
        mode = attachment.get("commandMode")
        if mode == "task-notification" or _TASK_NOTE.match(first):
            return "system", "notification", parts, {"queued": True}
        return "user", "prompt", parts, {"queued": True}
    if kind == "file":
        return "system", "injected", [Part("file", attachment)], {}
    return None


# One shape for all: the row, and whether it belongs to a subagent; None when it says nothing.
READERS: dict[str, Callable[[dict[str, Any], bool], _Read | None]] = {
    "assistant": _assistant,
    "attachment": _attachment,
    "system": _system,
    "user": _user,
}
