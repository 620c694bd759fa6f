"""Rows without a readable time."""

from __future__ import annotations

import pytest

from ccsync_watch.transcripts.inferred_times import infer_times, is_inferred
from support.lines import START_MS, Writer, text
from support.parsing import parse_rows


@pytest.mark.parametrize(
    ("readable", "before_ms", "expected"),
    [
        ([True, False, False, True], None, [0, 0, 0, 3000]),
        ([False, False, True, True], None, [2000, 2000, 2000, 3000]),
        ([False, True, False, True], START_MS - 7, [-7, 1000, 1000, 3000]),
        ([False, False, False, False], START_MS - 7, [-7] * 4),
        ([False, False, False, False], None, [9] * 4),
    ],
)
def test_a_row_has_the_time_of_its_neighbour(
    readable: list[bool], before_ms: int | None, expected: list[int]
) -> None:
    """The one before it, else the next one, else that of the file."""
    writer = Writer()
    rows = [writer.answer(text("x"), usage_id=f"m{number}") for number in range(4)]
    for row, is_readable in zip(rows, readable, strict=True):
        if not is_readable:
            row["timestamp"] = "some day"
    batch = infer_times(parse_rows(*rows), before_ms=before_ms, changed_ms=START_MS + 9)
    times = [START_MS + offset for offset in expected]
    assert [message.timestamp_ms for message in batch.messages] == times
    assert [usage.timestamp_ms for usage in batch.usages] == times
    assert [observation.timestamp_ms for observation in batch.observations] == times
    assert [is_inferred(message.facts) for message in batch.messages] == [
        not is_readable for is_readable in readable
    ]


def test_a_batch_with_all_times_is_returned_itself() -> None:
    """Most are."""
    batch = parse_rows(Writer().prompt("x"))
    assert infer_times(batch, before_ms=None, changed_ms=1) is batch


def test_nothing_is_invented_for_a_file_without_a_time() -> None:
    """Its rows stay undated."""
    row = {**Writer().prompt("x"), "timestamp": None}
    (message,) = infer_times(parse_rows(row), before_ms=None, changed_ms=None).messages
    assert message.timestamp_ms is None
    assert not is_inferred(message.facts)
