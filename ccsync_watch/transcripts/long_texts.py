"""Cuts the middle out of very long texts of a row before it is parsed; pure.

A text is kept as far as anything reads it, which is its beginning and its end. In between stands
how much was left out, so that sizes which are measured of the text are those of the whole.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_BYTES = 512 << 10
"""What is shorter is never cut. In bytes of JSON, as the texts of a row are read before parsing."""
# Together the beginnings have so many characters, but each at least as many as any limit shows and
# the redactor reads beyond it.
_ALL_HEAD_CHARS = 2 << 20
_MOST_HEAD_CHARS = 1 << 20
_LEAST_HEAD_CHARS = 208 << 10
# At the end of a text are the client's own words about it.
_TAIL_CHARS = 8 << 10
# A text by the escapes in it: a pattern without limits would keep each in memory. The second
# continues where the first ended.
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*){0,999}("?)', re.DOTALL)
_REST = re.compile(rb'[^"\\]*(?:\\.[^"\\]*){0,999}("?)', re.DOTALL)
_WINDOW = re.compile(rb"(?:[^\\]{1,64}|(?:\\(?:u.{4}|.)){1,16}){1,2000}", re.DOTALL)
_HALF_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}")
_ESCAPE_BYTES = len(b"\\u0000")
_CHARACTER_BYTES = 4
_CONTINUATION = range(0x80, 0xC0)
_MARK = "… [left out: {chars:,} characters, {bytes:,} bytes, {lines:,} line ends] …"
_MARKS = re.compile(
    r"… \[left out: ([0-9,]{1,20}) characters, ([0-9,]{1,20}) bytes, ([0-9,]{1,20}) line ends\] …"
)


class TextSize(NamedTuple):
    """The size of a text, or of a part of one: `bytes` as UTF-8, `line_ends` are newlines."""

    chars: int = 0
    bytes: int = 0
    line_ends: int = 0

    def plus(self, other: TextSize) -> TextSize:
        """Return the sum."""
        return TextSize(*map(sum, zip(self, other, strict=True)))


def size_of(text: str) -> TextSize:
    """Return the size of a text, what was left out of it included."""
    text, left_out = without_marks(text)
    size = TextSize(len(text), len(text.encode("utf-8", "replace")), text.count("\n"))
    return size.plus(left_out)


def without_marks(text: str) -> tuple[str, TextSize]:
    """Return a text without what stands for the parts left out, and the size of those parts."""
    left_out = TextSize()
    for mark, size in _marks_in(text):
        text, left_out = text.replace(mark, ""), left_out.plus(size)
    return text, left_out


def _marks_in(text: str) -> Iterator[tuple[str, TextSize]]:
    # Of shorter texts nothing was left out: one that has such words says them itself.
    if len(text) >= _LEAST_HEAD_CHARS:
        for match in _MARKS.finditer(text):
            yield match[0], TextSize(*(int(number.replace(",", "")) for number in match.groups()))


def cut_long_texts(row: bytes | bytearray) -> bytes | bytearray:
    """Return a row of JSON without the middle of its long texts; the row itself without such."""
    texts = list(_long_texts(row))
    if not texts:
        return row
    head_chars = max(_LEAST_HEAD_CHARS, min(_MOST_HEAD_CHARS, _ALL_HEAD_CHARS // len(texts)))
    pieces: list[bytes] = []
    position = 0
    for start, end in texts:
        pieces += (bytes(row[position:start]), *_cut(row, start, end, head_chars))
        position = end
    return b"".join((*pieces, bytes(row[position:])))


def cut_spaces(chars: int) -> bytes:
    """Return a text of so many spaces, without its middle if it is long."""
    left_out = chars - _LEAST_HEAD_CHARS - _TAIL_CHARS
    if chars <= LONG_BYTES:
        return b" " * chars
    mark = _MARK.format(chars=left_out, bytes=left_out, lines=0).encode()
    return b" " * _LEAST_HEAD_CHARS + mark + b" " * _TAIL_CHARS


def text_end(row: bytes | bytearray, start: int) -> int:
    """Return the end of a text in a row of JSON; its quote is at `start`."""
    position, is_closed = start + 1, False
    while not is_closed and (match := _REST.match(row, position)) and match.end() > position:
        position, is_closed = match.end(), bool(match[1])
    return position


def _long_texts(row: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Yield the ranges of what is between the quotes of each long text that is a value."""
    position = 0
    while match := _TEXT.search(row, position):
        start, position = match.start() + 1, match.end()
        is_closed = bool(match[1])
        while not is_closed and (match := _REST.match(row, position)) and match.end() > position:
            position, is_closed = match.end(), bool(match[1])
        if is_closed and position - start > LONG_BYTES and row[position : position + 1] != b":":
            yield start, position - 1


def _cut(row: bytes | bytearray, start: int, end: int, head_chars: int) -> Iterator[bytes]:
    """Yield the beginning of a text, a mark of what is left out, and its end.

    A piece that is not JSON is kept, as it says what is wrong with the row.
    """
    windows = _windows(row, start, end)
    kept = 0
    while kept < head_chars and (piece := next(windows, b"")):
        kept += _measure(piece).chars
        yield piece
    left_out, is_flawed = TextSize(), False
    tail: deque[tuple[bytes, TextSize]] = deque()
    tail_chars = 0
    for piece in windows:
        tail.append((piece, _measure(piece)))
        tail_chars += tail[-1][1].chars
        while tail_chars - tail[0][1].chars >= _TAIL_CHARS:
            earliest, size = tail.popleft()
            tail_chars -= size.chars
            if is_flawed or _loads(earliest) is not None:
                left_out = left_out.plus(size)
            else:
                is_flawed = True
                yield from (_mark(left_out), earliest)
                left_out = TextSize()
    yield _mark(left_out)
    yield from (piece for piece, _size in tail)


def _mark(left_out: TextSize) -> bytes:
    chars, size, line_ends = left_out
    return _MARK.format(chars=chars, bytes=size, lines=line_ends).encode() if size else b""


def _windows(row: bytes | bytearray, start: int, end: int) -> Iterator[bytes]:
    """Yield a text in pieces of some 10 kB, cut neither in a character nor in an escape."""
    while start < end:
        match = _WINDOW.match(row, start, end)
        stop = match.end() if match else end
        while start + _CHARACTER_BYTES < stop < end and row[stop] in _CONTINUATION:
            stop -= 1
        if _is_half_pair(bytes(row[start:stop])) and row[stop : stop + 2] == b"\\u":
            stop = min(end, stop + _ESCAPE_BYTES)
        yield bytes(row[start:stop])
        start = stop


def _is_half_pair(piece: bytes) -> bool:
    """Return whether a piece ends with the first escape of a pair that is one character."""
    if not _HALF_PAIR.match(piece[-_ESCAPE_BYTES:]):
        return False
    before = piece[:-_ESCAPE_BYTES]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 0


def _measure(piece: bytes) -> TextSize:
    """Return the size of a piece of JSON's text; about the size, if it is not one."""
    text = _loads(piece)
    return size_of(piece.decode("utf-8", "replace") if text is None else text)


def _loads(piece: bytes) -> str | None:
    try:
        return str(orjson.loads(b'"' + piece + b'"'))
    except orjson.JSONDecodeError:
        return None
