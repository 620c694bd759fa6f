"""Cleans the chunks that the pump reads: here, or by using what another process cleaned ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.pipeline.upcoming_turns import upcoming_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.model import Line
    from ccsync_watch.pipeline.ahead_cleaner import AheadCleaner
    from ccsync_watch.pipeline.backlog import Backlog
    from ccsync_watch.pipeline.batch_cleaner import BatchCleaner, CleanBatch
    from ccsync_watch.transcripts.discovery import Transcript
    from ccsync_watch.transcripts.tail import Chunk


class ChunkCleaner:
    """Cleans by `cleaner`; where there is `ahead`, a long backlog is cleaned in its process."""

    def __init__(self, cleaner: BatchCleaner, ahead: AheadCleaner | None, chunk_bytes: int) -> None:
        self._cleaner = cleaner
        self._ahead = ahead
        self._chunk_bytes = chunk_bytes
        if ahead is not None:
            ahead.attach(cleaner)

    def clean(
        self, transcript: Transcript, start: int, chunk: Chunk, *, is_live: bool
    ) -> CleanBatch:
        """Return the clean batch of a chunk, or of the lines before one that cannot be redacted.

        Raises RedactorUnavailable when that is the first line: the offset stays before it.
        """
        if self._ahead is not None:
            cleaned = self._ahead.take(transcript, start, chunk.lines, is_live=is_live)
            if cleaned is not None:
                return cleaned
        cleaned = self._clean_here(transcript, start, chunk)
        if self._ahead is not None:
            self._ahead.add_own()
        return cleaned

    def _clean_here(self, transcript: Transcript, start: int, chunk: Chunk) -> CleanBatch:
        lines: Sequence[Line] = chunk.lines
        while True:
            try:
                return self._cleaner.clean(transcript, start, lines, chunk.skipped)
            except RedactorUnavailable:
                if len(lines) <= 1:
                    raise
                lines = lines[: len(lines) // 2]

    def track(self, transcript: Transcript, line: Line) -> None:
        """Add the secrets that a stored line discloses to the known secrets of this run."""
        self._cleaner.track(transcript, line)
        if self._ahead is not None:
            self._ahead.forget()

    def set_pause(self, pause: Callable[[], None], is_ending: Callable[[], bool]) -> None:
        """Have `pause` called while a chunk is waited for that the other process cleans.

        That lasts until `is_ending` at most.
        """
        if self._ahead is not None:
            self._ahead.pause, self._ahead.is_ending = pause, is_ending

    def want(self, unread_bytes: int) -> None:
        """Have a backlog of so many bytes cleaned ahead, if it is long."""
        if self._ahead is not None:
            self._ahead.want(unread_bytes)

    def prepare(self, backlog: Backlog, *, offset_of: Callable[[str], int], is_slow: bool) -> None:
        """Have what comes next cleaned ahead; what was read is committed."""
        if self._ahead is not None:
            self._ahead.prepare(
                lambda: upcoming_turns(backlog, offset_of=offset_of, chunk_bytes=self._chunk_bytes),
                is_slow=is_slow,
            )

    def close(self) -> None:
        """End the other process."""
        if self._ahead is not None:
            self._ahead.stop()
