"""Decide whether the system announces changes here: on network drives it does not.

A change that a sweep found is suspect until an event for it comes, or the grace is over. Modified
times prove nothing: `cp -p`, `git checkout` and `mv` bring old ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

GRACE_SECONDS = 2.0
_UNRELIABLE_SECONDS = 60.0


class EventHealth:
    """What sweeps found before any event told of it. `now` is monotonic time in seconds."""

    def __init__(self) -> None:
        self._unconfirmed: dict[str, float] = {}
        self._unreliable_until = 0.0

    def found(self, paths: Iterable[str], now: float) -> None:
        """Note changes that a sweep found and no event had named."""
        for path in paths:
            self._unconfirmed.setdefault(path, now)

    def announced(self, paths: Iterable[str]) -> None:
        """Note that events came for these paths."""
        for path in paths:
            self._unconfirmed.pop(path, None)

    def reset(self) -> None:
        """Drop all suspicion: a folder came or went, and what lies in it is not announced."""
        self._unconfirmed.clear()

    def missed(self, now: float) -> int:
        """Return how many changes were not announced in time, each counted once."""
        late = [path for path, since in self._unconfirmed.items() if now - since >= GRACE_SECONDS]
        for path in late:
            del self._unconfirmed[path]
        if late:
            self._unreliable_until = now + _UNRELIABLE_SECONDS
        return len(late)

    def is_lost(self, now: float) -> bool:
        """Tell whether events are not to be relied on at present."""
        return now < self._unreliable_until
