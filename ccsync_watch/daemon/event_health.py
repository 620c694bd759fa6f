"""Decide whether the system reports file changes here: on network drives it does not.

A change that a rescan found is unconfirmed until an event for it comes; after a grace period it
counts as missed. Modification times prove nothing: `cp -p`, `git checkout` and `mv` keep old ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

GRACE_SECONDS = 2.0
_UNRELIABLE_SECONDS = 60.0


class EventHealth:
    """The changes that rescans found without an event. `now` is monotonic time in seconds."""

    def __init__(self) -> None:
        self._unconfirmed: dict[str, float] = {}
        self._unreliable_until = 0.0

    def add_unconfirmed(self, paths: Iterable[str], now: float) -> None:
        """Record changes that a rescan found and no event had announced."""
        for path in paths:
            self._unconfirmed.setdefault(path, now)

    def confirm(self, paths: Iterable[str]) -> None:
        """Record that events came for these paths."""
        for path in paths:
            self._unconfirmed.pop(path, None)

    def reset(self) -> None:
        """Forget unconfirmed changes: a folder came or went, and no events announce its files."""
        self._unconfirmed.clear()

    def count_missed(self, now: float) -> int:
        """Return how many changes were not announced in time, each counted once."""
        late = [path for path, since in self._unconfirmed.items() if now - since >= GRACE_SECONDS]
        for path in late:
            del self._unconfirmed[path]
        if late:
            self._unreliable_until = now + _UNRELIABLE_SECONDS
        return len(late)

    def is_unreliable(self, now: float) -> bool:
        """Return whether events cannot be relied on at present."""
        return now < self._unreliable_until
