"""When to compare all transcripts with the store: rarely where events work, often where not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ccsync_watch.daemon.event_health import EventHealth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.clock import Clock
    from ccsync_watch.pipeline.pump import Pump
    from ccsync_watch.transcripts.observer import Observer

log = logging.getLogger(__name__)

RESCAN_SECONDS = 10.0
POLL_SECONDS = 2.0
# A rescan of ten thousand transcripts takes a fifth of a second: the share of the time that rescans
# may take while events work, while they do not, and while folders keep appearing.
SHARE = 1 / 300
POLL_SHARE = 1 / 20
BURST_SHARE = 1 / 5


class Rescanner:
    """Rescans when it is time to. Used by the thread that reads."""

    def __init__(self, pump: Pump, observer: Observer, clock: Clock) -> None:
        self._pump = pump
        self._observer = observer
        self._clock = clock
        self._event_health = EventHealth()
        self._ended_at, self._duration = 0.0, 0.0
        self._has_rescanned = self._is_expected = False
        self.next_at = 0.0

    def add_events(self, paths: Iterable[str], *, is_folder: bool) -> None:
        """Record events; `is_folder`: one was about a folder, with unannounced files in it."""
        self._event_health.confirm(paths)
        if is_folder:
            self._event_health.reset()
            self._is_expected = True
            self.run_by(self._ended_at + self._duration / BURST_SHARE)

    def run_by(self, at: float) -> None:
        """Rescan not later than at this time of the monotonic clock."""
        self.next_at = min(self.next_at, at)

    def turn(self, *, is_failing: bool) -> bool:
        """Rescan if it is time; return whether it was. `is_failing`: reading does not work."""
        now = self._clock.monotonic()
        is_due = now >= self.next_at
        if is_due:
            self._rescan(now, is_failing=is_failing)
        was_unreliable = self._event_health.is_unreliable(now)
        missed = self._event_health.count_missed(now)
        if missed and not was_unreliable:
            log.warning(
                "changes without a file event: %d; scanning every %.0f s for now",
                missed,
                POLL_SECONDS,
            )
            self._observer.rebuild()
            self.run_by(now + POLL_SECONDS)
        return is_due

    def _rescan(self, now: float, *, is_failing: bool) -> None:
        queued = self._pump.reconcile()
        self._observer.set_links(self._pump.links)
        self._ended_at = self._clock.monotonic()
        self._duration = duration = self._ended_at - now
        # While reading fails, events had announced the files; the first rescan finds what was
        # written before the start.
        if self._has_rescanned and not self._is_expected and not is_failing:
            paths = (transcript.path for transcript in queued)
            self._event_health.add_unconfirmed(paths, self._ended_at)
        self._has_rescanned, self._is_expected = True, False
        if self._observer.problem or self._event_health.is_unreliable(now):
            interval = max(POLL_SECONDS, duration / POLL_SHARE)
        else:
            interval = max(RESCAN_SECONDS, duration / SHARE)
        self.next_at = self._ended_at + interval
