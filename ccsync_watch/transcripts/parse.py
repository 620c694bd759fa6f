"""Turn complete lines into records; pure, and never stopped by the content of a line.

Lines whose type carries nothing that is kept are dropped by their first bytes, without being
parsed. Unknown types are counted. A line that is not JSON is recorded by its offsets, and
complete rows inside it are recovered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.model import Batch, Unreadable
from ccsync_watch.transcripts.json_rows import load_row
from ccsync_watch.transcripts.line_types import dropped_type, is_kept_type
from ccsync_watch.transcripts.rows import add_row
from ccsync_watch.transcripts.salvage import TREE_HEAD, salvage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.model import Line, Stream

_HEAD_BYTES = 512
_TYPE_HEAD = b'{"type":"'
_TAIL_BYTES = 16_384


def parse(lines: Iterable[Line], stream: Stream, start: int) -> Batch:
    """Return the records in consecutive lines of a transcript, the first of which is at `start`."""
    batch = Batch(start, start)
    for line in lines:
        try:
            _parse_line(line, stream, batch)
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            # A shape that no client has written yet: recorded by its offsets, the rest is read.
            reason = f"not understood ({type(error).__name__})"
            batch.unreadable.append(Unreadable(line.start, line.end, reason))
        batch.lines += 1
        batch.end = line.end
    return batch


def _parse_line(line: Line, stream: Stream, batch: Batch) -> None:
    data = line.data
    name = dropped_type(data[:_HEAD_BYTES])
    if name is not None and data[-1:] == b"}" and not _may_hold_another_row(data):
        batch.counted[name] += 1
        return
    if not data or data == b"\r":
        return
    row = load_row(data)
    if row is not None:
        add_row(row, line, stream, batch)
        return
    for piece in salvage(line):
        if isinstance(piece, Unreadable):
            batch.unreadable.append(piece)
        else:
            add_row(piece.row, piece.line, stream, batch)


def _may_hold_another_row(data: bytes) -> bool:
    """Return whether a complete row may stand behind a dropped one, or behind the start of one.

    Torn writes and lost line ends leave such lines. Most bytes of a transcript are in lines that
    are dropped, so rows about the session, which are short, are searched at the end only. In JSON
    no `}` stands before a `{`.
    """
    if data.find(TREE_HEAD, 1) >= 0:
        return True
    tail = data[-_TAIL_BYTES:]
    if b"}" + _TYPE_HEAD in tail:
        return True
    last = tail.rfind(_TYPE_HEAD)
    return last >= 0 and (last > 0 or len(data) > len(tail)) and is_kept_type(tail[last:])
