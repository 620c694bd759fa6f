"""Load one row of a transcript from its JSON; pure."""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.transcripts.large_rows import shorten_row, without_deep_values

if TYPE_CHECKING:
    from collections import Counter

NOT_UTF8 = "bytes that are not UTF-8"
HALF_CHARACTER = "half a character"
RAW_CONTROL = "raw control characters"
ODD_NUMBER = "numbers that are too large, or none"
TOO_DEEP = "values that are nested too deeply"

_HALF = re.compile("[\ud800-\udfff]")
# Only what a tool takes or returns comes near this; later stages walk a row by recursion.
_MAX_NESTING = 100
# No number has more digits that a program could tell apart: the others are texts.
_MOST_DIGITS = 18
# What orjson says of values that are nested deeper than it reads.
_DEPTH_ERROR = "depth limit"


def load_row(data: bytes, repairs: Counter[str] | None = None) -> dict[str, Any] | None:
    """Return the object in `data`, None if it is not a JSON object.

    What had to be repaired in it is counted in `repairs`, by its kind. Raises TooManyValuesError.
    """
    json_bytes = shorten_row(data)
    row, *kinds = _load(json_bytes)
    if TOO_DEEP in kinds or (isinstance(row, dict) and _is_too_deep(row, json_bytes)):
        row, *kinds = _load(without_deep_values(json_bytes, _MAX_NESTING))
        kinds.append(TOO_DEEP)
    if not isinstance(row, dict):
        return None
    for kind in filter(None, kinds):
        if repairs is not None:
            repairs[kind] += 1
    return row


def _load(data: bytes | bytearray) -> tuple[object, str]:
    """Return the value of `data`, None if it is not JSON, and what it has that JSON does not."""
    try:
        return orjson.loads(data), ""
    except orjson.JSONDecodeError as error:
        return (None, TOO_DEEP) if _DEPTH_ERROR in error.msg else _load_leniently(data)


def _load_leniently(data: bytes | bytearray) -> tuple[object, str]:
    """Load JSON that other programs damaged, or wrote as theirs may be.

    Bytes that are not UTF-8, half a surrogate pair and raw control characters come from programs
    that cut a text inside a character, and from damaged disks: U+FFFD takes that one's place.
    Numbers that are none, or too large for one, become texts. The row is whole otherwise, and its
    tokens were used.
    """
    readable = data.decode("utf-8", "replace")
    is_utf8 = readable.isascii() or "\ufffd" not in readable or _is_utf8(data)
    kind = NOT_UTF8 if not is_utf8 else HALF_CHARACTER if "\\u" in readable else RAW_CONTROL
    if not is_utf8:
        with contextlib.suppress(orjson.JSONDecodeError):
            return orjson.loads(readable), kind
    odd: list[str] = []

    def as_text(literal: str) -> str:
        odd.append(literal)
        return literal

    def whole(literal: str) -> int | str:
        return int(literal) if len(literal) <= _MOST_DIGITS else as_text(literal)

    def real(literal: str) -> float | str:
        number = float(literal)
        return number if math.isfinite(number) else as_text(literal)

    try:
        row = json.loads(
            readable, strict=False, parse_constant=as_text, parse_int=whole, parse_float=real
        )
        text = _HALF.sub("\ufffd", json.dumps(row, ensure_ascii=False))
    except ValueError:
        return None, ""
    except RecursionError:
        return None, TOO_DEEP
    try:
        return orjson.loads(text), ODD_NUMBER if odd and is_utf8 else kind
    except orjson.JSONDecodeError:  # it is JSON, as just written
        return None, TOO_DEEP


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
