"""The pump: from a changed transcript to committed rows, the most recently written first.

It has no thread and no clock of its own: `step` does one bounded piece of work. Its invariant is
the store's: an offset moves only in the transaction that holds the rows before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.pipeline.backlog import Backlog
from ccsync_watch.pipeline.batch_cleaner import BatchCleaner
from ccsync_watch.pipeline.checkpoint_resolver import CheckpointResolver
from ccsync_watch.pipeline.known_secrets import KnownSecretLoader
from ccsync_watch.pipeline.problem_log import ProblemLog
from ccsync_watch.pipeline.pump_config import PumpProgress
from ccsync_watch.privacy.clean import clean_text
from ccsync_watch.store.ingest import IngestContext, ingest
from ccsync_watch.transcripts import tail
from ccsync_watch.transcripts.fingerprint import Edges
from ccsync_watch.transcripts.line_types import is_dropped
from ccsync_watch.transcripts.project_folders import find_encoded_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.model import Line
    from ccsync_watch.pipeline.batch_cleaner import CleanBatch
    from ccsync_watch.pipeline.checkpoint_resolver import ReadPosition
    from ccsync_watch.pipeline.files import Files
    from ccsync_watch.pipeline.pump_config import PumpConfig
    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.discovery import Transcript
    from ccsync_watch.transcripts.transcript_file import OpenFile


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
        self._files = files
        self._clock = clock
        self._on_commit = on_commit
        self._host = clean_text(config.host, redactor)
        self._resolver = CheckpointResolver(
            database, redactor=redactor, files=files, install_key=config.install_key
        )
        self._cleaner = BatchCleaner(
            config.policy, config.projects, database=database, redactor=redactor, files=files
        )
        self._known_secrets = KnownSecretLoader(database, files=files, track=self._cleaner.track)
        self._backlog = Backlog()
        # What is being read: more than one path where a slow one was paused for another.
        self._in_progress: set[str] = set()
        # How far an unfinished last line was searched for its end, by path: (start, scanned).
        self._scanned: dict[str, tuple[int, int]] = {}
        self.problems = ProblemLog(redactor)
        self.progress = PumpProgress()
        # The folders of the last scan that only links lead to.
        self.links: list[str] = []

    # What there is to read -------------------------------------------------------------

    def queue_paths(self, paths: Iterable[str]) -> None:
        """Queue the transcripts at paths that an event named, if they changed."""
        for path in paths:
            try:
                transcript = self._files.stat(path)
            except OSError as error:
                self.problems.record_unreadable(path, error.strerror)
                continue
            if transcript is not None:
                self._queue(self._resolver.add_present(transcript))

    def queue_session(self, session_id: str) -> None:
        """Queue a session's transcripts, its subagents' included, before everything else."""
        for transcript in self._files.scan_session(self._config.roots, session_id).transcripts:
            known = self._resolver.add_present(transcript)
            self._queue(known, urgency=self._clock.wall_ms() * 1_000_000)

    def reconcile(self) -> list[Transcript]:
        """Compare every transcript with its checkpoint; queue and return those that changed.

        Whatever events announced or missed, nothing new is overlooked after this.
        """
        scan = self._files.scan(self._config.roots)
        self.links = scan.links
        self._resolver.set_present(scan.transcripts)
        self._known_secrets.load(scan.transcripts)
        self.problems.update(scan, is_present=self._resolver.is_present)
        queued = [transcript for transcript in scan.transcripts if self._queue(transcript)]
        if scan.folders and not scan.unread:
            self._resolver.store_missing(self._clock.wall_ms())
        return queued

    def backlog_size(self) -> tuple[int, int]:
        """Return how many transcripts are queued, and how many bytes of them are unread."""
        transcripts = self._backlog.transcripts()
        unread = 0
        for transcript in transcripts:
            checkpoint = self._resolver.checkpoint(transcript.path)
            unread += max(0, transcript.size - (checkpoint.offset if checkpoint else 0))
        return len(transcripts), unread

    def unfinished_sizes(self, session_id: str | None) -> list[int]:
        """Return the bytes of each unfinished last line, of a session's transcripts or of all."""
        return self._resolver.unfinished_sizes(session_id)

    def has_work(self) -> bool:
        """Return whether `step` has something to do."""
        return len(self._backlog) > 0

    def _queue(self, transcript: Transcript, urgency: int = 0) -> bool:
        """Queue a transcript if it changed; return whether it was neither queued nor failing."""
        has_problem = transcript.path in self.problems
        if not has_problem and self._resolver.is_unchanged(transcript):
            return False
        is_new = transcript.path not in self._backlog and not has_problem
        self._backlog.put(transcript, max(transcript.mtime_ns, urgency))
        return is_new

    # The journey -----------------------------------------------------------------------

    def step(self) -> bool:
        """Read one chunk of the first transcript; return whether there was anything to do.

        It may be called again while it redacts a long row: then it reads another transcript.
        Raises StateError when the store fails, and RedactorUnavailable when nothing may pass: in
        both cases the offset stays where it was, and the next rescan queues the transcript again.
        """
        queued = self._take()
        if queued is None:
            return False
        rank, transcript = queued
        path = transcript.path
        self._in_progress.add(path)
        try:
            self._read(rank, transcript)
        finally:
            self._in_progress.discard(path)
        return True

    def _take(self) -> tuple[int, Transcript] | None:
        """Return the first queued transcript that is not being read already."""
        waiting: list[tuple[int, Transcript]] = []
        queued = self._backlog.take()
        while queued is not None and queued[1].path in self._in_progress:
            waiting.append(queued)
            queued = self._backlog.take()
        for rank, transcript in waiting:
            self._backlog.put(transcript, rank)
        return queued

    def _read(self, rank: int, transcript: Transcript) -> None:
        """Read one chunk of a transcript into the store."""
        path = transcript.path
        with self.problems.recording(path), self._files.open_file(path) as file:
            position = self._resolver.resolve(transcript, file)
            chunk = self._read_chunk(transcript, file, position)
            cleaned = self._clean(transcript, position, chunk)
            self._store(transcript, file, _advance(position, chunk, cleaned, file), cleaned)
            if cleaned.batch.value.end not in {position.checkpoint.offset, file.size}:
                # There may be more: it is queued again, behind whatever was written since.
                self._backlog.put(replace(transcript, size=file.size), rank)

    def _read_chunk(
        self, transcript: Transcript, file: OpenFile, position: ReadPosition
    ) -> tail.Chunk:
        offset = position.checkpoint.offset
        start, scanned = self._scanned.pop(transcript.path, (0, 0))
        is_valid = start == offset and scanned <= file.size
        chunk = tail.read_lines(
            file.read_at,
            offset,
            scanned=scanned if is_valid else 0,
            is_skippable=is_dropped,
            chunk_bytes=self._config.chunk_bytes,
            max_line_bytes=self._config.max_line_bytes,
        )
        if chunk.scanned:
            self._scanned[transcript.path] = (offset, chunk.scanned)
        return chunk

    def _clean(
        self, transcript: Transcript, position: ReadPosition, chunk: tail.Chunk
    ) -> CleanBatch:
        """Return the clean batch of a chunk, or of the lines before one that cannot be redacted.

        Raises RedactorUnavailable when that is the first line: the offset stays before it.
        """
        offset = position.checkpoint.offset
        lines: Sequence[Line] = chunk.lines
        while True:
            try:
                return self._cleaner.clean(transcript, offset, lines, chunk.skipped)
            except RedactorUnavailable as error:
                if len(lines) <= 1:
                    self.problems.record(transcript.path, error.message)
                    raise
                lines = lines[: len(lines) // 2]

    def _store(
        self, transcript: Transcript, file: OpenFile, position: ReadPosition, cleaned: CleanBatch
    ) -> None:
        """Commit the rows of a batch with the offset after it."""
        batch = cleaned.batch.value
        # Only a read that found no further line has seen all of the file: while the size stored
        # here is another, the next rescan queues the file again, also after a crash.
        is_complete = batch.end in {batch.start, file.size}
        after = replace(
            position.checkpoint,
            offset=batch.end,
            fingerprint=position.edges.fingerprint(device=file.device, inode=file.inode),
            size=file.size if is_complete else batch.end,
            mtime_ns=max(file.mtime_ns, transcript.mtime_ns),
            problem=None,
        )
        ingested = ingest(self._database, cleaned.batch, after, self._context(transcript, cleaned))
        self._resolver.remember(after)
        self._backlog.add_read(transcript, batch.end - batch.start)
        self.progress.bytes_read += batch.end - batch.start
        self.progress.lines += batch.lines
        self.progress.rows += ingested.inserted
        if ingested.sessions:
            self._on_commit()

    def _context(self, transcript: Transcript, cleaned: CleanBatch) -> IngestContext:
        above = next((root for root in self._config.roots if transcript.path.startswith(root)), "")
        return IngestContext(
            now_ms=self._clock.wall_ms(),
            host=self._host,
            is_released=self._config.is_released,
            excluded=cleaned.excluded,
            metadata_only=cleaned.metadata_only,
            disclosures=cleaned.disclosures,
            windows_root=find_encoded_root(transcript.path[len(above) + 1 :]),
        )


def _advance(
    position: ReadPosition, chunk: tail.Chunk, cleaned: CleanBatch, file: OpenFile
) -> ReadPosition:
    """Return the position with the edges at the end of the batch.

    They come from the lines that were read, but for an overlong line, which was never in memory.
    """
    if chunk.skipped is None:
        return replace(position, edges=position.edges.after(cleaned.lines))
    return replace(position, edges=Edges.at(file.read_at, chunk.end))
