"""Tool calls as text for the pages; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

_MAX_SUMMARY_CHARS = 160
# What tells most of a call, the first that is there.
_TELLING = (
    "command", "file_path", "notebook_path", "pattern", "path", "query", "url", "description",
    "prompt", "skill", "subject", "name",
)  # fmt: skip


def summary_of(arguments: JsonValue) -> str:
    """Return what tells most of a tool call's arguments, in one line."""
    if not isinstance(arguments, dict):
        return ""
    for name in _TELLING:
        value = arguments.get(name)
        if isinstance(value, str) and value.strip():
            line = " ".join(value.split())
            return line if len(line) <= _MAX_SUMMARY_CHARS else f"{line[: _MAX_SUMMARY_CHARS - 1]}…"
    return ", ".join(str(name) for name in list(arguments)[:4])


def pretty(value: JsonValue) -> str:
    """Return a value as JSON over several lines."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
