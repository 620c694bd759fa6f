"""Flushes: requests to read a session, or all, to its end now, and until it is quiet.

The client writes its last lines up to 0.2 s after its Stop hook began. A flush scans the disk when
it begins and when the quiet time ends, not in between: a scan costs a `stat` of every transcript.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock
    from ccsync_watch.pipeline.pump import Pump

QUIET_SECONDS = 0.5
# Where something is written all the time it is never quiet: what was there is read by then.
MAX_QUIET_SECONDS = 2.0


@dataclass(slots=True, eq=False)
class Flush:
    """A request to read all of a session (None: of every session) now.

    `done` is set when it ended; `is_read` is then whether everything was read.
    """

    session_id: str | None
    done: threading.Event = field(default_factory=threading.Event)
    is_read: bool = False
    # The rest belongs to the thread that reads: when it first had nothing left to read, when to
    # scan again, and how many lines it had read at the last scan.
    idle_since: float | None = None
    scan_at: float = 0.0
    lines_at_scan: int = -1


class Flushes:
    """The pending flushes: added by any thread, served by the one that reads."""

    def __init__(self, pump: Pump, clock: Clock) -> None:
        self._pump = pump
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: list[Flush] = []
        self._is_closed = False

    def add(self, session_id: str | None) -> Flush:
        """Add a request; one that is added after `close` has ended already, unread."""
        flush = Flush(session_id)
        with self._lock:
            if self._is_closed:
                flush.done.set()
            else:
                self._pending.append(flush)
        return flush

    def serve(self, *, is_failing: bool = False) -> None:
        """Advance each flush. Called while the pump has nothing to do.

        `is_failing`: reading does not work at present, so every flush ends unread.
        """
        with self._lock:
            pending = list(self._pending)
        for flush in pending:
            is_read = not is_failing and self._is_quiet(flush)
            if is_read or is_failing:
                self._end(flush, is_read=is_read)

    def _is_quiet(self, flush: Flush) -> bool:
        now, lines = self._clock.monotonic(), self._pump.progress.lines
        is_first = flush.lines_at_scan < 0
        if not is_first and flush.idle_since is None:
            flush.idle_since = now
        if flush.idle_since is not None and now - flush.idle_since >= MAX_QUIET_SECONDS:
            return True
        if lines != flush.lines_at_scan:
            flush.lines_at_scan, flush.scan_at = lines, now + QUIET_SECONDS
            if is_first:
                self._scan(flush)
            return False
        if now < flush.scan_at:
            return False
        flush.scan_at = now + QUIET_SECONDS
        return not self._scan(flush)

    def _scan(self, flush: Flush) -> bool:
        """Queue what the disk has for the flush; return whether anything is queued now."""
        if flush.session_id is None:
            self._pump.reconcile()
        else:
            self._pump.queue_session(flush.session_id)
        return self._pump.has_work()

    def _end(self, flush: Flush, *, is_read: bool) -> None:
        with self._lock:
            self._pending.remove(flush)
        flush.is_read = is_read
        flush.done.set()

    def next_seconds(self) -> float | None:
        """Return how long the flushes allow the loop to sleep, None when there are none."""
        with self._lock:
            if not self._pending:
                return None
            next_at = min(flush.scan_at for flush in self._pending)
        return max(0.0, next_at - self._clock.monotonic())

    def close(self) -> None:
        """End every flush unread, also those added later: nothing is read any more."""
        with self._lock:
            self._is_closed = True
            ended, self._pending = self._pending, []
        for flush in ended:
            flush.done.set()
