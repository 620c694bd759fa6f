"""Take turns: each brings one session up to date at the destination, the most recent first.

An outage is logged once when it begins and once when it ends.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.errors import (
    DestinationError,
    Retryable,
    StateError,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.uploader.backoff import Backoff, Notifier
from ccsync_watch.uploader.gathering import Gathering
from ccsync_watch.uploader.health import Health
from ccsync_watch.uploader.parallelism import BACKLOG_WORKERS, Parallelism

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.outgoing import BackendInfo, DeliveryStep
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.store.remote_sessions import RemoteState
    from ccsync_watch.uploader.destination import Destination

log = logging.getLogger(__name__)

# One more than a backlog has: for what is written now.
WORKERS = BACKLOG_WORKERS + 1
# Rows that are not older gather, and are sent together; see `gathering`. Older ones are a backlog.
LIVE_MS = 5_000
# After a failure others are sent first, then the session is tried again: twice as late each time.
FIRST_DELAY_SECONDS = 0.02
# A worker looks at the queue, and a session is tried again, at least this often.
MAX_WAIT_SECONDS = 60.0
# A session that is due now and was not claimed is nearly always being served by another worker.
_SERVED_SECONDS = 0.1


class Uploader:
    """Sends what is due; `turn` may be called from several threads.

    `gather_seconds` is how long live rows gather at least, after others were sent. At most
    `backlog_workers` threads serve what was not written just now (None: any number), of a far
    destination more (`parallelism`): if all did, a live row would wait for a step of theirs to end.
    """

    def __init__(
        self,
        destination: Destination,
        *,
        outbox: Outbox,
        clock: Clock,
        stop: threading.Event,
        gather_seconds: float = 0.0,
        backlog_workers: int | None = None,
    ) -> None:
        self.health = Health()
        self._destination = destination
        self._outbox = outbox
        self._clock = clock
        self._stop = stop
        self._notifier = Notifier(stop)
        self._backoff = Backoff(clock)
        self._lock = threading.Lock()
        self._check_lock = threading.Lock()
        self._busy: set[str] = set()
        self._parallelism = Parallelism(backlog_workers)
        self._on_more: Callable[[int], None] = lambda _workers: None
        # Those of the busy sessions that were not live when they were claimed.
        self._backlog: set[str] = set()
        self._gathering = Gathering(clock, gather_seconds)
        # Live sessions of which a common request could not send everything.
        self._apart: set[str] = set()
        self._failures: Counter[str] = Counter()

    @property
    def backend_info(self) -> BackendInfo | None:
        """What the last check found, None without one that passed; the clocks are those of now."""
        info = self.health.backend_info
        skew = self._destination.clock_skew_seconds
        return None if info is None else replace(info, clock_skew_seconds=skew)

    # The loop of one worker ------------------------------------------------------------

    def run(self) -> None:
        """Take turns until stopped; wait after a failure, and while nothing is due.

        Raises what is not the destination's: StateError and errors of SQLite's among them.
        """
        while not self._stop.is_set():
            # It was recorded, and postpones the next attempt.
            with contextlib.suppress(DestinationError):
                self._turn_or_wait()

    def run_while_due(self) -> None:
        """Take turns until nothing is due, or one fails: to help the others with a backlog."""
        with contextlib.suppress(DestinationError, StateError, sqlite3.Error):
            while not self._stop.is_set() and self._backoff.claim_attempt() == 0.0:
                if not self.turn():
                    self._backoff.return_attempt()
                    return

    def call_for_more(self, on_more: Callable[[int], None]) -> None:
        """Have a function called, from any worker, with how many workers a backlog could use."""
        self._on_more = on_more

    def wake_all(self) -> None:
        """Wake every worker and end the gathering: a user waits, or the daemon stops."""
        with self._lock:
            self._gathering.end()
        self._backoff.hurry()
        self._notifier.wake_all()

    def wake_one(self) -> None:
        """Wake one worker: there may be something to send."""
        self._backoff.hurry()
        self._notifier.wake_one()

    def _turn_or_wait(self) -> None:
        wakeups = self._notifier.wakeups
        seconds = self._backoff.claim_attempt()
        if seconds == 0.0:
            if self.turn():
                return
            self._backoff.return_attempt()
            seconds = self._idle_seconds()
        # A suspended machine does not count a wait, and what is due is due by then.
        self._notifier.wait(min(seconds, MAX_WAIT_SECONDS), since=wakeups)

    def _idle_seconds(self) -> float:
        due_ms = self._outbox.next_due_ms()
        if due_ms is None:
            return MAX_WAIT_SECONDS
        seconds = (due_ms - self._clock.steady_ms()) / 1000
        if seconds > 0:
            return min(seconds, MAX_WAIT_SECONDS)
        with self._lock:
            seconds = self._gathering.seconds_left
        return seconds if seconds > 0 else _SERVED_SECONDS

    # One turn --------------------------------------------------------------------------

    def turn(self) -> bool:
        """Bring the most recent session that is due up to date; return whether there was one.

        Other sessions that were just written to are sent together with it. The turn ends early
        when another session was written to more recently. Raises DestinationError when the
        destination did not accept what was sent.
        """
        claimed, has_gathered = self._claim()
        if not claimed:
            return False
        session_id = claimed[0]
        # Whatever becomes due while this worker is busy is for another one.
        self._notifier.wake_one()
        try:
            with self._recording_failure([session_id]):
                self._check_once()
            rows_acked = self._upload_together(claimed) if len(claimed) > 1 else 0
            if claimed:
                with self._recording_failure([session_id]):
                    rows_acked += self._upload(session_id)
            if has_gathered and rows_acked:
                with self._lock:
                    self._gathering.adapt(rows_acked)
        finally:
            self._release(claimed)
        self._record_success(session_id)
        return True

    def _upload_together(self, claimed: list[str]) -> int:
        """Send what is live of the claimed sessions, and release those that it was sent of.

        Return how many rows were acknowledged.
        """
        states = {session_id: self._outbox.remote(session_id) for session_id in claimed}
        with self._recording_failure(claimed):
            rows_acked = self._destination.deliver_together(claimed)
        if rows_acked:
            self.health.add_sent(rows_acked.total())
            self._record_success(claimed[0])
        while claimed:
            session_id = claimed[-1]
            if not self._outbox.has_rows(session_id):
                with self._recording_failure([session_id]):
                    self._settle(states[session_id])
            elif not rows_acked[session_id]:
                # What it has is not for a common request, and must not gather for the next one.
                if len(claimed) == 1:
                    break
                with self._lock:
                    self._apart.add(session_id)
            self._release([claimed.pop()])
        return rows_acked.total()

    def _release(self, session_ids: list[str]) -> None:
        with self._lock:
            self._busy.difference_update(session_ids)
            self._backlog.difference_update(session_ids)

    def is_busy(self, session_ids: Sequence[str] | None) -> bool:
        """Return whether one of these sessions (None = any) is being uploaded now."""
        with self._lock:
            return bool(self._busy if session_ids is None else self._busy.intersection(session_ids))

    def _claim(self) -> tuple[list[str], bool]:
        """Return the most recent due session, with the others if it is live.

        Also whether their rows gathered.
        """
        with self._lock:
            live = self._live()
            session_id = self._most_recent(self._busy, live)
            if session_id is None:
                return [], False
            claimed, has_gathered = [session_id], False
            if session_id in live:
                claimed += [name for name in live if name not in {session_id, *self._busy}]
                has_gathered = self._gathering.record_sending()
            elif not self._outbox.was_written_since(session_id, self._live_since_ms()):
                self._backlog.add(session_id)
            self._apart.discard(session_id)
            self._busy.update(claimed)
        return claimed, has_gathered

    def _is_overtaken(self, session_id: str) -> bool:
        """Return whether a session that no worker serves was written to more recently."""
        with self._lock:
            most_recent = self._most_recent(self._busy - {session_id}, self._live())
        return most_recent not in {None, session_id}

    def _most_recent(self, served: set[str], live: list[str]) -> str | None:
        """Return the most recent due session that is not served, and need not gather."""
        has_rows = any(session_id not in self._busy for session_id in live)
        passed = served.union(live) if self._gathering.must_wait(has_rows=has_rows) else served
        most = self._parallelism.allowed
        is_full = most is not None and len(self._backlog & served) >= most
        since_ms = self._live_since_ms() if is_full else None
        due = self._outbox.due_sessions(
            self._clock.steady_ms(), limit=len(passed) + 1, since_ms=since_ms
        )
        return next((session_id for session_id in due if session_id not in passed), None)

    def _live(self) -> list[str]:
        """Return the due sessions that are sent together; under the lock."""
        live = self._outbox.live_sessions(self._clock.steady_ms(), self._live_since_ms())
        return [session_id for session_id in live if session_id not in self._apart]

    def _live_since_ms(self) -> int:
        """Return since when rows are live: by wall time, as Claude Code dates them by that."""
        return self._clock.wall_ms() - LIVE_MS

    def _check_once(self) -> None:
        """Check address and key before anything is sent to it, once until they fail.

        Other workers wait meanwhile: a check may be expensive for the destination.
        """
        with self._check_lock:
            if self.health.backend_info is None:
                self.health.backend_info = self._destination.check()

    def _upload(self, session_id: str) -> int:
        state = self._outbox.remote(session_id)
        rows_acked = 0
        while state.has_messages and not (step := self._deliver(session_id)).is_last:
            if step.rows_acked:
                rows_acked += step.rows_acked
                self.health.add_sent(step.rows_acked)
                self._record_success(session_id)
            if step.error is not None:
                raise step.error
            if self._stop.is_set() or self._is_overtaken(session_id):
                self._outbox.finish(session_id, state.version, self._clock.steady_ms())
                return rows_acked
        self._settle(state)
        return rows_acked

    def _deliver(self, session_id: str) -> DeliveryStep:
        """Take one step, and have other workers help if steps of a backlog take long."""
        began = self._clock.monotonic()
        step = self._destination.deliver(session_id)
        seconds = self._clock.monotonic() - began
        with self._lock:
            is_backlog = session_id in self._backlog
            may_grow = is_backlog and self._parallelism.record_step(step.rows_acked, seconds)
            allowed = self._parallelism.allowed
        if may_grow and allowed is not None:
            self._on_more(allowed + 1)
        return step

    def _settle(self, state: RemoteState) -> None:
        """End the turn of a session of which all rows are sent, for now."""
        due_ms = self._destination.settle(state.session_id) if state.has_messages else None
        self._outbox.finish(state.session_id, state.version, due_ms)

    def _record_success(self, session_id: str) -> None:
        """Forget earlier failures: of the session, and of the destination, which works."""
        self._failures.pop(session_id, None)
        if self._backoff.record_success():
            self._notifier.wake_all()
        if self.health.clear_failure():
            log.info("upload resumed")

    @contextlib.contextmanager
    def _recording_failure(self, session_ids: list[str]) -> Iterator[None]:
        """Record an error of this block, which any of the sessions may be the reason of."""
        try:
            yield
        except DestinationError as error:
            self._backoff.record_failure(error)
            with self._lock:
                self._parallelism.record_failure()
            now_ms = self._clock.steady_ms()
            if isinstance(error, (Unauthorized, UnexpectedAnswer)):
                self.health.backend_info = None
            for session_id in session_ids:
                self._delay(session_id, error, now_ms)
            if self.health.set_failure(error, now_ms):
                log.warning("upload paused: %s", error)
            raise

    def _delay(self, session_id: str, error: DestinationError, now_ms: int) -> None:
        seconds = 0.0
        if not isinstance(error, (Unauthorized, UnexpectedAnswer, Unsent)):
            # The session may be the reason: others are sent before it is tried again.
            self._failures[session_id] += 1
            doublings = min(self._failures[session_id] - 1, 30)
            seconds = min(FIRST_DELAY_SECONDS * 2.0**doublings, MAX_WAIT_SECONDS)
        self._outbox.record_failure(
            session_id, str(error), not_before_ms=now_ms + round(seconds * 1000)
        )
        if isinstance(error, Retryable) and error.retry_after:
            self._outbox.block(session_id, now_ms + round(error.retry_after * 1000))
