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
    from collections.abc import Iterator

# Only this begins a row: the blocks inside a row have types too. Inside a string the quotes
# would be escaped.
TREE_HEAD = b'{"parentUuid":'
_ROW_START = re.compile(
    rb'\{"(?:parentUuid":|type":"(?:' + "|".join(sorted(LINE_TYPES)).encode() + rb')")'
)
_MAX_ATTEMPTS = 64
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SalvagedRow:
    """A row found inside a damaged line; `line` has its offsets and no data."""

    row: dict[str, Any]
    line: Line


def salvage(line: Line) -> Iterator[SalvagedRow | Unreadable]:
    """Yield the complete rows inside a damaged line and the gaps between them, in their order."""
    position = line.start
    for start, end, row in _find_rows(line.data):
        yield from _gap(position, line.start + start, line)
        yield SalvagedRow(row, Line(line.start + start, line.start + end, b""))
        position = line.start + end
    yield from _gap(position, line.end - 1, line)


def _gap(start: int, end: int, line: Line) -> Iterator[Unreadable]:
    """Yield the range between two rows, unless it is white space or a byte order mark."""
    data = line.data[start - line.start : end - line.start].strip(b"\r\n\t ")
    if data and data != _BOM:
        yield Unreadable(start, end, "not JSON" if data.strip(b"\0") else "NUL bytes")


def _find_rows(data: bytes) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield `(start, end, row)` of each object in `data` that can be read by itself."""
    decoder = json.JSONDecoder()
    position = 0
    for _attempt in range(_MAX_ATTEMPTS):
        match = _ROW_START.search(data, position)
        if not match:
            return
        start = match.start()
        row = load_row(data[start:].rstrip(b"\0\r "))
        if row is not None:
            yield start, len(data), row
            return
        try:
            # latin-1 keeps one character per byte, so the end is an offset in bytes.
            _value, end = decoder.raw_decode(data[start:].decode("latin-1"))
            row = load_row(data[start : start + end])
        except (ValueError, RecursionError):
            row, end = None, 1
        if row is None:
            position = start + 1
            continue
        yield start, start + end, row
        position = start + end
