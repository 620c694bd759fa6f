"""A text as its reader sees it, without dressing, and where each of its bytes comes from.

A view consists of regions around the edits alone, so that a long text with little dressing is not
read twice. Between the regions is what no rule reads across.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.engine.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MASK = b"\x01"
"""What rules see instead of a placeholder, and between regions: a byte that no value contains."""

_SEPARATOR = b"\n" + MASK + b"\n"
_BEFORE = 448
_AFTER = 576
"""How far rules read to the left and the right of an edit, in bytes."""
_LONGEST_RUN = 8192
"""Where a value reaches beyond that, its region ends with it; longer ones are cut."""
_BLANK = re.compile(rb"[\s\x00\x01]")


class Edit(NamedTuple):
    """A range of a text, and what a reader sees there.

    A secret that ends in `text` ends at `reach` in the original, if that is not 0.
    """

    start: int
    end: int
    text: bytes
    reach: int = 0


class View:
    """The edited regions of a text; `data` is what rules read."""

    def __init__(
        self, data: bytes, regions: Iterable[tuple[tuple[int, int], Sequence[Edit]]]
    ) -> None:
        """Apply the edits of each region, which are in order without overlaps."""
        pieces: list[bytes] = []
        origins: list[tuple[int, int, bool]] = []
        for (low, high), edits in regions:
            position = low
            for start, end, text, reach in edits:
                if start > position:
                    pieces.append(data[position:start])
                    origins.append((position, start, True))
                if text:
                    pieces.append(text)
                    origins.append((start, reach or end, False))
                position = end
            if high > position:
                pieces.append(data[position:high])
                origins.append((position, high, True))
            pieces.append(_SEPARATOR)
            origins.append((high, high, False))
        self.data = b"".join(pieces)
        self._origins = origins
        self._sizes = list(map(len, pieces))

    @cached_property
    def _starts(self) -> list[int]:
        """Return where the pieces start in `data`; few views are asked."""
        return list(accumulate(self._sizes[:-1], initial=0))

    def original(self, span: Span) -> Span:
        """Return the range of the text from a span's first byte to its last, dressing included."""
        first = bisect_right(self._starts, span.start) - 1
        start, _, is_copy = self._origins[first]
        start += span.start - self._starts[first] if is_copy else 0
        last = bisect_right(self._starts, span.end - 1) - 1
        begin, end, is_copy = self._origins[last]
        if is_copy:
            end = begin + span.end - self._starts[last]
        is_whole = first == last and is_copy
        text = span.text if is_whole else span.text or self.data[span.start : span.end]
        return Span(start, max(end, start), span.kind, span.rank, text)

    @cached_property
    def _origin_starts(self) -> list[int]:
        return [start for start, _, _ in self._origins]

    def range_of(self, start: int, end: int) -> tuple[int, int]:
        """Return where a range of the text is in the view, or next to which part of it."""
        return self._position_of(start), self._position_of(end)

    def _position_of(self, original: int) -> int:
        index = bisect_right(self._origin_starts, original) - 1
        if index < 0:
            return 0
        begin, end, is_copy = self._origins[index]
        moved = min(original, end) - begin if is_copy else 0
        return self._starts[index] + moved


def regions_around(data: bytes, ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what rules may have to read around `ranges`, which are in order; joined where near."""
    regions: list[tuple[int, int]] = []
    for start, end in _clusters(ranges):
        low = _region_start(data, start)
        high = _region_end(data, end)
        if regions and low <= regions[-1][1]:
            regions[-1] = (regions[-1][0], max(high, regions[-1][1]))
        else:
            regions.append((low, high))
    return regions


def _clusters(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield ranges as one where their regions are one whatever is between."""
    first = last = -_BEFORE - _AFTER - 1
    for start, end in ranges:
        if start > last + _BEFORE + _AFTER:
            if last >= 0:
                yield first, last
            first = start
            last = end
        elif end > last:
            last = end
    if last >= 0:
        yield first, last


def _region_start(data: bytes, start: int) -> int:
    """Return a word's start at least a rule's reach before `start`: half a word can mislead."""
    low = max(0, start - _BEFORE)
    if low == 0:
        return 0
    line = data.rfind(b"\n", max(0, low - _BEFORE), low)
    if line >= 0:
        return line + 1
    return max(data.rfind(b" ", max(0, low - _LONGEST_RUN), low) + 1, low - _LONGEST_RUN, 0)


def _region_end(data: bytes, end: int) -> int:
    high = min(len(data), end + _AFTER)
    blank = _BLANK.search(data, high, high + _LONGEST_RUN)
    return blank.start() if blank else min(len(data), high + _LONGEST_RUN)
