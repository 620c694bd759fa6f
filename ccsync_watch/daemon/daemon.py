"""The main loop of the daemon, with one set of settings: read, upload, stop in order.

The thread that calls `run` reads transcripts. Besides it there are watchdog's observer thread and
the upload workers, both started and stopped here. Other threads use the daemon's parts directly:
`annotations`, `flushes`, `uploads` and `runtime` are safe to use from any thread.
"""

from __future__ import annotations

import logging
import math
import threading
from typing import TYPE_CHECKING

from ccsync_watch.daemon.annotation_intake import AnnotationIntake
from ccsync_watch.daemon.flushes import Flushes
from ccsync_watch.daemon.free_memory import FreeMemory
from ccsync_watch.daemon.hook_event_intake import HookEventIntake
from ccsync_watch.daemon.reading_problems import reading_problems
from ccsync_watch.daemon.rescan import Rescanner
from ccsync_watch.daemon.runtime import Runtime, rules_in_force
from ccsync_watch.daemon.upkeep import Upkeep
from ccsync_watch.daemon.upload_workers import UploadWorkers
from ccsync_watch.errors import NotRunning
from ccsync_watch.hook_events import Spool
from ccsync_watch.privacy.clean import clean_text
from ccsync_watch.problem import Problem
from ccsync_watch.store.damage import CheckLevel
from ccsync_watch.transcripts.observer import Observer, Wakeups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.daemon.flushes import Flush
    from ccsync_watch.privacy import Redactor

log = logging.getLogger(__name__)

# How often to poll the settings files and the spool, and a root that does not exist yet: one
# `stat` each.
POLL_SECONDS = 1.0
ROOT_POLL_SECONDS = 0.5
# What is written in quick succession is read together: each commit takes milliseconds of a
# processor that Claude Code may be waiting for. The first line after a pause is not delayed.
GATHER_SECONDS = 0.03
# Together they stay below the 5 s within which a signal ends the program.
DRAIN_SECONDS = 3.0
JOIN_SECONDS = 0.5
PAUSE_SECONDS = 0.2
"""A row that takes longer to redact is paused so often, for as long as others have something."""
MOST_PAUSED = 4
_MIN_RETRY_SECONDS = 1.0
_MAX_RETRY_SECONDS = 30.0


