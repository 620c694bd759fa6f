"""From appended bytes to stored messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.lines import OTHER, SESSION, Writer, call, line, text
from support.pumping import Bench, ids
from support.watched import WatchedFiles

if TYPE_CHECKING:
    from pathlib import Path


class TestReading:
    """From appended bytes to stored messages."""

    @pytest.mark.tailing_case("1")
    def test_two_transcripts_are_read(self, bench: Bench) -> None:
        """Every complete line, in the order of its file."""
        one, two = Writer(), Writer(OTHER)
        rows = [one.prompt("a"), one.answer(text("b"))]
        others = [two.prompt("c"), two.answer(text("d"))]
        bench.append(bench.path(), *rows)
        bench.append(bench.path(OTHER), *others)
        bench.catch_up()
        assert bench.uuids(SESSION) == ids(*rows)
        assert bench.uuids(OTHER) == ids(*others)

    def test_an_append_is_read_from_where_the_last_read_ended(self, bench: Bench) -> None:
        """Nothing before it is read again."""
        writer = Writer()
        first, second = writer.prompt("a"), writer.prompt("b")
        size = bench.append(bench.path(), first)
        bench.catch_up()
        bench.append(bench.path(), second)
        bench.pump.queue_paths([str(bench.path())])
        bench.drain()
        assert bench.uuids() == ids(first, second)
        assert bench.pump.progress.bytes_read == size + len(line(second))

    @pytest.mark.tailing_case("5", "6")
    def test_an_unfinished_line_is_not_read(self, bench: Bench) -> None:
        """However many writes it takes, it is stored once, when it ends."""
        writer = Writer()
        before, row = writer.prompt("a"), writer.prompt("b")
        bench.append(bench.path(), before)
        for byte in line(row)[:-1].split(b","):
            bench.catch_up()
            bench.append(bench.path(), byte, b",")
        bench.catch_up()
        assert bench.uuids() == ids(before)
        bench.rewrite(bench.path(), before, line(row)[:-1])
        bench.catch_up()
        assert bench.offsets() == [len(line(before))]
        bench.append(bench.path(), b"\n")
        bench.catch_up()
        assert bench.uuids() == ids(before, row)

    @pytest.mark.tailing_case("7")
    def test_a_line_completed_across_a_restart_is_stored_once(self, bench: Bench) -> None:
        """What a new run knows is in the store alone."""
        row = Writer().prompt("a")
        bench.append(bench.path(), line(row)[:50])
        bench.catch_up()
        bench.restart()
        bench.append(bench.path(), line(row)[50:])
        bench.catch_up()
        bench.restart()
        bench.catch_up()
        assert bench.uuids() == ids(row)

    @pytest.mark.tailing_case("4")
    def test_an_empty_file_that_grows_is_read(self, bench: Bench) -> None:
        """It has a checkpoint before it has a line."""
        bench.append(bench.path())
        bench.catch_up()
        assert bench.offsets() == [0]
        row = Writer().prompt("a")
        bench.append(bench.path(), row)
        bench.catch_up()
        assert bench.uuids() == ids(row)

    @pytest.mark.tailing_case("3")
    def test_newlines_alone_move_the_offset(self, bench: Bench) -> None:
        """Nothing is stored, and nothing is read again."""
        bench.append(bench.path(), b"\n" * 100)
        bench.catch_up()
        assert bench.offsets() == [100]
        assert (bench.uuids(), bench.unreadable()) == ([], [])
        assert bench.catch_up() == 0

    @pytest.mark.tailing_case("18")
    def test_with_every_line_rejected_there_is_a_checkpoint(self, bench: Bench) -> None:
        """What is unreadable is recorded once, and passed."""
        size = bench.append(bench.path(), b"bad\n", b"worse\n")
        bench.catch_up()
        assert bench.offsets() == [size]
        assert bench.unreadable() == [(0, 3, "not JSON"), (4, 9, "not JSON")]
        bench.restart()
        assert bench.catch_up() == 0

    def test_a_large_file_is_read_in_chunks(self, bench: Bench) -> None:
        """The next run continues where a run ended."""
        bench.restart(chunk_bytes=2000)
        writer = Writer()
        rows = [writer.prompt(f"number {number}") for number in range(50)]
        size = bench.append(bench.path(), *rows)
        bench.pump.reconcile()
        for _ in range(3):
            assert bench.pump.step()
        (middle,) = bench.offsets()
        assert 0 < middle < size
        read = bench.pump.progress.bytes_read
        bench.restart()
        bench.catch_up()
        assert bench.uuids() == ids(*rows)
        assert bench.pump.progress.bytes_read == size - read

    @pytest.mark.tailing_case("17")
    def test_a_line_longer_than_the_limit_costs_no_memory_and_no_neighbour(
        self, tmp_path: Path
    ) -> None:
        """It is recorded by its offsets, or counted when it is of no interest."""
        files = WatchedFiles()
        bench = Bench(tmp_path, files=files, config={"chunk_bytes": 4096, "max_line_bytes": 8192})
        writer = Writer()
        before, huge, after = writer.prompt("a"), writer.prompt("x" * 50_000), writer.prompt("b")
        blob = b'{"type":"api-request-blob","x":"' + b"y" * 50_000 + b'"}\n'
        bench.append(bench.path(), before, huge, blob, after)
        bench.catch_up()
        assert bench.uuids() == ids(before, after)
        start = len(line(before))
        assert bench.unreadable() == [(start, start + len(line(huge)), "line longer than 0 MiB")]
        assert ("long line of a dropped type", 1) in bench.select("SELECT * FROM line_types")
        assert files.most_bytes <= 4096
        assert bench.pump.progress.lines == 4
        assert bench.catch_up() == 0
        bench.close()

    def test_a_long_line_between_chunk_and_limit_is_stored(self, bench: Bench) -> None:
        """Its end is searched as it grows, and found."""
        bench.restart(chunk_bytes=1000)
        row = Writer().prompt("x" * 20_000)
        data = line(row)
        for at in range(0, len(data), 3000):
            bench.append(bench.path(), data[at : at + 3000])
            bench.catch_up()
        assert bench.uuids() == ids(row)

    def test_an_unfinished_long_line_replaced_by_short_ones_is_read_again(
        self, bench: Bench
    ) -> None:
        """How far the old one was searched means nothing in the new file."""
        bench.restart(chunk_bytes=100)
        bench.append(bench.path(), b"x" * 9000)
        bench.catch_up()
        row = Writer().prompt("a")
        bench.rewrite(bench.path(), row)
        bench.catch_up()
        assert bench.uuids() == ids(row)

    def test_how_far_one_line_was_searched_says_nothing_of_another(self, bench: Bench) -> None:
        """After a rewrite the pump begins at another offset, and searches from there."""
        bench.restart(chunk_bytes=100)
        writer = Writer()
        bench.append(bench.path(), writer.prompt("old"), b"x" * 9000)
        bench.catch_up()
        row = writer.prompt("new")
        bench.rewrite(bench.path(), row, b"y" * 20_000)
        bench.catch_up()
        assert bench.texts() == ["old", "new"]

    def test_progress_is_counted(self, bench: Bench) -> None:
        """Bytes, lines, and new rows with the session's own header."""
        rows = [Writer().prompt("a"), {"type": "mode", "mode": "x"}]
        size = bench.append(bench.path(), *rows)
        bench.catch_up()
        progress = bench.pump.progress
        assert (progress.bytes_read, progress.lines, progress.rows) == (size, 2, 1)

    def test_commits_with_rows_wake_the_uploader(self, bench: Bench) -> None:
        """Not of an offset that moved over nothing."""
        bench.append(bench.path(), b"\n")
        bench.catch_up()
        assert bench.commits == 0
        bench.append(bench.path(), Writer().prompt("a"))
        bench.catch_up()
        assert bench.commits == 1


