"""Date rows without a readable time by their neighbours in the file; pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.model import Batch, JsonValue, Message

_INFERRED: dict[str, JsonValue] = {"time": "inferred"}


def is_inferred(facts: Mapping[str, JsonValue]) -> bool:
    """Return whether a message's own row has no readable time, from the message's facts."""
    return facts.get("time") == _INFERRED["time"]


def infer_times(batch: Batch, *, before_ms: int | None, changed_ms: int | None) -> Batch:
    """Return a batch in which every row has a time, the same batch if they all have one.

    A row is dated by the row before it, else by the next one. `before_ms` is the time of the last
    row before the batch, and `changed_ms` when the file was changed, or first read: all that is
    known of a file in which no row has a time.
    """
    rows: list[Any] = [*batch.observations, *batch.messages, *batch.usages]
    if all(row.timestamp_ms is not None for row in rows):
        return batch
    dated = sorted({(row.start, row.timestamp_ms) for row in rows if row.timestamp_ms is not None})
    starts = [start for start, _time in dated]
    times = [time for _start, time in dated]

    def infer(start: int) -> int | None:
        position = bisect_right(starts, start)
        if position:
            return int(times[position - 1])
        return before_ms if before_ms is not None else int(times[0]) if times else changed_ms

    return replace(
        batch,
        observations=[
            row if row.timestamp_ms is not None else replace(row, timestamp_ms=infer(row.start))
            for row in batch.observations
        ],
        messages=[
            row if row.timestamp_ms is not None else _date(row, infer(row.start))
            for row in batch.messages
        ],
        usages=[
            row if row.timestamp_ms is not None else replace(row, timestamp_ms=infer(row.start))
            for row in batch.usages
        ],
    )


def _date(message: Message, timestamp_ms: int | None) -> Message:
    if timestamp_ms is None:
        return message
    return replace(message, timestamp_ms=timestamp_ms, facts={**message.facts, **_INFERRED})
