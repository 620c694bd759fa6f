"""Bounds the memory that one large row takes: a value of JSON is many times what its bytes are.

Objects with more members than anything reads are shortened before they are parsed. What still
would take too much is not parsed at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.transcripts.long_texts import cut_long_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE_BYTES = 2 << 20
"""Smaller rows are parsed as they are."""
MOST_MEMBERS = 20_000
"""So many of an object's members are parsed where they follow each other, each a text or a number.

Of arguments that are longer than this, fewer are kept."""
_MEMBERS = re.compile(
    rb'(?<=[{,])"[^"\\]{0,256}":(?:"[^"\\]{0,4096}"|[-+.0-9A-Za-z]{1,64}),'
    rb'(?:"[^"\\]{0,256}":(?:"[^"\\]{0,4096}"|[-+.0-9A-Za-z]{1,64}),){0,999}'
)
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_OPEN = b'"...":"'
_CLOSE = b'",'
_FILLER = b" " * (64 << 10)
_BYTES_OF_CONTAINER = 80
_BYTES_OF_VALUE = 60
_MOST_BYTES = 256 << 20
"""What the values of a row may take, by this estimate."""
_LONG_BYTES = 8 << 20
"""Of longer rows long texts are shortened, too."""


class TooManyValuesError(ValueError):
    """A row has more values than may be held in memory."""


def shorten_row(data: bytes) -> bytes | bytearray:
    """Return a row whose objects have no more members than are read, and that takes less memory.

    In their place is one member with a text as long as they are. Of long texts the middle is left
    out, see `long_texts`. Raises TooManyValuesError.
    """
    if len(data) <= LARGE_BYTES:
        return data
    row = _without_members(data) if data.count(b'":') > MOST_MEMBERS else data
    if len(row) > _LONG_BYTES:
        row = cut_long_texts(row)
    if _estimate(row) > _MOST_BYTES and _estimate(_TEXT.sub(b'""', row)) > _MOST_BYTES:
        raise TooManyValuesError
    return row


def _without_members(data: bytes) -> bytes | bytearray:
    row: bytearray | None = None
    for start, end in _surplus(data):
        row = row or bytearray(data)  # changed where it is: a copy of most of it is a large one
        row[start : start + len(_OPEN)] = _OPEN
        for position in range(start + len(_OPEN), end - len(_CLOSE), len(_FILLER)):
            size = min(len(_FILLER), end - len(_CLOSE) - position)
            row[position : position + size] = _FILLER[:size]
        row[end - len(_CLOSE) : end] = _CLOSE
    return data if row is None else row


def _surplus(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the ranges of members that follow the most that are read, each with its comma."""
    first = end = count = 0
    for match in _MEMBERS.finditer(data):
        if match.start() != end:
            if first and end - first >= len(_FILLER):
                yield first, end
            first = count = 0
        end = match.end()
        if first:
            continue
        count += data.count(b'":', match.start(), end)
        if count >= MOST_MEMBERS:
            first = end
    if first and end - first >= len(_FILLER):
        yield first, end


def _estimate(data: bytes | bytearray) -> int:
    """Return about how many bytes the values of a row take in memory."""
    containers = data.count(b"[") + data.count(b"{")
    return _BYTES_OF_CONTAINER * containers + _BYTES_OF_VALUE * data.count(b",")