class TestResults:
    """A result and its call may stand in different chunks."""

    def test_a_result_finds_its_call_in_the_store(self, bench: Bench) -> None:
        """A command's output is stored, since the call is known to be a command."""
        writer = Writer()
        bench.append(bench.path(), writer.answer(call("toolu_1", "Bash", command="ls")))
        bench.catch_up()
        bench.restart()
        bench.append(bench.path(), writer.result("toolu_1", "listing"))
        bench.catch_up()
        ((name, content),) = bench.select(
            "SELECT tool_name, unpacked(content) FROM parts WHERE kind = 'tool-result'"
        )
        assert name == "Bash"
        assert "listing" in content
        assert '"durationMs":1000' in content

    def test_a_result_finds_its_call_in_the_same_chunk(self, bench: Bench) -> None:
        """A file's content stays out; a call without an id answers nothing."""
        writer = Writer()
        bench.append(
            bench.path(),
            writer.answer(call("toolu_1", "Read", file_path="/a"), call("bad id", "Bash")),
            writer.result("toolu_1", "the file"),
            writer.result("not known", "something"),
        )
        bench.catch_up()
        stored = bench.select(
            "SELECT tool_name, unpacked(content) FROM parts WHERE kind = 'tool-result'"
        )
        assert {name for name, _ in stored} == {"Read", None}
        assert not any("the file" in content or "something" in content for _, content in stored)


def test_settings_reach_the_store(tmp_path: Path) -> None:
    """Rows of a run without auto-sync wait for a sync-now."""
    config: dict[str, Any] = {"is_released": False}
    bench = Bench(tmp_path, config=config)
    bench.append(bench.path(), Writer().prompt("a"))
    bench.catch_up()
    assert {released for (released,) in bench.select("SELECT is_released FROM outbox")} == {0}
    assert bench.select("SELECT DISTINCT host FROM sessions") == [("test-host",)]
    bench.close()


def test_an_unfinished_last_line_is_known_until_it_is_finished(bench: Bench) -> None:
    """By session, and with its size."""
    writer = Writer()
    first, last = writer.prompt("first"), line(writer.prompt("last"))
    bench.append(bench.path(), first, last[:-1])
    bench.catch_up()
    assert bench.pump.unfinished_sizes(None) == [len(last) - 1]
    assert bench.pump.unfinished_sizes(SESSION) == [len(last) - 1]
    assert bench.pump.unfinished_sizes("another") == []
    bench.append(bench.path(), b"\n")
    bench.catch_up()
    assert bench.pump.unfinished_sizes(None) == []
    assert bench.texts() == ["first", "last"]
