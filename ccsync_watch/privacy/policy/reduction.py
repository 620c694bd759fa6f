"""Reduce a part to what may leave at all: of files and images only path and size; pure.

What an argument or a result's value means is known to `transcripts.tools` and
`transcripts.tool_results`; this module decides what is kept of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.privacy.policy.limits import bounded
from ccsync_watch.transcripts.fields import amount
from ccsync_watch.transcripts.long_texts import size_of
from ccsync_watch.transcripts.result_wrappers import unwrap_result
from ccsync_watch.transcripts.subagent_meta import SUBAGENT_TOOLS
from ccsync_watch.transcripts.tool_results import read_file, read_result
from ccsync_watch.transcripts.tools import (
    CONTENTS,
    PATHS,
    RESULT_VALUES,
    is_file_tool,
    is_mcp_tool,
)

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, Part
    from ccsync_watch.privacy.policy.policy import ToolCall
    from ccsync_watch.transcripts.tool_results import ToolResult

MAX_ARGUMENT_BYTES = 64 << 10
_MAX_NAME_CHARS = 200
_MAX_DEPTH = 12
_MAX_ITEMS = 100
_BARE_ARGUMENTS = "input"


def reduce(part: Part, call: ToolCall | None, limit: int) -> JsonValue:
    """Return a part's content without what never leaves; not yet redacted, not yet cut.

    `call` is what is known of a tool call, or of the one that a result answers. While it is
    unknown, the result may be a file's content, and is treated as such.
    """
    content = part.content
    if part.kind == "tool-call":
        return _reduce_arguments(part.tool_name or "unknown", content, call)
    if part.kind == "tool-result":
        return _reduce_result(content, call, limit)
    if part.kind == "note":
        return _reduce_note(content, limit)
    if part.kind in {"image", "file"}:
        return _reduce_file(content)
    if not isinstance(content, str):
        return content
    # Only the output of a command that the user typed has a call.
    return measure(content) if call and call.reads == "secrets" else bounded(content, limit)


def _reduce_note(content: JsonValue, limit: int) -> JsonValue:
    """Return a note with a text that is not too long to be redacted."""
    if not isinstance(content, dict):
        return {}
    return {
        key: bounded(value, limit) if isinstance(value, str) else value
        for key, value in content.items()
    }


def measure(text: str) -> dict[str, JsonValue]:
    """Return the lines and bytes of a text, which are kept instead of it."""
    _chars, size, line_ends = size_of(text)
    lines = line_ends + (not text.endswith("\n")) if text else 0
    return {"lines": lines, "bytes": size}


def _reduce_arguments(name: str, arguments: JsonValue, call: ToolCall | None) -> JsonValue:
    if not isinstance(arguments, dict):
        # No object, as the API asks for it: a text or a list of its values.
        arguments = {} if arguments is None else {_BARE_ARGUMENTS: arguments}
    hidden = CONTENTS if _holds_file(name, arguments, call) else frozenset[str]()
    if is_file_tool(name):
        hidden |= {_BARE_ARGUMENTS}
    reduced = _hide_contents(arguments, hidden=hidden, depth=0)
    if _size(reduced) > MAX_ARGUMENT_BYTES and isinstance(reduced, dict):
        kept = [key for key in reduced if len(key) <= _MAX_NAME_CHARS][:_MAX_ITEMS]
        return {key: _shorten(reduced[key]) for key in kept}
    return reduced


def _holds_file(name: str, arguments: dict[str, JsonValue], call: ToolCall | None) -> bool:
    """Return whether a call's arguments may contain a file's content that must not be kept."""
    if is_mcp_tool(name):
        return call is not None and call.reads == "secrets"
    return is_file_tool(name) or any(key in arguments for key in PATHS)


def _size(value: JsonValue) -> int:
    return len(orjson.dumps(value))


def _shorten(value: JsonValue) -> JsonValue:
    if isinstance(value, str) and len(value) > _MAX_NAME_CHARS:
        return measure(value)
    if isinstance(value, (dict, list)) and _size(value) > _MAX_NAME_CHARS:
        return {"bytes": _size(value)}
    return value


def _hide_contents(value: JsonValue, *, hidden: frozenset[str], depth: int) -> JsonValue:
    """Return a value with the sizes of the contents under `hidden` keys in their place."""
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {
            key: _measure_content(item)
            if key in hidden
            else _hide_contents(item, hidden=hidden, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_hide_contents(item, hidden=hidden, depth=depth + 1) for item in value]
    return value


def _measure_content(value: JsonValue) -> JsonValue:
    """Return the size of a content; of a list of edits, the size of each."""
    if isinstance(value, str):
        return measure(value)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [_measure_edit(item) for item in value[:_MAX_ITEMS] if isinstance(item, dict)]
    if isinstance(value, (bool, type(None))):
        return value
    return {"bytes": _size(value)}


def _measure_edit(edit: dict[str, JsonValue]) -> JsonValue:
    return {
        key: measure(item) if isinstance(item, str) else {"bytes": _size(item)}
        for key, item in edit.items()
        if key in CONTENTS
    }


def _reduce_file(content: JsonValue) -> JsonValue:
    """Return path, type and size of an image, a document or a mentioned file."""
    file = read_file(content)
    size = _present(bytes=file.size_bytes) if file.text is None else measure(file.text)
    size.update(_present(entries=file.entries, state=_name(file.state)))
    return {**_present(path=file.path, media_type=_name(file.media_type)), **size}


def _name(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and len(value) <= _MAX_NAME_CHARS else None


def _present(**values: JsonValue) -> dict[str, JsonValue]:
    return {key: value for key, value in values.items() if value is not None}


def _reduce_result(content: JsonValue, call: ToolCall | None, limit: int) -> JsonValue:
    if not isinstance(content, dict):
        return {}
    result = read_result(content)
    is_subagent = call is not None and call.name in SUBAGENT_TOOLS
    text, notes, has_failed = unwrap_result(result.text, is_of_subagent=is_subagent)
    is_error = result.is_error or has_failed
    media_bytes = result.media_bytes
    size = measure(text) if media_bytes is None else {"bytes": media_bytes}
    reduced: dict[str, JsonValue] = {"ok": not is_error, **size}
    # A call that was denied was not wrong, even if the client says so in the same form.
    if notes and not (has_failed and result.denied):
        reduced["note"] = "; ".join(notes)
    if result.said:
        reduced["said"] = bounded(result.said, limit)
    if result.denied:
        reduced["denied"] = result.denied
        if result.said:
            # The rest of the text is the client's, and says no more than who denied it.
            return reduced
    reduced.update(_figures_of(result))
    if call and call.reads == "secrets":
        return reduced
    if text and (result.denied or (call and not is_file_tool(call.name))):
        reduced["output"] = bounded(text, limit)
    elif text and is_error:
        # The first line says what went wrong; the following ones can quote the file.
        reduced["output"] = bounded(text.split("\n", 1)[0], limit, shown=_MAX_NAME_CHARS)
    return reduced


def _figures_of(result: ToolResult) -> dict[str, JsonValue]:
    """Return the small values of a result: how it ended, sizes, the path."""
    figures: dict[str, JsonValue] = {}
    if result.exit_code is not None:
        figures["exit_code"] = result.exit_code
    figures.update(_result_values(result.detail))
    changed = result.changed_lines
    if changed is not None:
        figures.update(lines_added=changed[0], lines_removed=changed[1])
    figures.update(_result_values(result.file))
    paths = result.paths
    if paths:
        figures["path"] = paths[0]
    return figures


def _result_values(values: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if not values or values.keys().isdisjoint(RESULT_VALUES):
        return {}
    return {key: values[key] for key in RESULT_VALUES if _is_plain(values.get(key))}


def _is_plain(value: JsonValue) -> bool:
    return isinstance(value, bool) or amount(value) is not None or _name(value) is not None
