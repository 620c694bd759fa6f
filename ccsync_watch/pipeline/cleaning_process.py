"""A process that cleans a backlog ahead of the one that stores it, on another processor.

`python -m ccsync_watch.pipeline.cleaning_process`, started by `ahead_cleaner`, which decides what
of its results may be used. It writes nothing but them: what it reads exists in its memory alone. It
ends with its pipes, so with the process that started it, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccsync_watch.errors import CcsyncError
from ccsync_watch.pipeline.batch_cleaner import BatchCleaner
from ccsync_watch.pipeline.cleaning_messages import (
    ChunkCleaned,
    CleaningPlan,
    IsReady,
    IsWorking,
    PlanDone,
    checksum_of,
)
from ccsync_watch.pipeline.process_frames import ChildPipes
from ccsync_watch.privacy.redactor import Redactor
from ccsync_watch.store.database import open_for_reading
from ccsync_watch.transcripts import tail

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, Line
    from ccsync_watch.pipeline.cleaning_messages import CleaningSetup, LeaveOut, PlannedChunk
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.discovery import Transcript

MOST_CHUNK_BYTES = 8 << 20
"""A longer line is not read ahead: two processes would need the memory for it."""
_WORD_SECONDS = 0.5


@dataclass
class _KnowingRedactor:
    """The redactor of a process; `added` are the values that were added since it was emptied."""

    redactor: Redactor
    added: list[tuple[str, str]] = field(default_factory=list)

    @property
    def dropped_known(self) -> int:
        return self.redactor.dropped_known

    def add_known(self, value: str, kind: str) -> None:
        self.added.append((value, kind))
        self.redactor.add_known(value, kind)

    def take_known(self) -> list[str]:
        return self.redactor.take_known()

    def redact_value(self, obj: JsonValue) -> JsonValue:
        return self.redactor.redact_value(obj)


class CleaningProcess:
    """Follows the plans that come, one at a time, until its parent ends."""

    def __init__(self, setup: CleaningSetup, pipes: ChildPipes, database: Database) -> None:
        self._setup = setup
        self._pipes = pipes
        self._database = database
        self._parent = os.getppid()
        self._number = 0
        self._next_word = 0.0
        self._redactor = self._make_redactor()
        self._cleaner = self._make_cleaner()
        self._turns: deque[PlannedChunk] = deque()
        self._offsets: dict[str, int] = {}

    def run(self) -> None:
        """Clean until the parent ends. Raises EOFError or OSError then."""
        self._pipes.send(IsReady(self._redactor.redactor.engine))
        while True:
            if not self._turns or self._pipes.has_message():
                self._follow(self._pipes.receive())
                continue
            cleaned = self._clean_next()
            if cleaned is None:
                self._turns.clear()
            else:
                self._pipes.send(cleaned)
            self._report_end()

    def _report_end(self) -> None:
        """Say that nothing more comes of a plan of which nothing is left."""
        if not self._turns:
            self._pipes.send(PlanDone(self._number))

    def _follow(self, message: CleaningPlan | LeaveOut) -> None:
        """Begin a plan, or leave transcripts of it to the parent."""
        if isinstance(message, CleaningPlan):
            self._begin(message)
        elif message.number == self._number and self._turns:
            self._turns = deque(
                turn for turn in self._turns if turn.transcript.path not in message.paths
            )
            self._report_end()

    def _begin(self, plan: CleaningPlan) -> None:
        """Forget the plan before, and what was remembered from it: not all of it was used."""
        self._number, self._turns, self._offsets = plan.number, deque(plan.turns), {}
        if self._redactor.redactor.known_values().keys() - plan.known.keys():
            self._redactor = self._make_redactor()
        for value, kind in plan.known.items():
            self._redactor.redactor.add_known(value, kind)
        self._cleaner = self._make_cleaner()
        self._cleaner.history.apply(plan.history)

    def _make_redactor(self) -> _KnowingRedactor:
        redactor = Redactor(**self._setup.redactor)
        redactor.set_pause(self._during_a_long_text)
        return _KnowingRedactor(redactor)

    def _make_cleaner(self) -> BatchCleaner:
        setup = self._setup
        return BatchCleaner(
            setup.policy,
            setup.projects,
            database=self._database,
            redactor=self._redactor,
            files=setup.files,
        )

    def _during_a_long_text(self) -> None:
        """End with the parent; as long as it lives, tell it now and then that this works."""
        if os.getppid() != self._parent:
            os._exit(0)
        now = time.monotonic()
        # Where the pipe is full, the parent has something to read, and does not wait.
        if now >= self._next_word and self._pipes.has_room():
            self._next_word = now + _WORD_SECONDS
            self._pipes.send(IsWorking(self._number))

    def _clean_next(self) -> ChunkCleaned | None:
        """Return the next chunk; None where the plan ends, or only the parent can continue."""
        while self._turns:
            turn = self._turns[0]
            path = turn.transcript.path
            start = self._offsets.get(path, turn.start)
            try:
                with self._setup.files.open_file(path) as file:
                    chunk = tail.read_lines(
                        file.read_at,
                        start,
                        chunk_bytes=self._setup.chunk_bytes,
                        max_line_bytes=MOST_CHUNK_BYTES,
                    )
                    is_complete = chunk.end >= file.size
                if chunk.skipped is not None:
                    return None
                if is_complete or not turn.is_last or not chunk.lines:
                    self._turns.popleft()
                self._offsets[path] = chunk.end
                if chunk.lines:
                    return self._clean(turn.transcript, start, chunk.lines)
            except (OSError, CcsyncError):
                return None  # the parent fails in the same way, and says so
        return None

    def _clean(self, transcript: Transcript, start: int, lines: list[Line]) -> ChunkCleaned:
        self._redactor.added = []
        reads = self._cleaner.reads.noted = []
        cleaned = self._cleaner.clean(transcript, start, lines)
        return ChunkCleaned(
            self._number,
            transcript.path,
            start,
            lines[-1].end,
            checksum_of(lines),
            cleaned.batch,
            cleaned.excluded,
            cleaned.metadata_only,
            cleaned.disclosures,
            cleaned.calls,
            reads,
            self._cleaner.history.take_changes(),
            self._redactor.added,
        )


def main() -> None:
    """Run the process on its standard input and output, which nothing else may use."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no secret gets to a disk
    # A terminal and systemd send them to all processes: the parent decides what they mean.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    receive_fd, send_fd = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    pipes = ChildPipes(receive_fd, send_fd)
    with contextlib.suppress(EOFError, OSError):
        setup: CleaningSetup = pipes.receive()
        database = open_for_reading(setup.state_dir)
        if database is not None:
            CleaningProcess(setup, pipes, database).run()


if __name__ == "__main__":
    main()
