"""The daemon with one set of settings: the pump's loop, its failures, and an orderly end.

The thread that calls `run` pumps. Beside it run watchdog's observer and the upload workers; both
are started and ended here.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from ccsync_watch import report
from ccsync_watch.control.messages import FlushAnswer
from ccsync_watch.daemon.flushes import Flushes
from ccsync_watch.daemon.hook_event_intake import HookEventIntake
from ccsync_watch.daemon.rescan import Rescanner
from ccsync_watch.daemon.runtime import Runtime, rules_in_force
from ccsync_watch.daemon.upload_workers import UploadWorkers
from ccsync_watch.errors import CcsyncError, NotRunning
from ccsync_watch.hook_events import Spool
from ccsync_watch.problem import Problem
from ccsync_watch.store import session_summaries
from ccsync_watch.store.install_keys import install_key
from ccsync_watch.transcripts.observer import Observer, Wakeups

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.control.messages import FlushRequest
    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy import Redactor

log = logging.getLogger(__name__)

# How often to look at the settings file, and at a root that does not exist yet: one `stat` each.
LOOK_SECONDS = 1.0
ROOT_LOOK_SECONDS = 0.5
# What is written in quick succession is read together: each commit takes milliseconds of a
# processor that Claude Code may be waiting for. The first line after a pause is not held up.
GATHER_SECONDS = 0.03
# Together they stay below the 5 s within which a signal ends the program.
DRAIN_SECONDS = 3.0
JOIN_SECONDS = 0.5
_MAX_PAUSE_SECONDS = 30.0


class Daemon:
    """Reads, stores and sends from `run` to `stop`. `on_look` is called about once a second."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        redactor: Redactor | None = None,
        transport: httpx.BaseTransport | None = None,
        on_progress: Callable[[Runtime], None] = lambda _runtime: None,
        on_look: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._on_progress = on_progress
        self._on_look = on_look
        self._key = install_key(settings.state_dir)
        self._rules = rules_in_force(settings)
        self._since_ms = clock.wall_ms()
        self._wakeups = Wakeups()
        self._stopping = threading.Event()
        self._is_draining = False
        self._problem: Problem | None = None
        self._pause = 0.0
        self._next_look = self._gather_until = 0.0
        self._runtime = Runtime(settings, clock=clock, redactor=redactor, transport=transport)
        self._flushes = Flushes(self._runtime.pump, clock)
        self._sending = UploadWorkers(self._runtime, clock)
        spool = Spool(settings.state_dir, settings.claude_dirs)
        spool.prepare()
        self._intake = HookEventIntake(
            spool,
            settings,
            database=self._runtime.database,
            outbox=self._runtime.outbox,
            uploader=self._runtime.uploader,
            flushes=self._flushes,
            redactor=self._runtime.redactor,
            clock=clock,
        )
        self._observer = Observer(self._runtime.roots, self._wakeups, spool=str(spool.folder))
        self._sweeper = Rescanner(self._runtime.pump, self._observer, clock)

    # Asked from other threads -----------------------------------------------------------

    def stop(self, *, is_draining: bool) -> None:
        """End the run soon; `is_draining`: read and send what is there first, for 3 s at most."""
        self._is_draining = is_draining
        self._stopping.set()
        self._wakeups.event.set()

    def status(
        self, *more_problems: Problem | None, max_sessions: int | None = None
    ) -> dict[str, JsonValue]:
        """Return what `report` shows of a running daemon."""
        uploader, observed = self._runtime.uploader, self._observer.problem
        health = uploader.health if uploader else None
        problems = (
            *more_problems,
            self._problem,
            self._sending.problem,
            _unwatched(observed),
            _unreadable(len(self._runtime.pump.problems.reasons)),
        )
        live = report.Live(
            pid=os.getpid(),
            since_ms=self._since_ms,
            problems=[problem for problem in problems if problem],
            backend=report.Backend(health.backend_info, health.error)
            if health
            else report.Backend(),
        )
        return report.status(
            self.settings,
            self._runtime.database,
            live,
            key=self._key,
            rules=self._rules,
            max_sessions=max_sessions,
        )

    def flush(self, flush: FlushRequest, until: float) -> FlushAnswer:
        """Have everything read, and sent if so asked; `until` is monotonic time.

        Raises NotRunning when the daemon is stopped meanwhile.
        """
        runtime, sending, session_id = self._runtime, self._sending, flush.session_id
        sent_before = sending.rows_sent
        request = self._flushes.ask(session_id)
        self._wakeups.event.set()
        self._clock.wait(request.done, max(0.0, until - self._clock.monotonic()))
        self._check_running()
        chosen = None if session_id is None else [session_id]
        error = None
        if flush.is_sending:
            error = sending.flush(chosen, until=until, stopping=self._stopping)
            self._check_running()
        now_ms = self._clock.wall_ms()
        return FlushAnswer(
            is_read=request.is_read,
            is_known=session_id is None
            or session_summaries.session_summary(runtime.database, session_id) is not None,
            is_local=runtime.uploader is None,
            rows_sent=sending.rows_sent - sent_before,
            rows_pending=runtime.outbox.count_sendable(chosen, now_ms) if runtime.uploader else 0,
            rows_rejected=runtime.outbox.count_rejected(chosen) if runtime.uploader else 0,
            error=report.connection_problem(error) if error else None,
            problem=self._problem or sending.problem,
        )

    def _check_running(self) -> None:
        if self._stopping.is_set():
            raise NotRunning(
                "ccsync-watch is stopping; what waits is kept", hint="start it and try again"
            )

    # The run ---------------------------------------------------------------------------

    def run(self) -> None:
        """Run until stopped; `close` is to follow."""
        try:
            self._sending.start()
            self._loop()
            self._flushes.close()
            if self._is_draining:
                self._drain()
        finally:
            self._flushes.close()
            self._observer.stop()
            self._sending.stop(JOIN_SECONDS)

    def close(self) -> None:
        """Give everything back, once nobody asks any more."""
        self._runtime.close()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            now = self._clock.monotonic()
            if now >= self._next_look:
                self._next_look = now + LOOK_SECONDS
                self._on_look()
                # During a backlog, too, signals are taken: the hooks' folder is not to grow.
                self._guarded(self._intake.turn)
            # Lines before signals: a signal merely asks for what the events have told already.
            if self._guarded(self._turn):
                self._gather_until = self._clock.monotonic() + GATHER_SECONDS
                continue
            if self._guarded(self._serve):
                continue
            # `stop` may have come before its wakeup was taken: look once more before sleeping.
            if not self._stopping.is_set():
                self._clock.wait(self._wakeups.event, self._idle_seconds())
                rest = self._gather_until - self._clock.monotonic()
                if rest > 0:
                    self._clock.wait(self._stopping, rest)

    def _turn(self) -> bool:
        """Take the wakeups, sweep if it is time, and let the pump do one piece of work."""
        pump = self._runtime.pump
        has_news = self._observer.ensure()
        paths, everything = self._wakeups.take()
        # Before the sweep: what an event named is nothing that a sweep had to find.
        pump.queue_paths(paths)
        self._sweeper.note(paths, is_folder=everything or has_news)
        has_swept = self._sweeper.turn(is_failing=self._problem is not None)
        # After a sweep without work, what could not be read is gone.
        is_well = has_swept and not pump.has_work()
        worked = pump.step()
        if self._problem and (worked or is_well):
            log.info("reading goes on")
            self._problem, self._pause = None, 0.0
        self._on_progress(self._runtime)
        return worked

    def _serve(self) -> bool:
        """Take signals and serve the flushes; return whether that made work."""
        is_more = self._intake.turn()
        self._flushes.serve(is_failing=self._problem is not None)
        return self._runtime.pump.has_work() or is_more

    def _idle_seconds(self) -> float:
        now = self._clock.monotonic()
        seconds = max(0.0, min(self._sweeper.next_at, self._next_look) - now)
        for asked in (self._flushes.next_seconds(), self._intake.next_seconds()):
            seconds = seconds if asked is None else min(seconds, asked)
        return seconds if self._observer.is_complete else min(seconds, ROOT_LOOK_SECONDS)

    def _guarded(self, work: Callable[[], bool]) -> bool:
        """Do a piece of work; a failure is said once, waited out, and tried again."""
        try:
            return work()
        except CcsyncError as error:
            self._set_problem(
                Problem("reading-failed", "Sync not working", error.message, error.hint)
            )
        except Exception as error:
            # A defect of ours must not end the stream: the next sweep finds what it left.
            problem = Problem(
                "reading-failed",
                "Sync not working",
                f"reading failed ({type(error).__name__})",
                "see the log in the state folder, and report it; reading is tried again",
            )
            if problem != self._problem:
                log.exception("reading failed")
            self._set_problem(problem)
        return False

    def _set_problem(self, problem: Problem) -> None:
        if problem != self._problem:
            log.error("%s: %s", problem.detail, problem.hint)
        self._problem = problem
        self._pause = min(max(self._pause * 2, 1.0), _MAX_PAUSE_SECONDS)
        self._sweeper.run_by(self._clock.monotonic() + self._pause)
        self._clock.wait(self._stopping, 1.0)

    def _drain(self) -> None:
        """Read what is there and send what is queued: what is in hand, not a whole backlog."""
        until = self._clock.monotonic() + DRAIN_SECONDS
        try:
            self._runtime.pump.reconcile()
            while self._clock.monotonic() < until and self._runtime.pump.step():
                pass
            self._sending.drain(until)
        except CcsyncError as error:
            log.error("%s", error)  # noqa: TRY400 - its one line says it all
        except Exception:
            log.exception("the last look failed; the next start makes up for it")


def _unwatched(reason: str | None) -> Problem | None:
    if reason is None:
        return None
    return Problem(
        "events-unavailable",
        "File events",
        reason,
        "nothing to do: transcripts are scanned every few seconds instead",
        "warning",
    )


def _unreadable(count: int) -> Problem | None:
    if not count:
        return None
    return Problem(
        "transcripts-unreadable",
        "Sync not working",
        f"transcripts that cannot be read: {count}",
        "make them readable for this user; the log in the state folder says which",
    )
