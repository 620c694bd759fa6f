"""Recover the complete rows inside a line that is not JSON; pure.

Torn writes, two processes on one file, and lost power leave such lines. See
transcripts/README.md.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ccsync_watch.model import Line, Unreadable
from ccsync_watch.transcripts.json_rows import load_row
from ccsync_watch.transcripts.line_types import LINE_TYPES

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

# Only these begin a row: the blocks inside a row have types too, and inside a string the quotes
# would be escaped. A brace does so at the start of a line,
# and right behind another one.
_TREE_HEAD = b'{"parentUuid":'
_NEXT_HEAD = b'}{"'
_NAMES = "|".join(sorted(LINE_TYPES)).encode()
_ROW_START = re.compile(
    rb'\{\s?"(?:parentUuid"\s?:|type"\s?:\s?"(?:' + _NAMES + rb')")|(?:\A|(?<=\}))\s?\{\s?"'
)
_KEPT_NAMES = "|".join(
    sorted(name for name, line_type in LINE_TYPES.items() if not line_type.is_dropped)
)
_KEPT_START = re.compile(rb'\{"type":"(?:' + _KEPT_NAMES.encode() + rb')"')
# Facts are short: one behind a long row stands at the end of the line.
_EDGE_BYTES = 2048
SPLICED = "another row inside"
_MAX_ATTEMPTS = 64
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SalvagedRow:
    """A row inside a damaged line; `line` has its offsets and no data."""

    row: dict[str, Any]
    line: Line


def holds_other_rows(data: bytes) -> bool:
    """Return whether a line that begins like a dropped row may hold rows that are kept."""
    if data.find(_TREE_HEAD, 1) >= 0 or data.find(_NEXT_HEAD, 1, _EDGE_BYTES) >= 0:
        return True
    return _KEPT_START.search(data, max(1, len(data) - _EDGE_BYTES)) is not None


def salvage(line: Line, repairs: Counter[str]) -> Iterator[SalvagedRow | Unreadable]:
    """Yield the complete rows inside a damaged line and the gaps between them, in their order.

    What had to be repaired in them is counted in `repairs`.
    """
    inner_rows = list(_find_rows(line.data, repairs))
    outer = _join_around(line.data, inner_rows, repairs)
    if outer is not None:
        repairs[SPLICED] += 1
        yield SalvagedRow(outer, Line(line.start, line.end, b""))
        for start, end, row in inner_rows:
            yield SalvagedRow(row, Line(line.start + start, line.start + end, b""))
        return
    position = line.start
    for start, end, row in inner_rows:
        yield from _gap(position, line.start + start, line)
        yield SalvagedRow(row, Line(line.start + start, line.start + end, b""))
        position = line.start + end
    yield from _gap(position, line.end - 1, line)


def _join_around(
    data: bytes, inner_rows: list[tuple[int, int, dict[str, Any]]], repairs: Counter[str]
) -> dict[str, Any] | None:
    """Return the row into which others were written, None if what is around them is not a row."""
    if not inner_rows or inner_rows[0][0] == 0 or inner_rows[-1][1] >= len(data.rstrip(b"\0\r\n ")):
        return None
    pieces, position = [], 0
    for start, end, _row in inner_rows:
        pieces.append(data[position:start])
        position = end
    pieces.append(data[position:])
    row = load_row(b"".join(pieces).strip(b"\0\r\n "), repairs)
    return row if row is not None and isinstance(row.get("type"), str) else None


def _gap(start: int, end: int, line: Line) -> Iterator[Unreadable]:
    """Yield the range between two rows, unless it is white space or a byte order mark."""
    data = line.data[start - line.start : end - line.start].strip(b"\r\n\t ")
    if data and data != _BOM:
        yield Unreadable(start, end, "not JSON" if data.strip(b"\0") else "NUL bytes")


def _find_rows(data: bytes, repairs: Counter[str]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield `(start, end, row)` of each object in `data` that can be read by itself."""
    decoder = json.JSONDecoder()
    position = 0
    for _attempt in range(_MAX_ATTEMPTS):
        match = _ROW_START.search(data, position)
        if not match:
            return
        start = data.index(b"{", match.start())
        row = _as_row(load_row(data[start:].rstrip(b"\0\r "), repairs))
        if row is not None:
            yield start, len(data), row
            return
        try:
            # latin-1 keeps one character per byte, so the end is an offset in bytes.
            _value, end = decoder.raw_decode(data[start:].decode("latin-1"))
            row = _as_row(load_row(data[start : start + end], repairs))
        except (ValueError, RecursionError):
            row, end = None, 1
        if row is None:
            position = start + 1
            continue
        yield start, start + end, row
        position = start + end


def _as_row(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return an object that has a type, as every row does."""
    return value if value is not None and isinstance(value.get("type"), str) else None
