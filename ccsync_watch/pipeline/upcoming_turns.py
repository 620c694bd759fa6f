"""Foresees which chunks the pump reads next, for the process that cleans them ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.pipeline.cleaning_messages import PlannedChunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.pipeline.backlog import Backlog

_MOST_BYTES = 64 << 20
_MOST_TURNS = 1024


def upcoming_turns(
    backlog: Backlog, *, offset_of: Callable[[str], int], chunk_bytes: int
) -> list[PlannedChunk]:
    """Return the next chunks, if nothing is written meanwhile; about 64 MiB of them.

    `offset_of` returns up to where the transcript at a path was read.
    """
    foreseen = backlog.copy()
    offsets: dict[str, int] = {}
    turns: list[PlannedChunk] = []
    size = 0
    while size < _MOST_BYTES and len(turns) < _MOST_TURNS and (queued := foreseen.take()):
        rank, transcript = queued
        path = transcript.path
        start = offsets[path] if path in offsets else offset_of(path)
        end = max(start, min(transcript.size, start + chunk_bytes))
        is_last = end >= transcript.size
        turns.append(PlannedChunk(transcript, start, is_last))
        foreseen.add_read(transcript, end - start)
        size += end - start
        offsets[path] = end
        if not is_last:
            foreseen.put(transcript, rank)
    return turns
