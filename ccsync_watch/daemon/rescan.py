"""When to compare the disk with the store: now and then where events work, often where not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ccsync_watch.daemon.event_health import EventHealth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.clock import Clock
    from ccsync_watch.pipeline import Pump
    from ccsync_watch.transcripts.observer import Observer

log = logging.getLogger(__name__)

SWEEP_SECONDS = 10.0
POLL_SECONDS = 2.0
# A sweep of ten thousand transcripts takes a fifth of a second: the share of the time that it may
# take while events work, while they do not, and while folders keep appearing.
SHARE = 1 / 300
POLL_SHARE = 1 / 20
BURST_SHARE = 1 / 5


class Rescanner:
    """Sweeps when it is time to. Used by the thread that pumps."""

    def __init__(self, pump: Pump, observer: Observer, clock: Clock) -> None:
        self._pump = pump
        self._observer = observer
        self._clock = clock
        self._event_health = EventHealth()
        self._ended_at, self._cost = 0.0, 0.0
        self._has_swept = self._is_expected = False
        self.next_at = 0.0

    def note(self, paths: Iterable[str], *, is_folder: bool) -> None:
        """Note what events told; `is_folder`: of a folder, in which anything may lie."""
        self._event_health.announced(paths)
        if is_folder:
            self._event_health.reset()
            self._is_expected = True
            self.run_by(self._ended_at + self._cost / BURST_SHARE)

    def run_by(self, at: float) -> None:
        """Sweep not later than at this point of the monotonic clock."""
        self.next_at = min(self.next_at, at)

    def turn(self, *, is_failing: bool) -> bool:
        """Sweep if it is time; return whether it was. `is_failing`: reading does not work."""
        now = self._clock.monotonic()
        is_due = now >= self.next_at
        if is_due:
            self._sweep(now, is_failing=is_failing)
        was_lost = self._event_health.is_lost(now)
        missed = self._event_health.missed(now)
        if missed and not was_lost:
            log.warning(
                "changes that the system did not announce: %d; looking every %.0f s for now",
                missed,
                POLL_SECONDS,
            )
            self._observer.rebuild()
            self.run_by(now + POLL_SECONDS)
        return is_due

    def _sweep(self, now: float, *, is_failing: bool) -> None:
        queued = self._pump.reconcile()
        self._ended_at = self._clock.monotonic()
        self._cost = cost = self._ended_at - now
        # What failed was announced when it came; the first sweep finds what came before us.
        if self._has_swept and not self._is_expected and not is_failing:
            self._event_health.found((found.path for found in queued), self._ended_at)
        self._has_swept, self._is_expected = True, False
        if self._observer.problem or self._event_health.is_lost(now):
            interval = max(POLL_SECONDS, cost / POLL_SHARE)
        else:
            interval = max(SWEEP_SECONDS, cost / SHARE)
        self.next_at = self._ended_at + interval
