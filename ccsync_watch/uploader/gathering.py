"""How long what all sessions write gathers, to be sent with one request.

Each request costs milliseconds of a processor that Claude Code may be waiting for, and the
destination's owner function calls. So while lines come, those after a request wait for each other,
from the first of them on. The first ones after a pause are not delayed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock

GATHER_SECONDS = 0.3
# Where little is written it gathers for longer, until this many rows go together, or so long.
_MIN_ROWS, _MAX_ROWS = 5, 9
_MAX_GATHERING = 2.0
_GATHERING_STEP = 1.4
# After so long without a request nothing may follow for as long: there is nothing to wait for.
PAUSE_SECONDS = 2.0


class Gathering:
    """Says whether to wait; its caller has the lock. `least_seconds` of 0: never."""

    def __init__(self, clock: Clock, least_seconds: float) -> None:
        self._clock = clock
        self._least_seconds = least_seconds
        self._factor = 1.0
        self._sent_at: float | None = None
        # When it ends, None while nothing gathers.
        self._until: float | None = None

    @property
    def seconds(self) -> float:
        """Return how long rows gather at present."""
        return self._least_seconds * self._factor

    @property
    def seconds_left(self) -> float:
        """Return how long those that gather still wait; 0 if nothing does."""
        return 0.0 if self._until is None else max(0.0, self._until - self._clock.monotonic())

    def must_wait(self, *, has_rows: bool) -> bool:
        """Return whether live rows have to wait; the first of them begins to."""
        now = self._clock.monotonic()
        if self._until is None:
            is_pause = self._sent_at is None or now >= self._sent_at + PAUSE_SECONDS
            if is_pause or not has_rows:
                return False
            self._until = now + self.seconds
        return now < self._until

    def record_sending(self) -> bool:
        """Know that live rows are being sent now; return whether they gathered."""
        has_gathered, self._until = self._until is not None, None
        self._sent_at = self._clock.monotonic()
        return has_gathered

    def end(self) -> None:
        """Let what comes next be sent at once."""
        self._until = self._clock.monotonic()

    def adapt(self, rows: int) -> None:
        """Let rows gather for longer if only a few did together, and shorter if it was many."""
        if rows < _MIN_ROWS:
            self._factor = min(self._factor * _GATHERING_STEP, _MAX_GATHERING)
        elif rows > _MAX_ROWS:
            self._factor = max(self._factor / _GATHERING_STEP, 1.0)
