"""Where a text was changed since it was read: what a finder reads elsewhere it has read before.

A text that was redacted is read again, since what stands next to a placeholder may now look like a
secret. A finder sees a bounded part of the text around a hit; where that has no placeholder, it
finds what it found the first time: nothing that is still there.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.privacy.engine.text_views import View


class ChangedPlaces:
    """The ranges of a text, in order, that were replaced by placeholders."""

    def __init__(self, places: Sequence[tuple[int, int]]) -> None:
        self._places = places
        self._near: dict[tuple[int, int], tuple[list[int], list[int]]] = {}

    def within(self, low: int, high: int) -> ChangedPlaces:
        """Return the places in a range of the text, as those of a text that is this range."""
        return ChangedPlaces(
            [(start - low, end - low) for start, end in self._places if start < high and end > low]
        )

    def in_view(self, view: View) -> ChangedPlaces:
        """Return the places as those of a view of the text."""
        return ChangedPlaces([view.range_of(start, end) for start, end in self._places])

    def hits_near(self, ends: list[int], *, before: int, after: int) -> list[int]:
        """Return those of the ends of hits that have a place no further than so many bytes away.

        That is before the end of a hit, or after it.
        """
        starts, stops = self._ranges(before, after)
        if len(starts) == 1 and starts[0] <= ends[0] and stops[0] >= ends[-1]:
            return ends
        near: list[int] = []
        for end in ends:
            index = bisect_right(starts, end) - 1
            if index >= 0 and end <= stops[index]:
                near.append(end)
        return near

    def regions_near(
        self, regions: Sequence[tuple[int, int]], distance: int
    ) -> list[tuple[int, int]]:
        """Return those of the ranges that have a place in them or no further away."""
        starts, stops = self._ranges(distance, distance)
        near: list[tuple[int, int]] = []
        for low, high in regions:
            index = bisect_right(starts, high) - 1
            if index >= 0 and low <= stops[index]:
                near.append((low, high))
        return near

    def _ranges(self, before: int, after: int) -> tuple[list[int], list[int]]:
        """Return where the ranges start and end that have a place so near; none overlap."""
        known = self._near.get((before, after))
        if known is not None:
            return known
        starts: list[int] = []
        stops: list[int] = []
        for start, end in self._places:
            if stops and start - after <= stops[-1]:
                stops[-1] = end + before
            else:
                starts.append(start - after)
                stops.append(end + before)
        self._near[before, after] = starts, stops
        return starts, stops
