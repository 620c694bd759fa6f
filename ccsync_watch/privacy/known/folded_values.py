"""Reads a known value that a terminal or formatter broke at its width.

Rules see folded lines joined only near what they recognise; a known value need not look like
anything. Its beginning and its end are searched for, and the rest is compared across line ends.
"""

from __future__ import annotations

import re

LEAST_FOLDED = 16
"""A shorter value has ends that are in many words."""
_LONGEST_FOLDED = 1024
"""A longer value is a file's content, which comparing again and again would make slow."""
_END_SIZE = 16
"""Of a value, what has to be whole on its first or on its last line, in bytes."""
_MOST_FOLDS = 64
_LONGEST_EDGE = 24
"""What may stand between a value and a line's end or start, in bytes."""
_BORDER = rb"(?:\xe2\x94[\x82\x83]|\xe2\x95\x91|\|)"
_CLOSING = re.compile(rb"(?:[ ]{0,2}" + _BORDER + rb"[ ]{0,2}|\\)?\r?\Z")
_OPENING = re.compile(rb"[ \t]{0,12}(?:(?:" + _BORDER + rb"|[>#+*]|//)[ ]{0,4})?")


def ends_of(value: bytes) -> tuple[bytes, bytes] | None:
    """Return the beginning and the end by which a broken value is found, if it may be broken."""
    if not LEAST_FOLDED <= len(value) <= _LONGEST_FOLDED or b"\n" in value:
        return None
    size = min(_END_SIZE, len(value) // 2)
    return value[:size], value[-size:]


def folded_range(data: bytes, value: bytes, part: tuple[int, int]) -> tuple[int, int] | None:
    """Return where a broken value is of which the range `part` is the beginning or the end."""
    start, end = part
    size = end - start
    if data.startswith(value[:size], start):
        last = _read_on(data, end, value[size:])
        if last is not None:
            return start, last
    if data.startswith(value[-size:], start):
        first = _read_back(data, start, value[:-size])
        if first is not None:
            return first, end
    return None


def _read_on(data: bytes, position: int, rest: bytes) -> int | None:
    """Return where the rest of a value ends, of which `position` is the start."""
    for _ in range(_MOST_FOLDS):
        if data.startswith(rest, position):
            return position + len(rest)
        newline = data.find(b"\n", position, position + len(rest) + _LONGEST_EDGE)
        if newline < 0:
            return None
        piece = data[position : _content_end(data, position, newline)]
        if not rest.startswith(piece):
            return None
        rest = rest[len(piece) :]
        position = _content_start(data, newline + 1, rest)
        if data[position : position + 1] != b" ":
            rest = rest.lstrip(b" ")  # which is left out where lines end between words
    return None


def _read_back(data: bytes, position: int, rest: bytes) -> int | None:
    """Return where a value starts, the rest of which ends at `position`."""
    for _ in range(_MOST_FOLDS):
        if rest == data[max(0, position - len(rest)) : position]:
            return position - len(rest)
        newline = data.rfind(b"\n", max(0, position - len(rest) - _LONGEST_EDGE), position)
        if newline < 0:
            return None
        opening = _OPENING.match(data, newline + 1, position)
        piece = data[opening.end() if opening else newline + 1 : position]
        if not rest.endswith(piece):
            return None
        rest = rest[: len(rest) - len(piece)]
        position = _content_end(data, 0, newline)
        if data[position - 1 : position] != b" ":
            rest = rest.rstrip(b" ")
    return None


def _content_end(data: bytes, low: int, newline: int) -> int:
    """Return where a line's content ends, before its border."""
    closing = _CLOSING.search(data, max(low, newline - _LONGEST_EDGE), newline)
    return closing.start() if closing else newline


def _content_start(data: bytes, line: int, rest: bytes) -> int:
    """Return where a line's content starts: at its first byte, if the value continues there."""
    opening = _OPENING.match(data, line)
    if opening is None or (rest[:1] == data[line : line + 1] and data[line : line + 1].strip()):
        return line
    return opening.end()
