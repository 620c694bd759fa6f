"""The upload workers: their threads, waiting for a flush's rows to be uploaded, and their end."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from ccsync_watch.daemon.flush_answer import release_rows
from ccsync_watch.problem import Problem
from ccsync_watch.uploader.worker import WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.errors import CcsyncError, DestinationError
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.uploader import Uploader

log = logging.getLogger(__name__)

# How long a flush tries a backend that cannot be reached before it reports that.
PATIENCE_SECONDS = 8.0
_RETRY_SECONDS = 1.0
_POLL_SECONDS = 0.05
# What fails here is the store, or a defect. A disk may be full for a moment, or for a day.
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0


class UploadWorkers:
    """Upload in threads of their own from `start` to `stop`; nothing is done without a backend."""

    def __init__(
        self,
        uploader: Uploader | None,
        outbox: Outbox,
        *,
        stop: threading.Event,
        clock: Clock,
        on_failure: Callable[[Exception], CcsyncError | None] = lambda _error: None,
    ) -> None:
        self._uploader = uploader
        self._outbox = outbox
        self._stop = stop
        self._clock = clock
        self._on_failure = on_failure
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        # Ends the pauses after failures.
        self._resume = threading.Event()
        self._reported: tuple[Problem, float] | None = None
        self.problem: Problem | None = None

    def start(self) -> None:
        """Start the workers."""
        if self._uploader is None:
            return
        self._uploader.call_for_more(self._add_helpers)
        with self._lock:
            for number in range(WORKERS):
                thread = threading.Thread(target=self._work, name=f"upload-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _add_helpers(self, workers: int) -> None:
        """Start threads until there are so many; they end when nothing is due for them."""
        with self._lock:
            if self._stop.is_set():
                return
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            for number in range(len(self._threads), workers):
                thread = threading.Thread(target=self._help, name=f"upload-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _help(self) -> None:
        try:
            if self._uploader is not None:
                self._uploader.run_while_due()
        except Exception as error:  # noqa: BLE001 - as below
            # The workers that stay meet the same, and report it.
            if not self._stop.is_set():
                self._report(error)

    def _work(self) -> None:
        pause, failed_at = FIRST_PAUSE_SECONDS, self._clock.monotonic()
        while self._uploader is not None and not self._stop.is_set():
            try:
                self._uploader.run()
            except Exception as error:  # noqa: BLE001 - reported, and tried again
                if self._stop.is_set():
                    return  # abandoned: its database was closed while it worked
                # It must not end the stream: its rows stay in the outbox.
                now = self._clock.monotonic()
                is_new = now - failed_at > 2 * MAX_PAUSE_SECONDS
                pause, failed_at = FIRST_PAUSE_SECONDS if is_new else pause, now
                self.problem = self._report(error)
                self._resume.clear()
                if not self._stop.is_set():
                    self._clock.wait(self._resume, pause)
                pause = min(2 * pause, MAX_PAUSE_SECONDS)
                self.problem = None

    def _report(self, error: Exception) -> Problem:
        """Return what ended a worker as a problem, and log it when it is another one than before.

        All workers meet the same, again and again until it is gone.
        """
        failure = self._on_failure(error)
        if failure is None:
            title, detail = "Sync not working", f"uploading failed ({type(error).__name__})"
            hint = "see the log in the state folder and report it; uploading is tried again"
        else:
            title, detail = failure.title or "Sync not working", failure.message
            hint = failure.hint_while_running
        problem, now = Problem("upload-failed", title, detail, hint), self._clock.monotonic()
        with self._lock:
            before, self._reported = self._reported, (problem, now)
        if before is None or before[0] != problem or now - before[1] > 2 * MAX_PAUSE_SECONDS:
            if failure is None:
                log.error("uploading failed", exc_info=error)
            else:
                log.error("%s: %s", detail, hint)
        return problem

    @property
    def rows_sent(self) -> int:
        """How many rows were acknowledged since the start."""
        return self._uploader.health.rows_sent if self._uploader else 0

    def flush(
        self, session_ids: Sequence[str] | None, *, until: float, stopping: threading.Event
    ) -> DestinationError | None:
        """Upload what is pending of these sessions (None: all) now; return what prevents it.

        `until` is monotonic time. A backend that certainly cannot be reached, or rejects the key,
        ends the wait early.
        """
        uploader = self._uploader
        if uploader is None:
            return None
        release_rows(self._outbox, session_ids)
        error_before = uploader.health.error
        self.wake()
        now = self._clock.monotonic()
        patient_until, wake_at = min(until, now + PATIENCE_SECONDS), now + _RETRY_SECONDS
        while now < until and not stopping.is_set():
            error = uploader.health.error
            if error is None:
                if not self._has_pending(session_ids):
                    return None
                if self.problem is not None and now >= wake_at:
                    self._resume.set()
                    wake_at = now + _RETRY_SECONDS
            elif now >= patient_until or (error is not error_before and not error.is_passing):
                break
            elif now >= wake_at and getattr(error, "retry_after", None) is None:
                uploader.wake_all()
                wake_at = now + _RETRY_SECONDS
            self._clock.wait(stopping, _POLL_SECONDS)
            now = self._clock.monotonic()
        # An outage matters to this request only if it keeps rows of these sessions pending.
        return uploader.health.error if self._outbox.count_unsettled(session_ids) else None

    def _has_pending(self, session_ids: Sequence[str] | None) -> bool:
        """Return whether a flush has to wait: for rows, and for words that must go there."""
        now_ms = self._clock.steady_ms()
        return self._outbox.count_pending(session_ids, now_ms) > 0 or self._has_rows(session_ids)

    def wake(self) -> None:
        """Look for what another process queued, also after a failure of the store."""
        self._resume.set()
        if self._uploader is not None:
            self._uploader.wake_all()

    def _has_rows(self, session_ids: Sequence[str] | None) -> bool:
        uploader = self._uploader
        return uploader is not None and (
            self._outbox.count_sendable(session_ids, self._clock.steady_ms()) > 0
            or uploader.is_busy(session_ids)
        )

    def drain(self, until: float) -> None:
        """Let the workers upload what is pending: until `until`, and not during an outage."""
        uploader = self._uploader
        if uploader is None:
            return
        self.wake()
        while self._clock.monotonic() < until and uploader.health.error is None:
            if not self._has_rows(None):
                return
            self._clock.wait(self._stop, _POLL_SECONDS)

    def stop(self, seconds: float) -> None:
        """Stop the workers; one that hangs in the network is abandoned after so long.

        The rows that it was sending are marked as uncertain, and the runtime, which is closed
        next, makes sure that it cannot change the store any more.
        """
        self._stop.set()
        self.wake()
        until = self._clock.monotonic() + seconds
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, until - self._clock.monotonic()))
