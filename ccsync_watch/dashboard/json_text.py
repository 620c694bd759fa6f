"""JSON values as text for people; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


def indented_json(value: JsonValue) -> str:
    """Return a value as JSON over several lines."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def compact_json(value: JsonValue) -> str:
    """Return a value as JSON on one line."""
    return orjson.dumps(value).decode()
