"""How many sessions of a backlog are sent at once: more where each row takes the destination long.

A far destination answers many at once as fast as one; a near one is kept busy by a few, and more
would only compete for this machine. The number rises by one, and is halved by a failure.
"""

from __future__ import annotations

BACKLOG_WORKERS = 3
# As many as a small hosted deployment works on at the same time, less those of other clients.
MOST_BACKLOG_WORKERS = 12
_FAR_SECONDS = 0.02


class Parallelism:
    """Says how many threads may serve a backlog, None for any number; its caller has the lock."""

    def __init__(self, least: int | None) -> None:
        self._least = least
        self._allowed = float(least or 0)

    @property
    def allowed(self) -> int | None:
        """Return how many threads may serve a backlog now."""
        return None if self._least is None else int(self._allowed)

    def record_step(self, rows: int, seconds: float) -> bool:
        """Adapt to a step that has sent rows; return whether more threads may help now."""
        if self._least is None or not rows:
            return False
        before = int(self._allowed)
        change = 1 / self._allowed
        if seconds / rows < _FAR_SECONDS:
            self._allowed = max(self._least, self._allowed - change)
        else:
            self._allowed = min(max(self._least, MOST_BACKLOG_WORKERS), self._allowed + change)
        return int(self._allowed) > before

    def record_failure(self) -> None:
        """Halve it: the destination had too much to do, or did not answer."""
        if self._least is not None:
            self._allowed = max(self._least, self._allowed / 2)
