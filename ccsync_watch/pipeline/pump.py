"""The pump: from a dirty transcript to committed rows, the most recently written first.

It has no thread and no clock of its own: `step` does one bounded piece of work. Its invariant is
that of the store: an offset moves only in the transaction that holds the rows before it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.model import Line
from ccsync_watch.pipeline.backlog import Backlog
from ccsync_watch.pipeline.checkpoint_resolver import CheckpointResolver
from ccsync_watch.pipeline.prepare import Preparation
from ccsync_watch.pipeline.pump_config import Progress, shown_name
from ccsync_watch.privacy.clean import clean_text
from ccsync_watch.store import queries
from ccsync_watch.store.ingest import Context, ingest
from ccsync_watch.transcripts import tail
from ccsync_watch.transcripts.fingerprint import Edges
from ccsync_watch.transcripts.parse import is_dropped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.model import Checkpoint
    from ccsync_watch.pipeline.checkpoint_resolver import Place
    from ccsync_watch.pipeline.prepare import PreparedBatch
    from ccsync_watch.pipeline.pump_config import Files, PumpConfig
    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.discovery import Transcript
    from ccsync_watch.transcripts.transcript_file import OpenFile

log = logging.getLogger(__name__)


class Pump:
    """Reads transcripts into the store. Used by one thread at a time."""

    def __init__(
        self,
        config: PumpConfig,
        *,
        database: Database,
        redactor: TrackingRedactor,
        files: Files,
        clock: Clock,
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._database = database
        self._redactor = redactor
        self._files = files
        self._clock = clock
        self._on_commit = on_commit
        self._host = clean_text(config.host, redactor)
        self._resolver = CheckpointResolver(
            database, redactor=redactor, files=files, install_key=config.install_key
        )
        self._preparation = Preparation(
            config.policy, config.projects, database=database, redactor=redactor, files=files
        )
        self._disclosures_due = queries.disclosures(database)
        self._backlog = Backlog()
        self._scanned: dict[str, tuple[int, int]] = {}
        self.problems: dict[str, str] = {}
        self.progress = Progress()

    # What there is to do ---------------------------------------------------------------

    def notice(self, paths: Iterable[str]) -> None:
        """Queue the transcripts that an event named, if they hold anything new."""
        for path in paths:
            try:
                found = self._files.look(path)
            except OSError as error:
                self._note_problem(path, f"cannot be read: {error.strerror}")
                continue
            if found is not None:
                self._resolver.saw(found)
                self._queue(found)

    def reconcile(self) -> list[Transcript]:
        """Compare every transcript with its checkpoint, queue what differs, and return it.

        Whatever events announced or missed, after this nothing new is overlooked.
        """
        swept = self._files.sweep(self._config.roots)
        self._resolver.swept(swept.found)
        self._learn_again(swept.found)
        for path, reason in swept.unread.items():
            self._note_problem(path, f"cannot be read: {reason}")
        for path in [path for path in self.problems if path not in swept.unread]:
            if swept.is_certainly_gone(path) and not self._resolver.is_present(path):
                del self.problems[path]
        fresh = [found for found in swept.found if self._queue(found)]
        if swept.folders and not swept.unread:
            self._resolver.note_missing(self._clock.wall_ms())
        return fresh

    def _learn_again(self, present: Iterable[Transcript]) -> None:
        """Learn the secrets that lines told before this start, from the transcripts there are.

        A transcript that is not there, or cannot be read, may be at the next sweep.
        """
        if not self._disclosures_due:
            return
        learnt: dict[str, bool] = {}
        for found in present:
            name = found.stream.name
            if name in self._disclosures_due:
                learnt[name] = self._learn_from(found) and learnt.get(name, True)
        for name, is_learnt in learnt.items():
            if is_learnt:
                del self._disclosures_due[name]

    def _learn_from(self, found: Transcript) -> bool:
        """Learn what lines of this stream told; return whether its file could be read."""
        try:
            with self._files.open_file(found.path) as file:
                for start, end in self._disclosures_due[found.stream.name]:
                    data = file.read_at(start, end - start)
                    self._preparation.learn_again(found, Line(start, end, data.rstrip(b"\n")))
        except OSError:
            return False
        return True

    def notice_session(self, session_id: str) -> None:
        """Queue a session's transcripts, its subagents' included, ahead of everything else."""
        for found in self._files.sweep_session(self._config.roots, session_id).found:
            self._resolver.saw(found)
            self._queue(found, urgency=self._clock.wall_ms() * 1_000_000)

    def waiting(self) -> tuple[int, int]:
        """Return how many transcripts are queued, and how many bytes of them are unread."""
        queued = self._backlog.found()
        unread = 0
        for found in queued:
            checkpoint = self._resolver.checkpoint(found.path)
            unread += max(0, found.size - (checkpoint.offset if checkpoint else 0))
        return len(queued), unread

    def has_work(self) -> bool:
        """Tell whether `step` has something to do."""
        return len(self._backlog) > 0

    def _queue(self, found: Transcript, urgency: int = 0) -> bool:
        """Queue a transcript that differs from its checkpoint; return whether that is news."""
        has_problem = found.path in self.problems
        if not has_problem and self._resolver.is_unchanged(found):
            return False
        is_news = found.path not in self._backlog and not has_problem
        self._backlog.put(found, max(found.mtime_ns, urgency))
        return is_news

    # The journey -----------------------------------------------------------------------

    def step(self) -> bool:
        """Do one piece of work; return whether there was any.

        Raises StateError when the store refuses, and RedactorUnavailable when nothing may pass:
        in both cases the transcript stays where it was and waits for the next sweep.
        """
        turn = self._backlog.take()
        if turn is None:
            return False
        rank, found = turn
        try:
            with self._files.open_file(found.path) as file:
                place = self._resolver.resolve(found, file)
                chunk = self._read(found, file, place.checkpoint)
                end = self._commit(found, file, place, chunk)
        except FileNotFoundError:
            # Deleted or moved since it was queued; a move is found under its new path.
            return True
        except OSError as error:
            self._note_problem(found.path, f"cannot be read: {error.strerror}")
            return True
        self.problems.pop(found.path, None)
        if end not in {place.checkpoint.offset, file.size}:
            # There may be more: it takes its turn again, behind whatever was written since.
            self._backlog.put(replace(found, size=file.size), rank)
        return True

    def _read(self, found: Transcript, file: OpenFile, checkpoint: Checkpoint) -> tail.Chunk:
        start, scanned = self._scanned.pop(found.path, (0, 0))
        is_valid = start == checkpoint.offset and scanned <= file.size
        chunk = tail.read_lines(
            file.read_at,
            checkpoint.offset,
            scanned=scanned if is_valid else 0,
            is_skippable=is_dropped,
            chunk_bytes=self._config.chunk_bytes,
            max_line_bytes=self._config.max_line_bytes,
        )
        if chunk.scanned:
            self._scanned[found.path] = (checkpoint.offset, chunk.scanned)
        return chunk

    def _commit(self, found: Transcript, file: OpenFile, place: Place, chunk: tail.Chunk) -> int:
        """Clean and store a chunk; return the offset up to which it is in the store.

        When the redactor fails, what comes before the failure is stored, and the offset stays
        before the line that it failed on.
        """
        lines: Sequence[Line] = chunk.lines
        while True:
            try:
                prepared = self._preparation.batch(
                    found, place.checkpoint.offset, lines, chunk.passed
                )
            except RedactorUnavailable as error:
                if len(lines) <= 1:
                    self._note_problem(found.path, error.message)
                    raise
                lines = lines[: len(lines) // 2]
            else:
                is_held = chunk.passed is None
                edges = place.edges.after(lines) if is_held else Edges.at(file.read_at, chunk.end)
                self._store(found, file, replace(place, edges=edges), prepared)
                return prepared.batch.value.end

    def _store(
        self, found: Transcript, file: OpenFile, place: Place, prepared: PreparedBatch
    ) -> None:
        batch = prepared.batch.value
        # Only a look that found no further line has seen all of the file: while the size kept
        # here is another, the next sweep looks again, also after a crash.
        is_seen = batch.end in {batch.start, file.size}
        after = replace(
            place.checkpoint,
            offset=batch.end,
            fingerprint=place.edges.fingerprint(device=file.device, inode=file.inode),
            size=file.size if is_seen else batch.end,
            mtime_ns=max(file.mtime_ns, found.mtime_ns),
            problem=None,
        )
        made = ingest(self._database, prepared.batch, after, self._context(prepared))
        self._resolver.remember(after)
        self.progress.bytes_read += batch.end - batch.start
        self.progress.lines += batch.lines
        self.progress.rows += made.inserted
        if made.sessions:
            self._on_commit()

    def _context(self, prepared: PreparedBatch) -> Context:
        return Context(
            now_ms=self._clock.wall_ms(),
            host=self._host,
            is_released=self._config.is_released,
            excluded=prepared.excluded,
            metadata_only=prepared.metadata_only,
            disclosures=prepared.disclosures,
        )

    def _note_problem(self, path: str, problem: str) -> None:
        is_news = self.problems.get(path) != problem
        self.problems[path] = problem
        if is_news:
            try:
                shown = clean_text(shown_name(path), self._redactor).value
            except RedactorUnavailable:
                shown = "a transcript"
            log.warning("%s %s", shown, problem)
