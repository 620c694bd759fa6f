"""Joins the texts of a value, so that one scan reads them all; no rule matches across two of them.

Most values have hundreds of short texts: what is done for each of them here is done in C.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ccsync_watch.privacy.engine.scanner import Hit

HitsByTrigger = dict[int, list[int]]
"""The ends of the hits of each trigger of a rule, in order."""

PIECE = 1 << 19
"""How many bytes are read together."""
_MOST_TEXTS = 16_384
_SEPARATOR = "\n\x01\n"
_GAP = len(_SEPARATOR)


class JoinedTexts:
    """Some of the texts of a value, by their indices; `data` has a line break before each."""

    def __init__(
        self, spelled: Sequence[str], starts: Sequence[int], first: int, last: int, offset: int
    ) -> None:
        """Join `spelled[first:last]`, which start at `starts`, as the texts from `offset` on."""
        self.data = ("\n" + _SEPARATOR.join(spelled[first:last])).encode("latin-1")
        self._starts = starts
        self._first, self._last = first, last
        self._offset = offset
        self._base = starts[first] - 1

    @property
    def indices(self) -> range:
        """Return the indices of the texts."""
        return range(self._offset, self._offset + self._last - self._first)

    def text(self, index: int) -> bytes:
        """Return one of the texts."""
        at = index - self._offset + self._first
        start = self._starts[at] - self._base
        return self.data[start : self._starts[at + 1] - _GAP - self._base]

    def index_at(self, position: int) -> int:
        """Return the index of the text at a position of `data`."""
        at = bisect_right(self._starts, self._base + position, self._first, self._last) - 1
        return max(at, self._first) - self._first + self._offset

    def by_text(self, hits: Sequence[Hit], before: int) -> dict[int, HitsByTrigger]:
        """Return the hits of the triggers `before` one, by their texts' indices.

        Their ends are those in the text; a hit that ends between two texts is left out.
        """
        grouped: dict[int, HitsByTrigger] = {}
        starts, first, last, base = self._starts, self._first, self._last, self._base
        moved = self._offset - first
        for end, trigger in hits:
            if trigger < before:
                at = bisect_right(starts, base + end - 1, first, last) - 1
                own_end = base + end - starts[at]
                if own_end <= starts[at + 1] - _GAP - starts[at]:
                    hits_of_text = grouped.setdefault(at + moved, {})
                    hits_of_text.setdefault(trigger, []).append(own_end)
        return grouped


def join_texts(texts: Sequence[str]) -> Iterator[JoinedTexts]:
    """Yield the texts joined, some at a time; one that is longer than `PIECE` is alone."""
    for offset in range(0, len(texts), _MOST_TEXTS):
        # A character for each byte, so that no text makes the others wider. Most are ASCII.
        spelled = [
            text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("latin-1")
            for text in texts[offset : offset + _MOST_TEXTS]
        ]
        gaps = range(0, _GAP * (len(spelled) + 1), _GAP)
        starts = list(map(add, accumulate(map(len, spelled), initial=0), gaps))
        first = 0
        while first < len(spelled):
            last = max(first + 1, bisect_right(starts, starts[first] + PIECE) - 1)
            yield JoinedTexts(spelled, starts, first, last, offset + first)
            first = last
