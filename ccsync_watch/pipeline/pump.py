"""The pump: from changed transcripts to committed rows, the most recently written first.

It has no thread and no clock of its own: `step` does one bounded piece of work. Its invariant is
the store's: an offset moves only in the transaction that holds the rows before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.errors import StateError
from ccsync_watch.pipeline.backlog import Backlog
from ccsync_watch.pipeline.batch_cleaner import BatchCleaner
from ccsync_watch.pipeline.checkpoint_resolver import CheckpointResolver
from ccsync_watch.pipeline.chunk_cleaner import ChunkCleaner
from ccsync_watch.pipeline.garbage_pause import garbage_pause
from ccsync_watch.pipeline.known_secrets import KnownSecretLoader
from ccsync_watch.pipeline.prefix_audit import PrefixAudit
from ccsync_watch.pipeline.problem_log import ProblemLog
from ccsync_watch.pipeline.pump_config import SLOW_CHUNK_BYTES, PumpProgress
from ccsync_watch.pipeline.read_chunks import (
    GATHER_SECONDS,
    ReadChunk,
    ReadChunks,
    advance,
    end_of,
    to_commit,
)
from ccsync_watch.privacy.clean import clean_text
from ccsync_watch.store.ingest import ingest_all
from ccsync_watch.transcripts import tail
from ccsync_watch.transcripts.line_types import is_dropped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ccsync_watch.clock import Clock
    from ccsync_watch.pipeline.ahead_cleaner import AheadCleaner
    from ccsync_watch.pipeline.checkpoint_resolver import ReadPosition
    from ccsync_watch.pipeline.files import Files
    from ccsync_watch.pipeline.pump_config import PumpConfig
    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.discovery import Transcript
    from ccsync_watch.transcripts.transcript_file import OpenFile


class Pump:
    """Reads transcripts into the store. Used by one thread at a time.

    `ahead` cleans a long backlog in a process of its own; then `close` ends it.
    """

    def __init__(
        self,
        config: PumpConfig,
        *,
        database: Database,
        redactor: TrackingRedactor,
        files: Files,
        clock: Clock,
        on_commit: Callable[[], None] = lambda: None,
        ahead: AheadCleaner | None = None,
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
        cleaner = BatchCleaner(
            config.policy, config.projects, database=database, redactor=redactor, files=files
        )
        self._chunk_cleaner = ChunkCleaner(cleaner, ahead, config.chunk_bytes)
        self.prefix_audit = PrefixAudit(
            self._resolver,
            files=files,
            clock=clock,
            on_rewritten=lambda path: self.queue_paths([path]),
        )
        self._known_secrets = KnownSecretLoader(
            database, files=files, track=self._chunk_cleaner.track
        )
        self._backlog = Backlog()
        # The queued paths that an event or a flush named.
        self._live: set[str] = set()
        # What is read and not committed. More than one path is being read where a slow one was
        # paused for another.
        self._chunks = ReadChunks(config.chunk_bytes)
        self._in_progress: set[str] = set()
        self._is_interrupted: Callable[[], bool] = lambda: False
        self._is_slow: Callable[[], bool] = lambda: False
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
                self._queue_live(self._resolver.add_present(transcript))

    def queue_session(self, session_id: str) -> None:
        """Queue a session's transcripts, its subagents' included, before everything else."""
        for transcript in self._files.scan_session(self._config.roots, session_id).transcripts:
            known = self._resolver.add_present(transcript)
            self._queue_live(known, urgency=self._clock.wall_ms() * 1_000_000)

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
        if queued:
            self._chunk_cleaner.want(self.backlog_size()[1])
            self._prepare()
        return queued

    def backlog_size(self) -> tuple[int, int]:
        """Return how many transcripts are queued, and how many bytes of them are unread."""
        transcripts = self._backlog.transcripts()
        return len(transcripts), sum(map(self._unread_bytes, transcripts))

    def _unread_bytes(self, transcript: Transcript) -> int:
        return max(0, transcript.size - self._offset_of(transcript.path))

    def unfinished_sizes(self, session_id: str | None) -> list[int]:
        """Return the bytes of each unfinished last line, of a session's transcripts or of all."""
        return self._resolver.unfinished_sizes(session_id)

    def has_work(self) -> bool:
        """Return whether `step` has something to do."""
        return len(self._backlog) > 0

    def _queue_live(self, transcript: Transcript, urgency: int = 0) -> None:
        self._queue(transcript, urgency)
        if transcript.path in self._backlog:
            self._live.add(transcript.path)

    def _queue(self, transcript: Transcript, urgency: int = 0) -> bool:
        """Queue a transcript if it changed; return whether nothing of it was known before.

        What was queued, fails, or is read and not committed yet, was known. So was a file that has
        another time and nothing more to read: no event announces `touch`, or a restored time.
        """
        path = transcript.path
        has_problem = path in self.problems
        if not has_problem and self._resolver.is_unchanged(transcript):
            return False
        is_known = has_problem or path in self._backlog or path in self._in_progress
        is_read = self._resolver.checkpoint(path) and not self._unread_bytes(transcript)
        self._backlog.put(transcript, max(transcript.mtime_ns, urgency))
        return not (is_known or is_read)

    # The journey -----------------------------------------------------------------------

    def set_pace(
        self,
        *,
        is_interrupted: Callable[[], bool],
        is_slow: Callable[[], bool] = lambda: False,
        pause: Callable[[], None] = lambda: None,
        is_ending: Callable[[], bool] = lambda: False,
    ) -> None:
        """Have `step` do less when there is something else to do, and while redacting is slow.

        `pause` is called while it waits for a chunk that another process redacts; it does not wait
        once `is_ending`.
        """
        self._is_interrupted, self._is_slow = is_interrupted, is_slow
        self._chunk_cleaner.set_pause(pause, is_ending)

    def close(self) -> None:
        """End the process that cleans ahead, if there is one."""
        self._chunk_cleaner.close()

    def step(self) -> bool:
        """Read and commit one chunk of the first transcript; return whether there was anything.

        Of older transcripts that are small it reads several, and commits them together.

        It may be called again while it redacts a long row: then it reads another transcript.
        Raises StateError when the store fails, and RedactorUnavailable when nothing may pass: in
        both cases the offset stays where it was, and the next rescan queues the transcript again.
        """
        self._commit()  # what was read before a long row does not wait for it
        queued = self._backlog.take_other(self._in_progress)
        if queued is None:
            if not self._in_progress:
                self.close()
            return False
        until = self._clock.monotonic() + GATHER_SECONDS
        try:
            while queued is not None:
                self._read(*queued)
                queued = self._take_next(until)
        finally:
            self._commit()
        self._prepare()
        return True

    def _prepare(self) -> None:
        """Have what comes next cleaned ahead, unless something is read and not committed."""
        if not self._in_progress:
            self._chunk_cleaner.prepare(
                self._backlog, offset_of=self._offset_of, is_slow=self._is_slow()
            )

    def _offset_of(self, path: str) -> int:
        checkpoint = self._resolver.checkpoint(path)
        return checkpoint.offset if checkpoint else 0

    def _take_next(self, until: float) -> tuple[int, Transcript] | None:
        """Return the next transcript if it is to be committed with what was read before it."""
        if (
            not self._chunks.has_room()
            or not self._backlog
            or self._is_interrupted()
            or self._clock.monotonic() >= until
        ):
            return None
        queued = self._backlog.take_other(self._in_progress)
        if queued is None:
            return None
        rank, transcript = queued
        if transcript.path not in self._live and self._chunks.has_room_for(
            transcript, self._unread_bytes(transcript)
        ):
            return queued
        self._backlog.put(transcript, rank)
        return None

    def _read(self, rank: int, transcript: Transcript) -> None:
        """Read and clean one chunk of a transcript."""
        path = transcript.path
        is_live = path in self._live
        self._live.discard(path)
        self._in_progress.add(path)
        is_read = False
        try:
            with self.problems.recording(path), self._files.open_file(path) as file:
                known = self._resolver.checkpoint(path)
                position = self._resolver.resolve(transcript, file)
                chunk = self._read_chunk(transcript, file, position)
                offset = position.checkpoint.offset
                cleaned = self._chunk_cleaner.clean(transcript, offset, chunk, is_live=is_live)
                position = advance(position, chunk, cleaned, file)
                after, rest = end_of(cleaned, position, transcript, file)
                is_compared = not cleaned.batch.value.start or (
                    known is not None
                    and known.mtime_ns == after.mtime_ns
                    and not self.prefix_audit.is_due(path)
                )
                self._chunks.add(
                    ReadChunk(transcript, rank, is_live, cleaned, after, rest, is_compared)
                )
                is_read = True
        finally:
            if not is_read:
                self._in_progress.discard(path)

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
            chunk_bytes=SLOW_CHUNK_BYTES if self._is_slow() else self._config.chunk_bytes,
            max_line_bytes=self._config.max_line_bytes,
        )
        if chunk.scanned:
            self._scanned[transcript.path] = (offset, chunk.scanned)
        return chunk

    def _commit(self) -> None:
        """Commit what was read."""
        chunks = self._chunks.take()
        try:
            self._store(chunks)
        except StateError:
            raise
        except Exception:
            if len(chunks) == 1:
                raise
            self._store_each(chunks)
        finally:
            self._in_progress.difference_update(chunk.transcript.path for chunk in chunks)

    def _store_each(self, chunks: list[ReadChunk]) -> None:
        """Commit each chunk by itself: one that cannot be stored does not keep others from it."""
        if chunks:
            try:
                self._store(chunks[:1])
            finally:
                self._store_each(chunks[1:])

    def _store(self, chunks: list[ReadChunk]) -> None:
        """Commit the rows of chunks with the offsets after them."""
        if not chunks:
            return
        commits = to_commit(chunks, self._config, now_ms=self._clock.steady_ms(), host=self._host)
        # Of a backlog the last commit waits for the disk, and what was written just now.
        is_last = not self._backlog and all(chunk.rest is None for chunk in chunks)
        waits = is_last or any(chunk.is_live for chunk in chunks)
        with garbage_pause():
            stored = ingest_all(self._database, commits, waits_for_disk=waits)
        for chunk, ingested in zip(chunks, stored, strict=True):
            self._resolver.remember(chunk.after)
            self._backlog.add_read(chunk.transcript, chunk.size)
            if not chunk.is_compared:
                self.prefix_audit.add(chunk.transcript.path)
            self.progress.bytes_read += chunk.size
            self.progress.lines += chunk.cleaned.batch.value.lines
            self.progress.rows += ingested.inserted
            if chunk.rest is not None:
                # It is queued again, behind whatever was written since.
                self._backlog.put(chunk.rest, chunk.rank)
                if chunk.is_live:
                    self._live.add(chunk.rest.path)
        if any(ingested.sessions for ingested in stored):
            self._on_commit()
