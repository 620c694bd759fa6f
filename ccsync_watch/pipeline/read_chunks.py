"""Chunks of transcripts that were read and are committed together: each commit waits for the disk.

While they are not committed, what is read next is cleaned as if it came before them. So a chunk
that matters to how others are cleaned is the last of its commit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ccsync_watch.store.ingest import IngestContext
from ccsync_watch.transcripts.fingerprint import Edges, checksum
from ccsync_watch.transcripts.project_folders import find_encoded_root
from ccsync_watch.transcripts.worktrees import ENTERED_WORKTREE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.model import Batch, Checkpoint, Redacted
    from ccsync_watch.pipeline.batch_cleaner import CleanBatch
    from ccsync_watch.pipeline.checkpoint_resolver import ReadPosition
    from ccsync_watch.pipeline.pump_config import PumpConfig
    from ccsync_watch.transcripts.discovery import Transcript
    from ccsync_watch.transcripts.tail import Chunk
    from ccsync_watch.transcripts.transcript_file import OpenFile

GATHER_SECONDS = 0.25
"""So long small files are read before their rows are committed."""
_MAX_CHUNKS = 64
# Fewer than the calls that are kept in memory: the result of one may be in the next file.
_MAX_PARTS = 1024


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """One chunk: its rows, the checkpoint after them, and where its transcript was queued.

    `rest` is the transcript if there may be more to read; `is_live`: an event announced it.
    `is_compared`: what is before the chunk has not changed since it was read.
    """

    transcript: Transcript
    rank: int
    is_live: bool
    cleaned: CleanBatch
    after: Checkpoint
    rest: Transcript | None
    is_compared: bool

    @property
    def size(self) -> int:
        """Return how many bytes were read."""
        return self.cleaned.batch.value.end - self.cleaned.batch.value.start


def advance(
    position: ReadPosition, chunk: Chunk, cleaned: CleanBatch, file: OpenFile
) -> ReadPosition:
    """Return the position with the edges at the end of the batch.

    They come from the lines that were read, but for an overlong line, which was never in memory.
    """
    if chunk.skipped is None:
        return replace(position, edges=position.edges.after(cleaned.lines))
    start, prefix = position.checkpoint.offset, position.edges.prefix
    prefix = checksum(file.read_at, start, chunk.end, prefix)
    return replace(position, edges=Edges.at(file.read_at, chunk.end, prefix))


def end_of(
    cleaned: CleanBatch, position: ReadPosition, transcript: Transcript, file: OpenFile
) -> tuple[Checkpoint, Transcript | None]:
    """Return the checkpoint after a batch, and the transcript if there may be more to read."""
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
    return after, None if is_complete else replace(transcript, size=file.size)


def to_commit(
    chunks: Iterable[ReadChunk], config: PumpConfig, *, now_ms: int, host: Redacted[str]
) -> list[tuple[Redacted[Batch], Checkpoint, IngestContext]]:
    """Return the batches of chunks, with the checkpoint after each and what its commit needs."""
    return [
        (
            chunk.cleaned.batch,
            chunk.after,
            IngestContext(
                now_ms=now_ms,
                host=host,
                is_released=config.is_released,
                excluded=chunk.cleaned.excluded,
                metadata_only=chunk.cleaned.metadata_only,
                disclosures=chunk.cleaned.disclosures,
                windows_root=_windows_root(chunk.transcript.path, config.roots),
                is_compared=chunk.is_compared,
            ),
        )
        for chunk in chunks
    ]


def _windows_root(path: str, roots: Iterable[str]) -> str | None:
    """Return the drive that the folder of a transcript is named after."""
    above = next((root for root in roots if path.startswith(root)), "")
    return find_encoded_root(path[len(above) + 1 :])


class ReadChunks:
    """The chunks of the next commit, of `max_bytes` together unless it is one alone."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._chunks: list[ReadChunk] = []
        self._bytes = self._parts = 0
        self._is_full = False

    def __len__(self) -> int:
        return len(self._chunks)

    def add(self, chunk: ReadChunk) -> None:
        """Add a chunk."""
        batch = chunk.cleaned.batch.value
        self._chunks.append(chunk)
        self._bytes += chunk.size
        self._parts += sum(len(message.parts) for message in batch.messages)
        # What was written just now does not wait, and policies of sessions and worktrees are read
        # from the store.
        self._is_full = (
            chunk.is_live
            or bool(chunk.cleaned.excluded or chunk.cleaned.metadata_only)
            or any(fact.name == ENTERED_WORKTREE for fact in batch.facts)
        )

    def take(self) -> list[ReadChunk]:
        """Return the chunks, and begin the next commit."""
        chunks, self._chunks = self._chunks, []
        self._bytes = self._parts = 0
        self._is_full = False
        return chunks

    def has_room(self) -> bool:
        """Return whether another chunk may be added at all."""
        return (
            0 < len(self._chunks) < _MAX_CHUNKS and self._parts < _MAX_PARTS and not self._is_full
        )

    def has_room_for(self, transcript: Transcript, unread_bytes: int) -> bool:
        """Return whether the chunk of a transcript may be added.

        Not a second one of the same transcript, or of a copy: where to read depends on the first.
        """
        name = transcript.stream.name
        return self._bytes + unread_bytes <= self._max_bytes and all(
            chunk.transcript.stream.name != name for chunk in self._chunks
        )
