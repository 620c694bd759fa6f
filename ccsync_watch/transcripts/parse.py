"""Turn complete lines into records; pure, and never stopped by the content of a line.

Lines whose type carries nothing that is kept are dropped by their first bytes, without being
parsed. Unknown types are counted. A line that is not JSON is recorded by its offsets, and
complete rows inside it are recovered.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ccsync_watch.model import Batch, Unreadable
from ccsync_watch.transcripts.json_rows import load_row
from ccsync_watch.transcripts.line_types import dropped_type, may_link
from ccsync_watch.transcripts.repaired_lines import REPAIRED_PREFIX
from ccsync_watch.transcripts.rows import add_row
from ccsync_watch.transcripts.salvage import holds_other_rows, salvage
from ccsync_watch.transcripts.wrappers import FORK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.model import Line
    from ccsync_watch.stream import Stream

_HEAD_BYTES = 512


def parse(lines: Iterable[Line], stream: Stream, start: int) -> Batch:
    """Return the records in consecutive lines of a transcript, the first of which is at `start`."""
    batch = Batch(start, start)
    repairs: Counter[str] = Counter()
    for line in lines:
        try:
            _parse_line(line, stream, batch, repairs)
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            # A shape that no client has written yet: recorded by its offsets, the rest is read.
            reason = f"not understood ({type(error).__name__})"
            batch.unreadable.append(Unreadable(line.start, line.end, reason))
        batch.lines += 1
        batch.end = line.end
    for kind, rows in repairs.items():
        batch.counted[f"{REPAIRED_PREFIX}{kind}"] += rows
    if stream.agent_id and start == 0:
        _drop_copies_of_fork(batch)
    return batch


def _drop_copies_of_fork(batch: Batch) -> None:
    """Leave what a fork's transcript copied from its parent's to that: all before its task."""
    for number, message in enumerate(batch.messages):
        if message.facts.get(FORK):
            del batch.messages[:number]
            return


def _parse_line(line: Line, stream: Stream, batch: Batch, repairs: Counter[str]) -> None:
    data = line.data
    name = dropped_type(data[:_HEAD_BYTES])
    # A torn write can leave a complete row behind the start of a dropped one.
    if (
        name is not None
        and data[-1:] == b"}"
        and not holds_other_rows(data)
        and not may_link(name, data)
    ):
        batch.counted[name] += 1
        return
    if not data or data == b"\r":
        return
    row = load_row(data, repairs)
    if row is not None:
        add_row(row, line, stream, batch)
        return
    for piece in salvage(line, repairs):
        if isinstance(piece, Unreadable):
            batch.unreadable.append(piece)
        else:
            add_row(piece.row, piece.line, stream, batch)
