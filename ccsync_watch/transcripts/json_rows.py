"""Load one row of a transcript from its JSON; pure."""

from __future__ import annotations

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
        row = _load_leniently(data) if b"\\u" in data else None
    return row if isinstance(row, dict) and not _is_too_deep(row, data) else None


def _load_leniently(data: bytes) -> object:
    """Load JSON that holds half a surrogate pair, as a client that cuts UTF-16 writes it."""
    try:
        return orjson.loads(
            json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "replace")
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
