"""JSON values as text for people: nothing in it is a terminal's to obey; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.plain_text import plain_value

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


def indented_json(value: JsonValue) -> str:
    """Return a value as JSON over several lines."""
    return orjson.dumps(plain_value(value), option=orjson.OPT_INDENT_2).decode()


def compact_json(value: JsonValue) -> str:
    """Return a value as JSON on one line."""
    return orjson.dumps(plain_value(value)).decode()
