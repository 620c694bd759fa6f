"""Take away from a part what never leaves whole: files' contents, images' bytes; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.privacy.known.secret_reads import PATH_KEYS
from ccsync_watch.privacy.policy.limits import bounded

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, Part
    from ccsync_watch.privacy.policy.policy import ToolCall

MAX_ARGUMENT_BYTES = 64 << 10
_MAX_NAME_CHARS = 200
_MAX_DEPTH = 12
_MAX_ITEMS = 100
_CONTENT_KEYS = frozenset(
    {
        "body", "content", "contents", "data", "diff", "edits", "file_text", "new_source",
        "new_str", "new_string", "old_source", "old_str", "old_string", "patch", "text",
    }
)  # fmt: skip
_FILE_TOOLS = frozenset({"Edit", "MultiEdit", "NotebookEdit", "NotebookRead", "Read", "Write"})
_FILE_TOOL_LIKE = re.compile(r"(?i)^mcp__.*(?:file|notebook|document|read|write|edit|create|view)")
_DETAIL_KEYS = (
    "agentId", "agentType", "durationMs", "interrupted", "numFiles", "numLines", "numMatches",
    "replaceAll", "resolvedModel", "startLine", "status", "totalDurationMs", "totalLines",
    "totalTokens", "totalToolUseCount", "type", "userModified",
)  # fmt: skip


def is_file_tool(name: str) -> bool:
    """Tell whether a tool's texts are the contents of files."""
    return name in _FILE_TOOLS or _FILE_TOOL_LIKE.match(name) is not None


def reduce(part: Part, call: ToolCall | None, limit: int) -> JsonValue:
    """Return a part's content without what never leaves; not yet redacted, not yet cut.

    `call` is the tool call that a result answers: while it is unknown, the result may be a
    file's content, and is treated as one.
    """
    content = part.content
    if part.kind == "tool-call":
        return _reduced_arguments(part.tool_name or "unknown", content)
    if part.kind == "tool-result":
        return _reduced_result(content, call, limit)
    if part.kind in {"image", "file"}:
        return _reduced_media(content)
    return bounded(content, limit) if isinstance(content, str) else content


def measure(text: str) -> dict[str, JsonValue]:
    """Return what is told of a content instead of itself: its lines and bytes."""
    lines = text.count("\n") + (not text.endswith("\n")) if text else 0
    return {"lines": lines, "bytes": len(text.encode("utf-8", "replace"))}


def _reduced_arguments(name: str, arguments: JsonValue) -> JsonValue:
    if not isinstance(arguments, dict):
        return {}
    holds_file = is_file_tool(name) or any(key in arguments for key in PATH_KEYS)
    made = _walk(arguments, hide=_CONTENT_KEYS if holds_file else frozenset(), depth=0)
    if _size(made) > MAX_ARGUMENT_BYTES and isinstance(made, dict):
        kept = [key for key in made if len(key) <= _MAX_NAME_CHARS][:_MAX_ITEMS]
        return {key: _brief(made[key]) for key in kept}
    return made


def _size(value: JsonValue) -> int:
    return len(orjson.dumps(value))


def _brief(value: JsonValue) -> JsonValue:
    if isinstance(value, str) and len(value) > _MAX_NAME_CHARS:
        return measure(value)
    if isinstance(value, (dict, list)) and _size(value) > _MAX_NAME_CHARS:
        return {"bytes": _size(value)}
    return value


