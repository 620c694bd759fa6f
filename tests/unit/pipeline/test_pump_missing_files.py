"""A missing file may come back; what was stored stays."""

from __future__ import annotations

import os
import shutil

import pytest

from support.lines import OTHER, SESSION, Writer, line, text
from support.pumping import PROJECT, Bench, ids, joined


class TestAbsence:
    """A missing file may come back; what was stored stays."""

    def missing(self, bench: Bench) -> list[bool]:
        """Return of each transcript whether it is marked as missing."""
        rows = bench.select("SELECT missing_since_ms FROM transcripts ORDER BY id")
        return [since is not None for (since,) in rows]

    @pytest.mark.tailing_case("58")
    def test_a_bulk_deletion_deletes_nothing(self, bench: Bench) -> None:
        """Rows and checkpoints stay, marked with since when their files are gone."""
        rows = []
        for number in range(20):
            row = Writer(f"session-{number}").prompt("a")
            rows.append(row)
            bench.append(bench.path(f"session-{number}"), row)
        bench.catch_up()
        outbox = bench.select("SELECT * FROM outbox")
        shutil.rmtree(bench.root / PROJECT)
        bench.catch_up()
        assert sorted(bench.uuids()) == sorted(ids(*rows))
        assert bench.select("SELECT * FROM outbox") == outbox
        assert self.missing(bench) == [True] * 20
        since = bench.select("SELECT DISTINCT missing_since_ms FROM transcripts")
        bench.clock.advance(60)
        bench.catch_up()
        assert bench.select("SELECT DISTINCT missing_since_ms FROM transcripts") == since

    def test_a_file_that_comes_back_continues_at_its_offset(self, bench: Bench) -> None:
        """Its mark as missing is removed."""
        writer = Writer()
        rows = [writer.prompt("a"), writer.prompt("b")]
        bench.append(bench.path(), rows[0])
        bench.append(bench.path(OTHER), b"\n")
        bench.catch_up()
        aside = bench.folder / "aside"
        bench.path().rename(aside)
        bench.catch_up()
        assert sum(self.missing(bench)) == 1
        aside.rename(bench.path())
        bench.catch_up()
        assert self.missing(bench) == [False, False]
        bench.append(bench.path(), rows[1])
        before = bench.pump.progress.bytes_read
        bench.catch_up()
        assert bench.pump.progress.bytes_read - before == len(line(rows[1]))
        assert bench.uuids() == ids(*rows)

    @pytest.mark.tailing_case("54")
    def test_a_root_that_is_absent_proves_nothing(self, bench: Bench) -> None:
        """Absent at the start, deleted, created again: nothing is marked, nothing is lost."""
        shutil.rmtree(bench.root)
        assert bench.pump.reconcile() == []
        writer = Writer()
        first, second = writer.prompt("a"), writer.prompt("b")
        bench.append(bench.path(), first)
        bench.catch_up()
        shutil.rmtree(bench.root)
        bench.catch_up()
        assert self.missing(bench) == [False]
        bench.append(bench.path(), first, second)
        bench.catch_up()
        assert bench.uuids() == ids(first, second)

    @pytest.mark.tailing_case("50")
    def test_quick_creation_and_deletion_leaves_what_was_read(self, bench: Bench) -> None:
        """A file that came and went between two scans was never seen; no other suffers."""
        rows = []
        for number in range(30):
            path = bench.path(f"session-{number}")
            row = Writer(f"session-{number}").prompt("a")
            bench.append(path, row)
            bench.pump.queue_paths([str(path)])
            if number % 3 == 0:
                path.unlink()
            else:
                rows.append(row)
            if number % 2:
                bench.drain()
        bench.catch_up()
        assert set(ids(*rows)) <= set(bench.uuids())
        assert bench.pump.problems.reasons == {}

    @pytest.mark.tailing_case("48", "49")
    def test_folders_moved_in_and_about_lose_nothing(self, bench: Bench) -> None:
        """A folder comes from outside, is appended to, and moves on inside another."""
        writer = Writer()
        rows = [writer.prompt("a"), writer.prompt("b"), writer.prompt("c")]
        outside = bench.folder / "outside"
        outside.mkdir()
        (outside / f"{SESSION}.jsonl").write_bytes(joined(rows[0]))
        outside.rename(bench.root / "inside")
        bench.append(bench.root / "inside" / f"{SESSION}.jsonl", rows[1])
        bench.catch_up()
        (bench.root / "deep").mkdir()
        (bench.root / "inside").rename(bench.root / "deep" / "moved")
        bench.append(bench.root / "deep" / "moved" / f"{SESSION}.jsonl", rows[2])
        before = bench.pump.progress.bytes_read
        bench.catch_up()
        assert bench.uuids() == ids(*rows)
        assert bench.pump.progress.bytes_read - before == len(line(rows[2]))


@pytest.mark.tailing_case("59")
def test_names_that_are_not_text_are_read_and_shown(bench: Bench) -> None:
    """Bytes that are not UTF-8, and newlines."""
    rows = []
    for number, name in enumerate((b"in\xffvalid", b"new\nline")):
        path = bench.root / os.fsdecode(name) / os.fsdecode(name + b".jsonl")
        path.parent.mkdir()
        row = Writer(f"session-{number}").answer(text("a"))
        rows.append(row)
        bench.append(path, row)
    bench.catch_up()
    bench.restart()
    assert bench.catch_up() == 0
    assert sorted(bench.uuids()) == sorted(ids(*rows))
    names = [name for (name,) in bench.select("SELECT shown_path FROM transcripts")]
    assert any("in\ufffdvalid" in name for name in names)
