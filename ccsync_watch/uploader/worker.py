"""Take turns: one brings one session up to date at the backend, the most recent session first.

Outages are said once when they begin and once when they end.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import Counter
from typing import TYPE_CHECKING

import tenacity

from ccsync_watch.errors import (
    DestinationError,
    Retryable,
    StateError,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.opensync.delivery import MessageDelivery
from ccsync_watch.opensync.session_state import SessionState
from ccsync_watch.uploader.backoff import MAX_WAIT_SECONDS, PAUSE_SECONDS, Backoff, Notifier
from ccsync_watch.uploader.destination import Health

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.clock import Clock
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.uploader.destination import Destination

log = logging.getLogger(__name__)

# A session's rows gather for so long after the last ones went, and go together: each request costs
# milliseconds of a processor that Claude Code may be waiting for, and the backend's owner function
# calls. The first rows after a pause are not held up.
GATHER_SECONDS = 0.25
# A session that is due now and was not claimed is in another worker's hands, nearly always.
_SERVED_SECONDS = 0.1


class Uploader:
    """Sends what is due; `turn` may be called from several threads.

    `gather_seconds` is how long a session rests after its rows were sent.
    """

    def __init__(
        self,
        *,
        database: Database,
        outbox: Outbox,
        sink: Destination,
        clock: Clock,
        stop: threading.Event,
        prices: PriceList,
        gather_seconds: float = 0.0,
    ) -> None:
        self.health = Health()
        self._gather_seconds = gather_seconds
        self._outbox = outbox
        self._sink = sink
        self._clock = clock
        self._stop = stop
        self._state = SessionState(
            database=database,
            outbox=outbox,
            sink=sink,
            clock=clock,
            health=self.health,
            prices=prices,
        )
        self._rows = MessageDelivery(
            outbox=outbox, sink=sink, clock=clock, health=self.health, state=self._state
        )
        self._notifier = Notifier(stop)
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._rests_until: dict[str, float] = {}
        self._foreign: frozenset[str] = frozenset()
        self._failures: Counter[str] = Counter()

    # The loop of one worker ------------------------------------------------------------

    def run(self) -> None:
        """Take turns until stopped; wait after a failure, and while nothing is due."""
        backoff = Backoff(self._notifier, self._stop)
        while not self._stop.is_set():
            try:
                backoff.run(self._take_turn)
            except tenacity.RetryError:
                return  # stopped after a failure
            except (StateError, sqlite3.Error) as error:
                if not self._stop.is_set():
                    log.error("upload: %s", error)  # noqa: TRY400 - its one line says it all
                    self._stop.wait(PAUSE_SECONDS)

    def wake_all(self) -> None:
        """Wake every worker now, and let no session rest: someone waits, or it is the end."""
        with self._lock:
            self._rests_until.clear()
        self._notifier.ring()

    def wake_one(self) -> None:
        """Wake one worker: there may be something to send."""
        self._notifier.wake_one()

    def _take_turn(self) -> None:
        rings = self._notifier.rings
        if not self._stop.is_set() and not self.turn():
            self._notifier.wait(self._idle_seconds(), since=rings)

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

        A session whose turn takes long gives way to one that was written to since. Raises
        DestinationError when the backend does not take what it was sent.
        """
        session_id = self._claim()
        if session_id is None:
            return False
        # Whatever becomes due while this one is at work is another's to see.
        self._notifier.wake_one()
        try:
            self._handshake()
            self._send(session_id)
        except DestinationError as error:
            self._note_failure(session_id, error)
            raise
        finally:
            with self._lock:
                self._busy.discard(session_id)
        self._failures.pop(session_id, None)
        if self.health.note_success():
            log.info("upload goes on")
        return True

    def is_busy(self, session_ids: Sequence[str] | None) -> bool:
        """Tell whether a turn of one of these sessions (None = any) is under way."""
        with self._lock:
            return bool(self._busy if session_ids is None else self._busy.intersection(session_ids))

    def _claim(self) -> str | None:
        with self._lock:
            session_id = self._most_recent(self._busy)
            if session_id is not None:
                self._busy.add(session_id)
        return session_id

    def _is_overtaken(self, session_id: str) -> bool:
        """Tell whether a session that nobody serves was written to more recently."""
        with self._lock:
            found = self._most_recent(self._busy - {session_id})
        return found not in {None, session_id}

    def _most_recent(self, served: set[str]) -> str | None:
        """Return the most recent due session, neither served nor resting; under the lock."""
        passed = served | self._resting().keys()
        due = self._outbox.due_sessions(self._clock.wall_ms(), limit=len(passed) + 1)
        return next((each for each in due if each not in passed), None)

    def _resting(self) -> dict[str, float]:
        """Return the sessions that rest, and until when in monotonic time; under the lock."""
        now = self._clock.monotonic()
        self._rests_until = {each: end for each, end in self._rests_until.items() if end > now}
        return self._rests_until

    def _handshake(self) -> None:
        """Before anything is sent, learn whether the key works and what the backend holds.

        Sessions that it holds without our doing (another machine's store, or one that was lost)
        may hold any of our messages: theirs are uncertain.
        """
        if self.health.is_checked:
            return
        backend_info = self._sink.check()
        self._foreign = backend_info.session_ids
        self.health.clock_skew_seconds = backend_info.clock_skew_seconds
        self.health.is_checked = True

    def _send(self, session_id: str) -> None:
        state = self._outbox.remote(session_id)
        if not state.has_messages:
            self._outbox.finish(session_id, state.version, None)
            return
        if not state.is_acked:
            if state.sent is None and session_id in self._foreign:
                self._outbox.mark_preexisting(session_id)
            # Before its first message, so that it is dated and titled as the transcript says.
            self._state.upsert(session_id)
        has_sent = False
        while self._rows.send_next(session_id):
            has_sent = True
            if self._stop.is_set() or self._is_overtaken(session_id):
                self._outbox.finish(session_id, state.version, self._clock.wall_ms())
                return
        if has_sent:
            with self._lock:
                self._rests_until[session_id] = self._clock.monotonic() + self._gather_seconds
        self._outbox.finish(session_id, state.version, self._state.settle(session_id))

    def _note_failure(self, session_id: str, error: DestinationError) -> None:
        now_ms = self._clock.wall_ms()
        seconds = 0.0
        if not isinstance(error, (Unsent, Unauthorized, UnexpectedAnswer)):
            # The session may be to blame: let the others pass while it waits.
            self._failures[session_id] += 1
            seconds = min(2.0 ** (self._failures[session_id] - 1), MAX_WAIT_SECONDS)
        if isinstance(error, (Unauthorized, UnexpectedAnswer)):
            self.health.is_checked = False
        has_written = isinstance(error, (Retryable, UnexpectedAnswer)) and not isinstance(
            error, Unsent
        )
        self._outbox.record_failure(
            session_id,
            str(error),
            write_ms=now_ms if has_written else None,
            not_before_ms=now_ms + round(seconds * 1000),
        )
        if isinstance(error, Retryable) and error.retry_after:
            self._outbox.block(session_id, now_ms + round(error.retry_after * 1000))
        if self.health.note_failure(error, now_ms):
            log.warning("upload waits: %s", error)
