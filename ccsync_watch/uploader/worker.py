"""Take turns: each brings one session up to date at the destination, the most recent first.

An outage is logged once when it begins and once when it ends.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import Counter
from typing import TYPE_CHECKING

from ccsync_watch.errors import (
    DestinationError,
    Retryable,
    StateError,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.uploader.backoff import FIRST_WAIT_SECONDS, Backoff, Notifier
from ccsync_watch.uploader.health import Health

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.uploader.destination import Destination

log = logging.getLogger(__name__)

# A session's rows gather for so long after the last ones were sent, and are sent together: each
# request costs milliseconds of a processor that Claude Code may be waiting for, and the backend's
# owner function calls. The first rows after a pause are not delayed.
GATHER_SECONDS = 0.25
# A worker looks at the queue, and a session is tried again, at least this often.
MAX_WAIT_SECONDS = 60.0
# After an error of the store, such as a full disk.
STORE_PAUSE_SECONDS = 60.0
# A session that is due now and was not claimed is nearly always being served by another worker.
_SERVED_SECONDS = 0.1


class Uploader:
    """Sends what is due; `turn` may be called from several threads.

    `gather_seconds` is how long a session rests after its rows were sent.
    """

    def __init__(
        self,
        destination: Destination,
        *,
        outbox: Outbox,
        clock: Clock,
        stop: threading.Event,
        gather_seconds: float = 0.0,
    ) -> None:
        self.health = Health()
        self._destination = destination
        self._gather_seconds = gather_seconds
        self._outbox = outbox
        self._clock = clock
        self._stop = stop
        self._notifier = Notifier(stop)
        self._backoff = Backoff(clock)
        self._lock = threading.Lock()
        self._check_lock = threading.Lock()
        self._busy: set[str] = set()
        self._rests_until: dict[str, float] = {}
        self._failures: Counter[str] = Counter()

    # The loop of one worker ------------------------------------------------------------

    def run(self) -> None:
        """Take turns until stopped; wait after a failure, and while nothing is due."""
        while not self._stop.is_set():
            try:
                self._turn_or_wait()
            except DestinationError:
                continue  # it was recorded, and postpones the next attempt
            except (StateError, sqlite3.Error) as error:
                if not self._stop.is_set():
                    log.error("upload: %s", error)  # noqa: TRY400 - its one line says it all
                    self._stop.wait(STORE_PAUSE_SECONDS)

    def wake_all(self) -> None:
        """Wake every worker and end every session's rest: a user waits, or the daemon stops."""
        with self._lock:
            self._rests_until.clear()
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
        self._notifier.wait(seconds, since=wakeups)

    def _idle_seconds(self) -> float:
        due_ms = self._outbox.next_due_ms()
        if due_ms is None:
            return MAX_WAIT_SECONDS
        seconds = (due_ms - self._clock.wall_ms()) / 1000
        if seconds > 0:
            return min(seconds, MAX_WAIT_SECONDS)
        with self._lock:
            ends = self._resting().values()
        return min(ends) - self._clock.monotonic() if ends else _SERVED_SECONDS

    # One turn --------------------------------------------------------------------------

    def turn(self) -> bool:
        """Bring the most recent session that is due up to date; return whether there was one.

        The turn ends early when another session was written to more recently. Raises
        DestinationError when the destination did not accept what was sent.
        """
        session_id = self._claim()
        if session_id is None:
            return False
        # Whatever becomes due while this worker is busy is for another one.
        self._notifier.wake_one()
        try:
            self._check_once()
            self._upload(session_id)
        except DestinationError as error:
            self._record_failure(session_id, error)
            raise
        finally:
            with self._lock:
                self._busy.discard(session_id)
        self._record_success(session_id)
        return True

    def is_busy(self, session_ids: Sequence[str] | None) -> bool:
        """Return whether one of these sessions (None = any) is being uploaded now."""
        with self._lock:
            return bool(self._busy if session_ids is None else self._busy.intersection(session_ids))

    def _claim(self) -> str | None:
        with self._lock:
            session_id = self._most_recent(self._busy)
            if session_id is not None:
                self._busy.add(session_id)
        return session_id

    def _is_overtaken(self, session_id: str) -> bool:
        """Return whether a session that no worker serves was written to more recently."""
        with self._lock:
            most_recent = self._most_recent(self._busy - {session_id})
        return most_recent not in {None, session_id}

    def _most_recent(self, served: set[str]) -> str | None:
        """Return the most recent due session, neither served nor resting; under the lock."""
        passed = served | self._resting().keys()
        due = self._outbox.due_sessions(self._clock.wall_ms(), limit=len(passed) + 1)
        return next((session_id for session_id in due if session_id not in passed), None)

    def _resting(self) -> dict[str, float]:
        """Return the sessions that rest, and until when in monotonic time; under the lock."""
        now = self._clock.monotonic()
        self._rests_until = {
            session_id: end for session_id, end in self._rests_until.items() if end > now
        }
        return self._rests_until

    def _check_once(self) -> None:
        """Check address and key before anything is sent to it, once until they fail.

        Other workers wait meanwhile: a check may be expensive for the destination.
        """
        with self._check_lock:
            if self.health.backend_info is None:
                self.health.backend_info = self._destination.check()

    def _upload(self, session_id: str) -> None:
        state = self._outbox.remote(session_id)
        if not state.has_messages:
            self._outbox.finish(session_id, state.version, None)
            return
        has_sent = False
        while not (step := self._destination.deliver(session_id)).is_last:
            has_sent = True
            if step.rows_acked:
                self.health.add_sent(step.rows_acked)
                self._record_success(session_id)
            if self._stop.is_set() or self._is_overtaken(session_id):
                self._outbox.finish(session_id, state.version, self._clock.wall_ms())
                return
        if has_sent:
            with self._lock:
                self._rests_until[session_id] = self._clock.monotonic() + self._gather_seconds
        self._outbox.finish(session_id, state.version, self._destination.settle(session_id))

    def _record_success(self, session_id: str) -> None:
        """Forget earlier failures: of the session, and of the destination, which works."""
        self._failures.pop(session_id, None)
        if self._backoff.record_success():
            self._notifier.wake_all()
        if self.health.clear_failure():
            log.info("upload resumed")

    def _record_failure(self, session_id: str, error: DestinationError) -> None:
        self._backoff.record_failure(error)
        now_ms = self._clock.wall_ms()
        seconds = 0.0
        if isinstance(error, (Unauthorized, UnexpectedAnswer)):
            self.health.backend_info = None
        elif not isinstance(error, Unsent):
            # The session may be the reason: others are sent before it is tried again.
            self._failures[session_id] += 1
            doublings = min(self._failures[session_id] - 1, 30)
            seconds = min(FIRST_WAIT_SECONDS * 2.0**doublings, MAX_WAIT_SECONDS)
        self._outbox.record_failure(
            session_id, str(error), not_before_ms=now_ms + round(seconds * 1000)
        )
        if isinstance(error, Retryable) and error.retry_after:
            self._outbox.block(session_id, now_ms + round(error.retry_after * 1000))
        if self.health.set_failure(error, now_ms):
            log.warning("upload paused: %s", error)