def _walk(value: JsonValue, *, hide: frozenset[str], depth: int) -> JsonValue:
    """Return a value whose contents under the keys in `hide` are measured instead of told."""
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {
            key: _hidden(item) if key in hide else _walk(item, hide=hide, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_walk(item, hide=hide, depth=depth + 1) for item in value]
    return value


def _hidden(value: JsonValue) -> JsonValue:
    """Return the size of a content; of a list of edits, the size of each."""
    if isinstance(value, str):
        return measure(value)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [_hidden_edit(item) for item in value[:_MAX_ITEMS] if isinstance(item, dict)]
    if isinstance(value, (bool, type(None))):
        return value
    return {"bytes": _size(value)}


def _hidden_edit(edit: dict[str, JsonValue]) -> JsonValue:
    return {
        key: measure(item) if isinstance(item, str) else {"bytes": _size(item)}
        for key, item in edit.items()
        if key in _CONTENT_KEYS
    }


def _reduced_media(content: JsonValue) -> JsonValue:
    """Return type, name and bytes of an image, a document or a mentioned file."""
    if not isinstance(content, dict):
        return {}
    source = content.get("source")
    if isinstance(source, dict):
        data = source.get("data")
        size = len(data) * 3 // 4 if isinstance(data, str) else None
        return _present(media_type=_name(source.get("media_type")), bytes=size)
    inner = content.get("content")
    inner = inner if isinstance(inner, dict) else {}
    file = inner.get("file")
    file = file if isinstance(file, dict) else {}
    path = _first_text(content, ("filename", *PATH_KEYS)) or _first_text(file, PATH_KEYS)
    held = file.get("content", inner.get("content"))
    told_size = _number(file.get("originalSize"))
    told = measure(held) if isinstance(held, str) else _present(bytes=told_size)
    return {**_present(path=path, media_type=_name(file.get("type"))), **told}


def _name(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and len(value) <= _MAX_NAME_CHARS else None


def _number(value: JsonValue) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number else None  # type: ignore[return-value]  # as just asked


def _present(**values: JsonValue) -> dict[str, JsonValue]:
    return {key: value for key, value in values.items() if value is not None}


def _first_text(values: dict[str, JsonValue], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        value = values.get(key)
        if isinstance(value, str) and value:
            return value
    return None


def _reduced_result(outcome: JsonValue, call: ToolCall | None, limit: int) -> JsonValue:
    if not isinstance(outcome, dict):
        return {}
    text = _result_text(outcome.get("content"))
    detail = outcome.get("detail")
    detail = detail if isinstance(detail, dict) else {}
    is_error = outcome.get("is_error") is True
    made: dict[str, JsonValue] = {"ok": not is_error, **measure(text)}
    if "exit_code" in outcome:
        made["exit_code"] = outcome["exit_code"]
    made.update({key: detail[key] for key in _DETAIL_KEYS if _is_plain(detail.get(key))})
    made.update(_patched_lines(detail.get("structuredPatch")))
    held = detail.get("file")
    held = held if isinstance(held, dict) else {}
    made.update({key: held[key] for key in _DETAIL_KEYS if _is_plain(held.get(key))})
    path = _first_text(detail, PATH_KEYS) or _first_text(held, PATH_KEYS)
    if path:
        made["path"] = path
    if call and call.reads == "secrets":
        return made
    if text and (outcome.get("is_denied") is True or (call and not is_file_tool(call.name))):
        made["output"] = bounded(text, limit)
    elif text and is_error:
        # The first line says what went wrong; what follows can quote the file.
        made["output"] = _beginning(text.split("\n", 1)[0])
    return made


def _beginning(line: str) -> str:
    """Return a line's first whole words: half a secret would not be recognised as one."""
    return line if len(line) <= _MAX_NAME_CHARS else line[:_MAX_NAME_CHARS].rpartition(" ")[0]


def _is_plain(value: JsonValue) -> bool:
    return isinstance(value, (bool, int, float)) or _name(value) is not None


def _result_text(content: JsonValue) -> str:
    if isinstance(content, str):
        return content
    texts = []
    for block in content if isinstance(content, list) else []:
        if not isinstance(block, dict):
            continue
        text = block.get("text")
        if isinstance(text, str):
            texts.append(text)
        elif block.get("type") in {"image", "document"}:
            media = _reduced_media(block)
            size = media.get("bytes") if isinstance(media, dict) else None
            texts.append(f"[{block.get('type')}: {size} bytes]")
    return "\n".join(texts)


def _patched_lines(patch: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(patch, list):
        return {}
    signs = [
        line[:1]
        for hunk in patch
        if isinstance(hunk, dict)
        for line in (hunk.get("lines") if isinstance(hunk.get("lines"), list) else ())  # type: ignore[union-attr]  # a list, as just asked
        if isinstance(line, str)
    ]
    return {"lines_added": signs.count("+"), "lines_removed": signs.count("-")}
