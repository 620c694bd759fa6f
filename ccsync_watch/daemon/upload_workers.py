"""The upload workers of one runtime: their threads, what a flush waits for, and their end."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from ccsync_watch.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.daemon.runtime import Runtime
    from ccsync_watch.errors import DestinationError

log = logging.getLogger(__name__)

UPLOAD_WORKERS = 4
# How long a flush goes on trying a backend that cannot be reached before it says so.
PATIENCE_SECONDS = 8.0
_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 0.05
_PAUSE_SECONDS = 30.0


class UploadWorkers:
    """Sends in threads of its own from `start` to `stop`; nothing at all without a backend."""

    def __init__(self, runtime: Runtime, clock: Clock) -> None:
        self._runtime = runtime
        self._uploader = runtime.uploader
        self._clock = clock
        self._threads: list[threading.Thread] = []
        self.problem: Problem | None = None

    def start(self) -> None:
        """Start the workers."""
        if self._uploader is None:
            return
        for number in range(UPLOAD_WORKERS):
            thread = threading.Thread(target=self._work, name=f"upload-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        uploader, stop = self._uploader, self._runtime.stop
        while uploader is not None and not stop.is_set():
            try:
                uploader.run()
            except Exception as error:
                if stop.is_set():
                    return  # left behind, and its database was closed under it
                # A defect of ours must not end the stream: what was under way stays queued.
                log.exception("sending failed")
                self.problem = Problem(
                    "upload-failed",
                    "Sync not working",
                    f"sending failed ({type(error).__name__})",
                    "see the log in the state folder, and report it; sending is tried again",
                )
                self._clock.wait(stop, _PAUSE_SECONDS)
                self.problem = None

    @property
    def rows_sent(self) -> int:
        """How many rows were acknowledged since the start."""
        return self._uploader.health.rows_sent if self._uploader else 0

    def flush(
        self, session_ids: Sequence[str] | None, *, until: float, stopping: threading.Event
    ) -> DestinationError | None:
        """Send what is queued for these sessions (None = all) now; return what prevents it.

        `until` is a point of the monotonic clock. A backend that is certainly out of reach, or
        refuses us, ends the wait early.
        """
        uploader, outbox = self._uploader, self._runtime.outbox
        if uploader is None:
            return None
        outbox.retry_rejected(is_released=True, session_ids=session_ids)
        outbox.release(session_ids)
        outbox.make_due_now(session_ids)
        before = uploader.health.error
        uploader.wake_all()
        now = self._clock.monotonic()
        patient_until, wake_at = min(until, now + PATIENCE_SECONDS), now + _RETRY_SECONDS
        while now < until and not stopping.is_set():
            error = uploader.health.error
            if error is None:
                if not self._has_rows(session_ids):
                    return None
            elif now >= patient_until or (error is not before and not error.is_passing):
                break
            elif now >= wake_at and getattr(error, "retry_after", None) is None:
                uploader.wake_all()
                wake_at = now + _RETRY_SECONDS
            self._clock.wait(stopping, _LOOK_SECONDS)
            now = self._clock.monotonic()
        # An outage that keeps nothing of these sessions from going is no answer to this request.
        return uploader.health.error if outbox.count_unsettled(session_ids) else None

    def _has_rows(self, session_ids: Sequence[str] | None) -> bool:
        uploader = self._uploader
        return uploader is not None and (
            self._runtime.outbox.count_sendable(session_ids, self._clock.wall_ms()) > 0
            or uploader.is_busy(session_ids)
        )

    def drain(self, until: float) -> None:
        """Let the workers send what is queued; not longer than `until`, nor during an outage."""
        uploader = self._uploader
        if uploader is None:
            return
        uploader.wake_all()
        while self._clock.monotonic() < until and uploader.health.error is None:
            if not self._has_rows(None):
                return
            self._clock.wait(self._runtime.stop, _LOOK_SECONDS)

    def stop(self, seconds: float) -> None:
        """End the workers. One that hangs in the network is left behind after so long.

        What it was sending is marked uncertain, and the runtime that closes next sees to it that
        it cannot touch the store any more.
        """
        self._runtime.stop.set()
        if self._uploader is not None:
            self._uploader.wake_all()
        until = self._clock.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - self._clock.monotonic()))
