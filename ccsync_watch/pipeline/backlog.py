"""The transcripts that wait for their turn, the most recently written first."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.transcripts.discovery import Transcript


class Backlog:
    """One entry a path, with its rank in nanoseconds of the epoch: the highest goes first."""

    def __init__(self) -> None:
        self._queued: dict[str, tuple[int, Transcript]] = {}
        self._heap: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._queued)

    def __contains__(self, path: str) -> bool:
        return path in self._queued

    def found(self) -> list[Transcript]:
        """Return what waits, in no order; safe to ask from another thread."""
        return [found for _rank, found in list(self._queued.values())]

    def put(self, found: Transcript, rank: int) -> None:
        """Queue a transcript as it is now. What was urgent stays so."""
        before = self._queued.get(found.path)
        rank = max(rank, before[0]) if before else rank
        self._queued[found.path] = (rank, found)
        if before is None or before[0] != rank:
            heapq.heappush(self._heap, (-rank, found.path))

    def take(self) -> tuple[int, Transcript] | None:
        """Return the first in turn with its rank, and forget it; None when nothing waits."""
        while self._heap:
            rank, path = heapq.heappop(self._heap)
            queued = self._queued.get(path)
            # One that was put again with a higher rank stands in the heap twice.
            if queued is not None and queued[0] == -rank:
                del self._queued[path]
                return queued
        return None
