"""Bounds the memory that one large row takes: a value of JSON is many times what its bytes are.

Objects with more members and lists with more elements than anything reads are shortened before
they are parsed. What still would take too much is not parsed at all.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ccsync_watch.transcripts.long_texts import cut_long_texts, cut_spaces, text_end

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE_BYTES = 2 << 20
"""Smaller rows are parsed as they are."""
MOST_MEMBERS = 20_000
"""So many of an object's members are parsed where they follow each other, each a text or a number.

Of arguments that are longer than this, fewer are kept."""
MOST_ELEMENTS = 80_000
"""So many elements of a list are parsed, or members of an object, whatever they are."""
_FEWER_ELEMENTS = (8_000, 800)
"""Where the values of a row would take too much with so many."""
_MEMBERS = re.compile(
    rb'(?<=[{,])"[^"\\]{0,256}":(?:"[^"\\]{0,4096}"|[-+.0-9A-Za-z]{1,64}),'
    rb'(?:"[^"\\]{0,256}":(?:"[^"\\]{0,4096}"|[-+.0-9A-Za-z]{1,64}),){0,999}'
)
# A short text as a whole, of a longer one the quote before it, or what separates values.
_TOKEN = re.compile(rb'"[^"\\]{0,4096}"|["\[\]{},]')
_QUOTE = b'"'
_LEAST_SURPLUS = 32
_MOST_NESTING = 1000
"""A row that is nested deeper is not read."""
_OPEN = b'"...":"'
_CLOSE = b'",'
_DEEPER = b'"..."'
_FILLER = b" " * (64 << 10)
_BYTES_OF_CONTAINER = 250
_BYTES_OF_VALUE = 60
_MOST_BYTES = 56 << 20
"""What the values of a row may take, by this estimate."""
_LONG_BYTES = 8 << 20
"""Of longer rows long texts are shortened, too."""


class TooManyValuesError(ValueError):
    """A row has more values than may be held in memory."""


def shorten_row(data: bytes) -> bytes | bytearray:
    """Return a row whose values have no more members than are read, and that takes less memory.

    In their place is one member with a text as long as they are. Of long texts the middle is left
    out, see `long_texts`. Raises TooManyValuesError.
    """
    if len(data) <= LARGE_BYTES:
        return data
    row = _without_members(data) if data.count(b'":') > MOST_MEMBERS else data
    for most in (MOST_ELEMENTS, *_FEWER_ELEMENTS):
        if row.count(b",") >= most:
            row = _without_elements(row, most)
        if most == MOST_ELEMENTS and len(row) > _LONG_BYTES:
            row = cut_long_texts(row)
        if _takes_little(row):
            return row
    raise TooManyValuesError


def without_deep_values(data: bytes | bytearray, most: int) -> bytes | bytearray:
    """Return JSON in which a text stands for each list or object inside of `most` others."""
    pieces: list[bytes | bytearray] = []
    position = depth = start = 0
    for token, at in _tokens(data):
        if token in b"[{":
            depth += 1
            if depth == most + 1:
                start = at
        elif token in b"]}":
            depth -= 1
            if depth == most:
                pieces += (data[position:start], _DEEPER)
                position = at + 1
    return b"".join((*pieces, data[position:])) if pieces else data


def _without_elements(data: bytes | bytearray, most: int) -> bytes | bytearray:
    pieces: list[bytes | bytearray] = []
    position = 0
    for start, end in _surplus_elements(data, most):
        before = b"," + (_QUOTE if data[end : end + 1] == b"]" else _OPEN)
        spaces = cut_spaces(end - start - len(before) - len(_QUOTE))
        pieces += (data[position:start], before, spaces, _QUOTE)
        position = end
    return b"".join((*pieces, data[position:])) if pieces else data


def _surplus_elements(data: bytes | bytearray, most: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges from the comma after the last element that is read to its list's end."""
    lists = _OpenLists(most)
    for token, position in _tokens(data):
        start = lists.add(token, position)
        if start is not None and position - start >= _LEAST_SURPLUS:
            yield start, position


def _tokens(data: bytes | bytearray) -> Iterator[tuple[bytes, int]]:
    """Yield what opens, separates and closes values, and where; texts may be among it, too."""
    position = 0
    while position < len(data):
        for match in _TOKEN.finditer(data, position):
            if match[0] == _QUOTE:
                position = text_end(data, match.start())
                break
            yield bytes(match[0]), match.start()
        else:
            return


class _OpenLists:
    """Follows lists and objects through a row, and counts their elements: up to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._commas = [0]  # of what is open, the innermost last
        self._depth = self._start = 0

    def add(self, token: bytes, position: int) -> int | None:
        """Return where the surplus of the list begins that ends with this token, else None."""
        if token == b",":
            self._commas[-1] += 1
            if self._commas[-1] == self._most and not self._depth:
                self._start, self._depth = position, len(self._commas)
        elif token in b"[{":
            # What is nested deeper is not read.
            if len(self._commas) < _MOST_NESTING:
                self._commas.append(0)
        elif token in b"]}":
            is_surplus = len(self._commas) == self._depth
            if len(self._commas) > 1:
                self._commas.pop()
            if is_surplus:
                self._depth = 0
                return self._start
        return None


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


def _takes_little(row: bytes | bytearray) -> bool:
    """Return whether the values of a row take no more memory than they may, by an estimate."""
    containers = row.count(b"[") + row.count(b"{")
    if _estimate(containers, row.count(b",")) <= _MOST_BYTES:
        return True
    # Some of these are in texts.
    counts = Counter(token for token, _position in _tokens(row) if len(token) == 1)
    return _estimate(counts[b"["] + counts[b"{"], counts[b","]) <= _MOST_BYTES


def _estimate(containers: int, commas: int) -> int:
    """Return about how many bytes values take in memory."""
    return _BYTES_OF_CONTAINER * containers + _BYTES_OF_VALUE * commas
