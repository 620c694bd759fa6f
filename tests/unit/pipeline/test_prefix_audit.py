"""Something in the middle of a file is changed that had been read: neither edge shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.pipeline.prefix_audit import MOST_SECONDS, REST_SECONDS
from support.lines import Writer, line
from support.pumping import IS_LIVE, Bench, ids
from support.watched import WatchedFiles

if TYPE_CHECKING:
    from pathlib import Path


def _rows(writer: Writer) -> list[dict[str, Any]]:
    """Return rows that are larger than what a fingerprint hashes at either end."""
    return [writer.prompt(f"row {number} " + "x" * 2000) for number in range(9)]


def _exchange(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with another text of the same length in the middle."""
    content = str(rows[4]["message"]["content"]).replace("row 4", "ROW 4")
    return [*rows[:4], {**rows[4], "message": {"role": "user", "content": content}}, *rows[5:]]


def _read_and_exchange(bench: Bench, *, is_appended: bool) -> list[dict[str, Any]]:
    """Have rows read, then one exchanged and perhaps one appended; return all rows as written."""
    writer = Writer()
    rows = _rows(writer)
    bench.append(bench.path(), *rows)
    bench.catch_up()
    more = [writer.prompt("more")] if is_appended else []
    bench.rewrite(bench.path(), *_exchange(rows), *more)
    return [*rows, *more]


def _compare(bench: Bench) -> None:
    """Compare all that is due now, and read what has changed."""
    while bench.pump.prefix_audit.step():
        pass
    bench.drain()


@IS_LIVE
@pytest.mark.parametrize("is_appended", [True, False], ids=["with an append", "alone"])
def test_an_exchanged_row_is_found(
    bench: Bench,
    is_live: bool,  # noqa: FBT001 - a parameter
    is_appended: bool,  # noqa: FBT001 - a parameter
) -> None:
    """When the file has rested for a while; nothing else is sent again."""
    rows = _read_and_exchange(bench, is_appended=is_appended)
    bench.catch_up_again(is_live=is_live)
    bench.clock.advance(REST_SECONDS - 1)
    _compare(bench)
    assert bench.texts()[4].startswith("row 4")
    bench.clock.advance(1)
    _compare(bench)
    assert bench.texts()[4].startswith("ROW 4")
    assert bench.uuids() == ids(*rows)
    assert bench.sent_again() == 1
    before = bench.pump.progress.bytes_read
    bench.clock.advance(MOST_SECONDS)
    _compare(bench)
    assert bench.pump.progress.bytes_read == before


def test_a_file_that_never_rests_is_compared_too(bench: Bench) -> None:
    """Within a minute."""
    writer = Writer()
    rows = _rows(writer)
    bench.append(bench.path(), *rows)
    bench.catch_up()
    bench.rewrite(bench.path(), *_exchange(rows))
    for _ in range(int(MOST_SECONDS // 5) + 2):
        bench.append(bench.path(), writer.prompt("more"))
        bench.catch_up()
        _compare(bench)
        bench.clock.advance(5)
    assert bench.texts()[4].startswith("ROW 4")


def test_an_exchange_in_a_file_that_an_earlier_version_read_is_found(bench: Bench) -> None:
    """It stored no checksum; so the file is read once more when it changes, and once only."""
    writer = Writer()
    rows = _rows(writer)
    bench.append(bench.path(), *rows)
    bench.catch_up()
    with bench.database.write() as connection:
        connection.execute("UPDATE transcripts SET prefix = NULL")
    bench.restart()
    bench.rewrite(bench.path(), *_exchange(rows))
    bench.catch_up()
    bench.clock.advance(REST_SECONDS)
    _compare(bench)
    assert bench.texts()[4].startswith("ROW 4")
    bench.append(bench.path(), writer.prompt("more"))
    bench.catch_up()
    before = bench.pump.progress.bytes_read
    bench.clock.advance(REST_SECONDS)
    _compare(bench)
    assert bench.pump.progress.bytes_read == before


@pytest.mark.parametrize("is_appended", [True, False], ids=["with an append", "alone"])
def test_a_restart_before_the_comparison_does_not_prevent_it(
    bench: Bench,
    is_appended: bool,  # noqa: FBT001 - a parameter
) -> None:
    """The changed file had been read by then, so that its size and time were known."""
    _read_and_exchange(bench, is_appended=is_appended)
    bench.catch_up()
    for _ in range(2):
        bench.restart()
        bench.catch_up()
    bench.clock.advance(REST_SECONDS)
    _compare(bench)
    assert bench.texts()[4].startswith("ROW 4")
    bench.clock.advance(REST_SECONDS)
    _compare(bench)
    bench.restart()
    bench.catch_up()
    before = bench.pump.progress.bytes_read
    bench.clock.advance(MOST_SECONDS)
    _compare(bench)
    assert bench.pump.progress.bytes_read == before


def test_the_checksum_is_that_of_all_bytes_however_they_are_read(tmp_path: Path) -> None:
    """In small chunks, with a line that is too long to hold, across a restart."""
    bench = Bench(tmp_path)
    bench.restart(chunk_bytes=3000, max_line_bytes=5000)
    writer = Writer()
    rows = _rows(writer)
    bench.append(bench.path(), *rows[:4], line(writer.prompt("y" * 9000)), b"\n", *rows[4:])
    bench.catch_up()
    bench.append(bench.path(), writer.prompt("more"))
    bench.restart()
    bench.catch_up()
    before = bench.pump.progress.bytes_read
    bench.clock.advance(REST_SECONDS)
    _compare(bench)
    assert bench.pump.progress.bytes_read == before


@pytest.mark.parametrize("chunk_bytes", [3000, 1 << 20])
def test_what_was_just_read_for_the_first_time_is_not_read_twice(
    tmp_path: Path, chunk_bytes: int
) -> None:
    """A first import costs no more than it has to, in however many chunks."""
    files = WatchedFiles()
    bench = Bench(tmp_path, files=files)
    bench.restart(chunk_bytes=chunk_bytes)
    bench.append(bench.path(), *_rows(Writer()))
    bench.catch_up()
    count = len(files.opened)
    bench.clock.advance(MOST_SECONDS)
    _compare(bench)
    assert len(files.opened) == count


def test_one_that_was_moved_is_compared_where_it_is(bench: Bench) -> None:
    """And nothing that is gone keeps the others from it."""
    rows = _read_and_exchange(bench, is_appended=False)
    bench.catch_up()
    bench.path().rename(bench.path(project="there"))
    bench.catch_up()
    bench.clock.advance(REST_SECONDS)
    _compare(bench)
    assert bench.texts()[4].startswith("ROW 4")
    assert bench.uuids() == ids(*rows)


def test_a_file_that_is_gone_is_left_to_the_scan(bench: Bench) -> None:
    """And one that is shorter by now is read from its start."""
    writer = Writer()
    rows = _rows(writer)
    bench.append(bench.path(), *rows[:8])
    bench.catch_up()
    bench.append(bench.path(), rows[8])
    bench.catch_up()
    bench.clock.advance(REST_SECONDS)
    bench.path().unlink()
    _compare(bench)
    assert bench.uuids() == ids(*rows)
