"""Has a process of its own clean a long backlog ahead, and decides which of its results are used.

A result is used only where cleaning the chunk here would give the same: the same lines, after the
same chunks, with the same answers of the store. Whatever is different, late or failed is cleaned
here; so the process can end at any moment, and nothing depends on it but how long a backlog takes.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, Protocol

from ccsync_watch.pipeline.batch_cleaner import CleanBatch
from ccsync_watch.pipeline.cleaning_messages import (
    ChunkCleaned,
    CleaningPlan,
    IsReady,
    IsWorking,
    LeaveOut,
    PlanDone,
    checksum_of,
)
from ccsync_watch.pipeline.cleaning_start import (
    START_BYTES,
    end_process,
    has_processors,
    start_process,
)
from ccsync_watch.pipeline.shared_turns import SharedTurns
from ccsync_watch.privacy.known.call_history import TABLES_BY_CALL

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Iterator

    from ccsync_watch.clock import Clock
    from ccsync_watch.model import Line
    from ccsync_watch.pipeline.batch_cleaner import BatchCleaner
    from ccsync_watch.pipeline.cleaning_messages import CleaningSetup, PlannedChunk
    from ccsync_watch.pipeline.process_frames import ParentPipes
    from ccsync_watch.transcripts.discovery import Transcript

log = logging.getLogger(__name__)

_MAX_FAILURES = 3
_MAX_UNUSED = 8
"""After so many plans of which nothing was used, the process is ended."""
_MAX_WAIT_SECONDS = 60.0
_MAX_SILENT_SECONDS = 5.0
"""A process that is stopped, or waits for a disk, is silent; while it works, it says so."""
_MAX_COUNTED_SECONDS = 1.0
"""Of one wait without a word: this process may have been stopped itself, with the other one."""
_POLL_SECONDS = 0.05


class KnowingRedactor(Protocol):
    """What is asked of the redactor that the pump uses."""

    @property
    def dropped_known(self) -> int:
        """Return how many values are not known any more."""
        ...

    def add_known(self, value: str, kind: str) -> None:
        """Remove this value from now on."""
        ...

    def known_values(self) -> dict[str, str]:
        """Return all known values with their kinds, in the order of `add_known`."""
        ...


class AheadCleaner:
    """Starts the process for a long backlog, and ends it afterwards. Used by the pump's thread.

    `early` is a process that was started already, by `start_early`.
    `attach` comes first. The pump calls `prepare` between two steps, `take` for each chunk, and
    `add_own` for each that it cleaned itself.
    """

    def __init__(
        self,
        setup: CleaningSetup,
        redactor: KnowingRedactor,
        *,
        clock: Clock,
        start_bytes: int = START_BYTES,
        max_wait_seconds: float = _MAX_WAIT_SECONDS,
        early: subprocess.Popen[bytes] | None = None,
    ) -> None:
        self._setup = setup
        self._redactor = redactor
        self._clock = clock
        self._start_bytes = start_bytes
        self._max_wait_seconds = max_wait_seconds
        self._cleaner: BatchCleaner | None = None
        self._early = early
        self._process: subprocess.Popen[bytes] | None = None
        self._pipes: ParentPipes | None = None
        self._is_wanted = self._is_ready = self.has_plan = self._is_waiting = False
        self._head: ChunkCleaned | None = None
        self._shared = SharedTurns()
        self._number = self._unused = self.failures = self._known_count = 0
        # Calls of chunks that were cleaned here since the plan: the process does not know them.
        self._own_calls: set[str] = set()
        self.used = 0
        """How many results were used; `has_plan`: more may come, `failures`: how often it ended."""
        self.pause: Callable[[], object] = lambda: None
        """Called again and again while a result is waited for; it may have other chunks read."""
        self.is_ending: Callable[[], bool] = lambda: False
        """Whether all reading ends soon, so that nothing is waited for."""

    @property
    def process_id(self) -> int | None:
        """Return the id of the process while there is one."""
        return None if self._process is None else self._process.pid

    def attach(self, cleaner: BatchCleaner) -> None:
        """Clean as this cleaner does, whose memory is to stay as if it had cleaned everything."""
        self._cleaner = cleaner

    # Its life --------------------------------------------------------------------------

    def want(self, unread_bytes: int) -> None:
        """Start a process soon if so much is to be read."""
        if unread_bytes >= self._start_bytes and not self._is_wanted:
            self._is_wanted = self.failures < _MAX_FAILURES and has_processors()
            self._unused = 0

    def prepare(self, upcoming: Callable[[], Iterable[PlannedChunk]], *, is_slow: bool) -> None:
        """Start the process, or give it its next plan; all that was read is committed.

        `upcoming` returns the chunks that will be read next, in their order; `is_slow`: the
        redactor's rules are not compiled yet.
        """
        if not self._is_wanted or is_slow or self._is_waiting or self._redactor.dropped_known:
            return
        with self._ending_on_failure():
            if self._process is None:
                self._start()
            elif self.is_ready() and not (self.has_result() or self.has_plan):
                self._send_plan(tuple(upcoming()))

    def is_ready(self) -> bool:
        """Return whether the process has loaded what it needs. Raises EOFError once it ended."""
        if not self._is_ready:
            self._is_ready = isinstance(self._receive(0), IsReady)
        return self._is_ready

    def has_result(self) -> bool:
        """Return whether the next result of the plan has come."""
        if self._head is None and self.has_plan:
            self._head = self._wait(0)
        return self._head is not None

    def stop(self) -> None:
        """End the process, if there is one: the backlog is read, or reading ends.

        Not while a result is waited for, when only what came in between is read.
        """
        if self._is_waiting:
            return
        self._is_wanted = self._is_ready = False
        self.forget()
        processes = self._process, self._early
        self._process = self._early = self._pipes = None
        for process in processes:
            if process is not None:
                end_process(process)

    def _start(self) -> None:
        # Not at the top: a reading that is never long needs no processes, and Windows has no pipes
        # of this kind.
        from ccsync_watch.pipeline.process_frames import ParentPipes  # noqa: PLC0415

        process, self._early = self._early or start_process(), None
        self._process = process
        if process.stdin is None or process.stdout is None:  # they were asked for
            raise EOFError
        self._pipes = ParentPipes(process.stdout.fileno(), process.stdin.fileno())
        self._pipes.send(self._setup)

    def _send_plan(self, turns: tuple[PlannedChunk, ...]) -> None:
        if self._unused >= _MAX_UNUSED or not turns:
            self.stop()
            return
        if self._cleaner is None or self._pipes is None:
            return
        self._number += 1
        self._unused += 1
        self._own_calls.clear()
        known = self._redactor.known_values()
        self._known_count = len(known)
        history = self._cleaner.history.everything()
        self._pipes.send(CleaningPlan(self._number, turns, history, known))
        self._shared = SharedTurns(turns)
        self.has_plan = True

    def _share(self) -> None:
        """Clean some of the plan's transcripts here, for which the slower process leaves time."""
        paths = self._shared.choose() if self.has_plan else None
        if paths and self._pipes is not None:
            self._pipes.send(LeaveOut(self._number, paths))

    @contextlib.contextmanager
    def _ending_on_failure(self) -> Iterator[None]:
        """End the process when it does not work; nothing that it had is needed."""
        try:
            yield
        except (OSError, EOFError, TimeoutError):
            self.failures += 1
            log.warning("the process that reads ahead has ended; reading continues without it")
            self.stop()

    # Its results -----------------------------------------------------------------------

    def forget(self) -> None:
        """Use no result of the current plan any more: something else came before."""
        self.has_plan, self._head = False, None

    def take(
        self, transcript: Transcript, start: int, lines: list[Line], *, is_live: bool
    ) -> CleanBatch | None:
        """Return the clean batch of a chunk; None if it is to be cleaned here.

        `is_live`: an event announced it, so it was not planned.
        """
        if not self.has_plan or self._is_waiting or not lines:
            return None
        self._shared.reach(transcript.path)
        if self._shared.is_own(transcript.path):
            return None
        if self._head is None:
            with self._ending_on_failure():
                self._head = self._wait(0)
                # What was written now does not wait for what is read ahead.
                if self._head is None and not is_live:
                    self._share()
                    self._head = self._wait(self._max_wait_seconds)
        head = self._head
        if head is None:
            return None
        if (head.path, head.start, head.end) != (transcript.path, start, lines[-1].end):
            if not is_live:
                self.forget()
            return None
        if not self._is_valid(head, lines):
            self.forget()
            return None
        self._head = None
        self._use(head)
        return CleanBatch(
            lines, head.batch, head.excluded, head.metadata_only, head.disclosures, head.calls
        )

    def _wait(self, seconds: float) -> ChunkCleaned | None:
        """Return the next result of the current plan, None if none comes.

        Raises TimeoutError after so many seconds, or when the process seems to be stopped; not if
        the seconds are 0.
        """
        silent_seconds, now = 0.0, self._clock.monotonic()
        until = now + seconds
        self._is_waiting = True
        try:
            while self.has_plan:
                message = self._receive(_POLL_SECONDS if seconds else 0)
                before, now = now, self._clock.monotonic()
                if message is None and (not seconds or self.is_ending()):
                    break
                if message is None:
                    silent_seconds += min(now - before, _MAX_COUNTED_SECONDS)
                    if silent_seconds > _MAX_SILENT_SECONDS or now > until:
                        raise TimeoutError
                    self.pause()
                    continue
                silent_seconds = 0.0
                if message.number != self._number or isinstance(message, IsWorking):
                    continue
                if isinstance(message, PlanDone):
                    self.forget()
                elif not self._shared.is_own(message.path):
                    return message  # type: ignore[no-any-return]  # what the process sends
        finally:
            self._is_waiting = False
        return None

    def _receive(self, timeout_seconds: float) -> Any:  # noqa: ANN401 - what the process sends
        if self._pipes is None:
            raise EOFError
        return self._pipes.receive(timeout_seconds)

    def _is_valid(self, head: ChunkCleaned, lines: list[Line]) -> bool:
        """Return whether cleaning these lines here and now would have the same result."""
        return (
            self._cleaner is not None
            and self._own_calls.isdisjoint(head.calls)
            and all(self._own_calls.isdisjoint(read.ids) for read in head.reads)
            and len(self._redactor.known_values()) == self._known_count
            and not self._redactor.dropped_known
            and checksum_of(lines) == head.checksum
            and self._cleaner.reads.are_current(head.reads)
        )

    def _use(self, head: ChunkCleaned) -> None:
        """Remember what cleaning the chunk would have left in memory."""
        if self._cleaner is not None:
            self._cleaner.history.apply(head.history)
        for value, kind in head.known:
            self._redactor.add_known(value, kind)
        self._known_count = len(self._redactor.known_values())
        self._unused = 0
        self.used += 1

    def add_own(self) -> None:
        """Note a chunk that was cleaned here: what later ones may depend on ends the plan."""
        if not self.has_plan or self._cleaner is None:
            return
        changes = self._cleaner.history.take_changes()
        if any(change.table not in TABLES_BY_CALL for change in changes):
            self.forget()
        self._own_calls.update(change.key for change in changes)
