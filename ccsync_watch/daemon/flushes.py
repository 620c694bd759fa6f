"""Flushes that wait for the pump: read these transcripts to their end, then a moment of quiet.

The client's last rows land up to 0.2 s after it says that it stopped. A flush looks at the disk
when it begins and when the quiet ends, not in between: a look costs a `stat` of every transcript.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock
    from ccsync_watch.pipeline import Pump

QUIET_SECONDS = 0.5
# Where something is always being written there is no quiet: all that was there is read by then.
MAX_QUIET_SECONDS = 2.0


@dataclass(slots=True, eq=False)
class Flush:
    """A request to read everything of a session (None = of all) now.

    `done` is set when it ended; `is_read` tells whether all of it was read.
    """

    session_id: str | None
    done: threading.Event = field(default_factory=threading.Event)
    is_read: bool = False
    # All of these are the pump's thread's: when the pump first had nothing left of it to read,
    # when to look again, and how much the pump had read at the last look.
    idle_since: float | None = None
    look_at: float = 0.0
    lines_then: int = -1


class Flushes:
    """The pending ones: asked for by any thread, served by the one that pumps."""

    def __init__(self, pump: Pump, clock: Clock) -> None:
        self._pump = pump
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: list[Flush] = []
        self._is_closed = False

    def ask(self, session_id: str | None) -> Flush:
        """Add a request; one that comes after `close` has ended at once, unread."""
        made = Flush(session_id)
        with self._lock:
            if self._is_closed:
                made.done.set()
            else:
                self._pending.append(made)
        return made

    def serve(self, *, is_failing: bool = False) -> None:
        """Bring each request one step further. Called while the pump has nothing to do.

        `is_failing`: reading does not work at present, and nobody is to wait for it.
        """
        with self._lock:
            pending = list(self._pending)
        for flush in pending:
            is_over = not is_failing and self._is_quiet(flush)
            if is_over or is_failing:
                self._end(flush, is_read=is_over)

    def _is_quiet(self, flush: Flush) -> bool:
        now, lines = self._clock.monotonic(), self._pump.progress.lines
        is_first = flush.lines_then < 0
        if not is_first and flush.idle_since is None:
            flush.idle_since = now
        if flush.idle_since is not None and now - flush.idle_since >= MAX_QUIET_SECONDS:
            return True
        if lines != flush.lines_then:
            flush.lines_then, flush.look_at = lines, now + QUIET_SECONDS
            if is_first:
                self._look(flush)
            return False
        if now < flush.look_at:
            return False
        flush.look_at = now + QUIET_SECONDS
        return not self._look(flush)

    def _look(self, flush: Flush) -> bool:
        """Queue what the disk has of the request; return whether anything is queued now."""
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
        """Return how long the pump may sleep for the requests' sake, None when there is none."""
        with self._lock:
            if not self._pending:
                return None
            soonest = min(flush.look_at for flush in self._pending)
        return max(0.0, soonest - self._clock.monotonic())

    def close(self) -> None:
        """End every request unread, and all to come: nobody pumps any more."""
        with self._lock:
            self._is_closed = True
            ended, self._pending = self._pending, []
        for flush in ended:
            flush.done.set()
