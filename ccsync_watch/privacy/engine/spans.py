"""Ranges of bytes to be removed, and how overlapping ones become one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ccsync_watch.privacy.engine.rank import Rank

BACKSLASH = 0x5C

_ESCAPED_EDGE = re.compile(
    rb"(?:\\[nrtfbv0]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\[[0-9;]{0,12}m|"
    rb"&[a-z]{2,6};)\Z",
)
_BLOB = re.compile(
    rb"(?=[^\n]{0,39}[0-9])(?=[^\n]{0,39}[A-Z])(?=[^\n]{0,39}[a-z])[A-Za-z0-9+/]{20,40}\Z"
)
"""The text before a token that is only a part of base64."""


class Span(NamedTuple):
    """One secret: `start, end` in bytes; see `Rank` for which kind is named where spans overlap.

    `text` is the secret without dressing, if it was found in a view of the text.
    """

    start: int
    end: int
    kind: str
    rank: Rank
    text: bytes = b""


def moved(span: Span, offset: int) -> Span:
    """Return a span of a text as one of a text in which that begins at `offset`."""
    start, end, kind, rank, text = span
    return Span(start + offset, end + offset, kind, rank, text)


def opens_word(data: bytes, start: int) -> bool:
    """Tell whether a word can begin at `start`, which is after an escape or not after a letter."""
    if start == 0:
        return True
    before = data[start - 1]
    if before in b"+/":
        return _BLOB.search(data[max(0, start - 40) : start]) is None
    if not (48 <= before <= 57 or 65 <= before <= 90 or 97 <= before <= 122):  # noqa: PLR2004 - ASCII
        return True
    return _ESCAPED_EDGE.search(data[max(0, start - 16) : start]) is not None


def whole_characters(data: bytes, span: Span) -> Span:
    """Return a span that cuts no character of UTF-8 in two."""
    start, end = span.start, span.end
    while start and data[start] & 0xC0 == 0x80:  # noqa: PLR2004 - a byte inside a character
        start -= 1
    while end < len(data) and data[end] & 0xC0 == 0x80:  # noqa: PLR2004 - as above
        end += 1
    return span if (start, end) == span[:2] else span._replace(start=start, end=end)


def merge(spans: list[Span]) -> list[Span]:
    """Return the spans in order, overlapping ones joined under the kind with the first rank.

    They are joined rather than selected: a value that contains a token is removed as a whole. Of
    spans that start together the longest comes first: a format that explains more is named.
    """
    result: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end, span.kind)):
        if result and span.start < result[-1].end:
            last = result[-1]
            kind, rank = (span.kind, span.rank) if span.rank < last.rank else (last.kind, last.rank)
            end = max(last.end, span.end)
            text = span.text if span[:2] == (last.start, end) else b""
            text = last.text if last.end == end else text
            result[-1] = Span(last.start, end, kind, rank, text)
        else:
            result.append(span)
    return result


_BRACKETS = re.compile(rb"[()\[\]{}]")
_PAIRS = {0x29: 0x28, 0x5D: 0x5B, 0x7D: 0x7B}


def trim_end(data: bytes, start: int, end: int) -> int:
    """Return `end` without the punctuation that closes a sentence or a bracket around the value."""
    while end > start:
        last = data[end - 1]
        is_unopened = last in _PAIRS and data.find(_PAIRS[last], start, end) < 0
        is_doubled = last in b"!?" and data[end - 2] in b".!?"
        if not (last in b",;:\\." or is_unopened or is_doubled):
            break
        end -= 1
    return end


def balanced_end(data: bytes, start: int, end: int) -> int:
    """Return the position of the first closing bracket not opened in the range, or `end`."""
    opened: list[int] = []
    for bracket in _BRACKETS.finditer(data, start, end):
        byte = data[bracket.start()]
        if byte not in _PAIRS:
            opened.append(byte)
        elif not opened or opened.pop() != _PAIRS[byte]:
            return bracket.start()
    return end
