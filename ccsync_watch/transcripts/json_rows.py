"""Load one row of a transcript from its JSON; pure."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import orjson

# No row of the client comes near this; later stages walk a row by recursion.
_MAX_NESTING = 100


def load_row(data: bytes) -> dict[str, Any] | None:
    """Return the object in `data`, None if it is not a JSON object that can be walked."""
    try:
        row = orjson.loads(data)
    except orjson.JSONDecodeError:
        row = _load_leniently(data)
    return row if isinstance(row, dict) and not _is_too_deep(row, data) else None


def _load_leniently(data: bytes) -> object:
    """Load JSON with bytes that are not UTF-8, or with half a surrogate pair.

    Both come from programs that cut a text inside a character. U+FFFD takes that one's place; the
    row is whole otherwise, and its tokens were used.
    """
    readable = data.decode("utf-8", "replace")
    is_utf8 = "\ufffd" not in readable
    if is_utf8 and "\\u" not in readable:
        return None
    try:
        if not is_utf8:
            with contextlib.suppress(orjson.JSONDecodeError):
                return orjson.loads(readable)
        return orjson.loads(
            json.dumps(json.loads(readable), ensure_ascii=False).encode("utf-8", "replace")
        )
    except (ValueError, RecursionError):
        return None


def _is_too_deep(row: dict[str, Any], data: bytes) -> bool:
    if data.count(b"{") + data.count(b"[") <= _MAX_NESTING:
        return False
    level: list[Any] = [row]
    for _depth in range(_MAX_NESTING):
        level = [
            value
            for container in level
            for value in (container.values() if isinstance(container, dict) else container)
            if isinstance(value, (dict, list))
        ]
    return bool(level)
