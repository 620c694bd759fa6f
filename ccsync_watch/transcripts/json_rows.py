"""Load one row of a transcript from its JSON; pure."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.transcripts.large_rows import shorten_row

if TYPE_CHECKING:
    from collections import Counter

NOT_UTF8 = "bytes that are not UTF-8"
HALF_CHARACTER = "half a character"
RAW_CONTROL = "raw control characters"

_HALF = re.compile("[\ud800-\udfff]")
# No row of the client comes near this; later stages walk a row by recursion.
_MAX_NESTING = 100


def load_row(data: bytes, repairs: Counter[str] | None = None) -> dict[str, Any] | None:
    """Return the object in `data`, None if it is not a JSON object that can be walked.

    What had to be repaired in it is counted in `repairs`, by its kind. Raises TooManyValuesError.
    """
    kind = ""
    json_bytes = shorten_row(data)
    try:
        row = orjson.loads(json_bytes)
    except orjson.JSONDecodeError:
        row, kind = _load_leniently(json_bytes)
    if not isinstance(row, dict) or _is_too_deep(row, json_bytes):
        return None
    if kind and repairs is not None:
        repairs[kind] += 1
    return row


def _load_leniently(data: bytes | bytearray) -> tuple[object, str]:
    """Load JSON with bytes that are not UTF-8, half a surrogate pair or raw control characters.

    They come from programs that cut a text inside a character, and from damaged disks. U+FFFD
    takes that one's place; the row is whole otherwise, and its tokens were used.
    """
    readable = data.decode("utf-8", "replace")
    is_utf8 = readable.isascii() or "\ufffd" not in readable or _is_utf8(data)
    kind = NOT_UTF8 if not is_utf8 else HALF_CHARACTER if "\\u" in readable else RAW_CONTROL
    if not is_utf8:
        with contextlib.suppress(orjson.JSONDecodeError):
            return orjson.loads(readable), kind
    try:
        row = json.loads(readable, strict=False)
        text = _HALF.sub("\ufffd", json.dumps(row, ensure_ascii=False))
        return orjson.loads(text), kind
    except (ValueError, RecursionError):
        return None, ""


def _is_utf8(data: bytes | bytearray) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_too_deep(row: dict[str, Any], data: bytes | bytearray) -> bool:
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