class Daemon:
    """Reads, stores and uploads from `run` to `stop`. `on_poll` is called about once a second."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        redactor: Redactor | None = None,
        transport: httpx.BaseTransport | None = None,
        on_progress: Callable[[Runtime], None] = lambda _runtime: None,
        on_poll: Callable[[], None] = lambda: None,
        check_level: CheckLevel = CheckLevel.QUICK,
    ) -> None:
        self.settings = settings
        self.since_ms = clock.wall_ms()
        self.rules = rules_in_force(settings)
        self._clock = clock
        self._on_progress = on_progress
        self._on_poll = on_poll
        self._wakeups = Wakeups()
        self.stopping = threading.Event()
        self._is_draining = False
        self.problem: Problem | None = None
        self._retry_seconds = 0.0
        self._next_poll = self._gather_until = 0.0
        self._next_pause = math.inf
        self._paused = 0
        self.runtime = Runtime(
            settings,
            clock=clock,
            redactor=redactor,
            transport=transport,
            check_level=check_level,
        )
        self._memory = FreeMemory(release=self.runtime.database.release_memory)
        self.flushes = Flushes(self.runtime.pump, clock)
        self.uploads = UploadWorkers(
            self.runtime.uploader,
            self.runtime.outbox,
            stop=self.runtime.stop,
            clock=clock,
            on_failure=self.runtime.database.note_failure,
        )
        spool = Spool(
            settings.state_dir,
            settings.claude_dirs,
            clock=clock,
            redact=lambda text: clean_text(text, self.runtime.redactor).value,
        )
        spool.prepare()
        self._intake = HookEventIntake(
            spool,
            settings,
            database=self.runtime.database,
            outbox=self.runtime.outbox,
            uploader=self.runtime.uploader,
            flushes=self.flushes,
            redactor=self.runtime.redactor,
            clock=clock,
        )
        self.annotations = AnnotationIntake(
            self.runtime.database,
            redactor=self.runtime.redactor,
            clock=clock,
            wake=self._wakeups.event.set,
        )
        self._observer = Observer(self.runtime.roots, self._wakeups, spool=str(spool.folder))
        self._rescanner = Rescanner(self.runtime.pump, self._observer, clock)
        self._upkeep = Upkeep(self.runtime.database, clock)
        self.runtime.redactor.set_pause(self._read_meanwhile)
        self.runtime.pump.set_pace(
            is_interrupted=self._wakeups.event.is_set,
            is_slow=lambda: not self.runtime.redactor.is_fast,
            pause=self._read_meanwhile,
            is_ending=self.stopping.is_set,
        )

    # Used by other threads --------------------------------------------------------------

    def stop(self, *, is_draining: bool) -> None:
        """End the run soon; `is_draining`: read and upload what there is first, for 3 s at most."""
        self._is_draining = is_draining
        self.stopping.set()
        self._wakeups.event.set()

    def start_flush(self, session_id: str | None) -> Flush:
        """Have a session (None: all) read to its end now."""
        flush = self.flushes.add(session_id)
        self._wakeups.event.set()
        return flush

    def check_running(self) -> None:
        """Raise NotRunning once the daemon was stopped."""
        if self.stopping.is_set():
            raise NotRunning(
                "ccsync-watch is stopping; unsent data is kept", hint="start it and try again"
            )

    def problems(self) -> list[Problem]:
        """Return what does not work at present."""
        own = (self.problem, self.uploads.problem)
        return [problem for problem in own if problem is not None] + reading_problems(
            events=self._observer.problem,
            unreadable=len(self.runtime.pump.problems.reasons),
            dropped=self.runtime.redactor.dropped_known,
        )

    # The run ---------------------------------------------------------------------------

    def run(self) -> None:
        """Run until stopped; the caller calls `close` afterwards."""
        try:
            self.uploads.start()
            self._loop()
            self.flushes.close()
            if self._is_draining:
                self._drain()
        finally:
            self.annotations.close()
            self.flushes.close()
            self._observer.stop()
            self.uploads.stop(JOIN_SECONDS)
            self._upkeep.stop()

    def close(self) -> None:
        """Close the database and all connections, once no other thread uses the daemon."""
        # The next daemon has the same redactor, which would keep this one, and its database.
        self.runtime.redactor.set_pause(lambda: None)
        self.runtime.close()

    def _loop(self) -> None:
        """Read what events announced, then serve hook events and flushes, then sleep.

        What became known as a secret is removed from older texts before a flush may end.
        """
        while not self.stopping.is_set():
            self._poll()
            if self._guard(self._read):
                self._gather_until = self._clock.monotonic() + GATHER_SECONDS
            elif not any(map(self._guard, self._idle_work())):
                self._sleep()

    def _idle_work(self) -> Iterator[Callable[[], bool]]:
        """Yield what is done, in this order, while there is nothing to read."""
        yield self.runtime.late_secrets.step
        yield self._serve
        if self.runtime.retention is not None:
            yield self.runtime.retention.step

    def _poll(self) -> None:
        """Once a second, during a backlog as well: pick up changed settings and hook events."""
        now = self._clock.monotonic()
        if now >= self._next_poll:
            self._next_poll = now + POLL_SECONDS
            self._on_poll()
            self.annotations.serve()
            self._guard(self._intake.turn)
            self._guard(self.runtime.late_secrets.step)
            if not self.runtime.pump.has_work():
                self._guard(self._compare)
                self._upkeep.turn()

    def _compare(self) -> bool:
        """Compare what was read with the files, as long as there is nothing else to do."""
        while not self._wakeups.event.is_set() and self.runtime.pump.prefix_audit.step():
            pass
        return False

    def _read(self) -> bool:
        """Queue what events announced, rescan if it is time, and read one chunk.

        Return whether there was anything to read.
        """
        pump = self.runtime.pump
        roots_changed = self._observer.ensure()
        paths, needs_rescan = self._wakeups.take()
        # Before the rescan: what an event announced does not count as found without an event.
        pump.queue_paths(paths)
        self._rescanner.add_events(paths, is_folder=needs_rescan or roots_changed)
        has_rescanned = self._rescanner.turn(is_failing=self.problem is not None)
        # A rescan that queues nothing shows that the unreadable data is gone.
        is_healthy = has_rescanned and not pump.has_work()
        self._next_pause = self._clock.monotonic() + PAUSE_SECONDS
        has_read = self._step()
        if self.problem and (has_read or is_healthy):
            log.info("reading works again")
            self.problem, self._retry_seconds = None, 0.0
        self._on_progress(self.runtime)
        return has_read

    def _step(self) -> bool:
        """Read one chunk; if that takes long, `_read_meanwhile` is called in between."""
        self._next_pause = self._clock.monotonic() + PAUSE_SECONDS
        try:
            return self.runtime.pump.step()
        finally:
            self._next_pause = math.inf

    def _read_meanwhile(self) -> None:
        """Read what other sessions wrote while a row takes long to redact; called by the redactor.

        A row that takes long itself is paused in turn.
        """
        now = self._clock.monotonic()
        if now < self._next_pause or self._paused >= MOST_PAUSED or self.stopping.is_set():
            return
        self._paused += 1
        try:
            until = now + PAUSE_SECONDS
            while self._guard(self._read) and self._clock.monotonic() < until:
                pass
        finally:
            self._paused -= 1
            self._next_pause = self._clock.monotonic() + PAUSE_SECONDS

    def _serve(self) -> bool:
        """Handle hook events and flushes; return whether that queued anything to read.

        After reading: a hook event usually announces what file events have announced already.
        """
        self.annotations.serve()
        has_more = self._intake.turn()
        self.flushes.serve(is_failing=self.problem is not None)
        return self.runtime.pump.has_work() or has_more

    def _sleep(self) -> None:
        # `stop` may have come before its wakeup was taken.
        if self.stopping.is_set():
            return
        self._memory.turn(self.runtime.pump.progress.bytes_read)
        self._clock.wait(self._wakeups.event, self._idle_seconds())
        gather_seconds = self._gather_until - self._clock.monotonic()
        if gather_seconds > 0:
            self._clock.wait(self.stopping, gather_seconds)

    def _idle_seconds(self) -> float:
        now = self._clock.monotonic()
        seconds = max(0.0, min(self._rescanner.next_at, self._next_poll) - now)
        for limit in (self.flushes.next_seconds(), self._intake.next_seconds()):
            seconds = seconds if limit is None else min(seconds, limit)
        return seconds if self._observer.is_complete else min(seconds, ROOT_POLL_SECONDS)

    def _guard(self, work: Callable[[], bool]) -> bool:
        """Do a piece of work; log a failure once, wait, and have it tried again."""
        try:
            return work()
        except Exception as error:
            failure = self.runtime.database.note_failure(error)
            if failure is not None:
                title = failure.title or "Sync not working"
                self._handle_failure(
                    Problem("reading-failed", title, failure.message, failure.hint_while_running)
                )
                return False
            # A defect of ours must not end the stream: the next rescan finds what it left.
            problem = Problem(
                "reading-failed",
                "Sync not working",
                f"reading failed ({type(error).__name__})",
                "see the log in the state folder and report it; reading is tried again",
            )
            if problem != self.problem:
                log.exception("reading failed")
            self._handle_failure(problem)
        return False

    def _handle_failure(self, problem: Problem) -> None:
        if problem != self.problem:
            log.error("%s: %s", problem.detail, problem.hint)
        self.problem = problem
        self._retry_seconds = min(
            max(self._retry_seconds * 2, _MIN_RETRY_SECONDS), _MAX_RETRY_SECONDS
        )
        self._rescanner.run_by(self._clock.monotonic() + self._retry_seconds)
        self._clock.wait(self.stopping, _MIN_RETRY_SECONDS)

    def _drain(self) -> None:
        """Read and upload what was just written, not a whole backlog."""
        until = self._clock.monotonic() + DRAIN_SECONDS
        try:
            self.runtime.pump.reconcile()
            for step in (self.runtime.pump.step, self.runtime.late_secrets.step):
                while self._clock.monotonic() < until and step():
                    pass
            self.uploads.drain(until)
        except Exception as error:
            failure = self.runtime.database.note_failure(error)
            # One line says it all, but for a defect.
            log.error("%s", failure or "the last reading failed", exc_info=failure is None)  # noqa: TRY400
