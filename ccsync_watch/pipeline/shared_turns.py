"""Which transcripts of a plan are cleaned here, as long as the process that cleans ahead is slower.

Whole transcripts: a call and its result are in the same one, so what is cleaned on either side
seldom depends on the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.pipeline.cleaning_messages import PlannedChunk

_CHOSEN_BYTES = 1 << 19
"""So much is chosen at once, or one transcript; the other process has results for as long."""


class SharedTurns:
    """The transcripts of one plan, in its order."""

    def __init__(self, turns: Iterable[PlannedChunk] = ()) -> None:
        self._upcoming = {turn.transcript.path: turn.transcript.size for turn in turns}
        self._own: set[str] = set()
        self._last_chosen: str | None = None

    def is_own(self, path: str) -> bool:
        """Return whether a transcript is cleaned here."""
        return path in self._own

    def reach(self, path: str) -> None:
        """Remember that a transcript is read now: those before it were, or are not read at all."""
        if path in self._upcoming:
            for before in list(self._upcoming):
                del self._upcoming[before]
                if before == path:
                    return

    def choose(self) -> frozenset[str]:
        """Return the transcripts to be cleaned here, as the other process is waited for.

        Nothing as long as those that were chosen before are not read yet. Every second one, so that
        both have something to do; not the next, which the other process may begin before it knows.
        """
        chosen: list[str] = []
        size = 0
        if self._last_chosen not in self._upcoming:
            for path in list(self._upcoming)[1::2]:
                size += self._upcoming[path]
                if chosen and size > _CHOSEN_BYTES:
                    break
                chosen.append(path)
        self._own.update(chosen)
        self._last_chosen = chosen[-1] if chosen else self._last_chosen
        return frozenset(chosen)
