"""The same file under another path, the same rows in several files."""

from __future__ import annotations

import os
import shutil

import pytest

from ccsync_watch.model import Redacted
from ccsync_watch.store import checkpoints
from ccsync_watch.store.checkpoints import adopt_path, mark_missing
from support.lines import OTHER, SESSION, Writer, line
from support.pumping import IS_LIVE, PROJECT, Bench, ids

MOVED = "-home-user-worktree"


class TestMoves:
    """The same file under another path."""

    @pytest.mark.tailing_case("23", "24")
    @IS_LIVE
    def test_a_file_moved_to_another_project_is_not_sent_again(
        self,
        bench: Bench,
        is_live: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """Entering and leaving a worktree move it and its companion folder; its offset stays."""
        writer = Writer()
        rows = [writer.prompt(f"row {number}") for number in range(5)]
        bench.append(bench.path(), *rows[:4])
        agent = bench.path("agent-a1", f"{PROJECT}/{SESSION}/subagents")
        bench.append(agent, Writer(agent_id="a1").prompt("task"))
        bench.catch_up()
        bench.path().rename(bench.path(project=MOVED))
        (bench.root / PROJECT / SESSION).rename(bench.root / MOVED / SESSION)
        assert bench.catch_up_again(is_live=is_live) == 0
        bench.append(bench.path(project=MOVED), rows[4])
        bench.path(project=MOVED).rename(bench.path())
        assert bench.catch_up_again(is_live=is_live) == len(line(rows[4]))
        assert len(bench.uuids()) == 6
        assert len(bench.offsets()) == 2
        assert bench.sent_again() == 0

    def test_a_move_that_an_event_announced_is_known_at_once(self, bench: Bench) -> None:
        """Before any scan; the transcript shows its new path."""
        bench.append(bench.path(), Writer().prompt("a"))
        bench.catch_up()
        moved = bench.path(project=MOVED)
        bench.path().rename(moved)
        bench.pump.queue_paths([str(bench.path()), str(moved)])
        before = bench.pump.progress.bytes_read
        bench.drain()
        assert bench.pump.progress.bytes_read == before
        assert bench.select("SELECT shown_path FROM transcripts") == [(moved.name,)]

    def test_a_move_before_the_file_was_read_loses_nothing(self, bench: Bench) -> None:
        """It is a new file under its new path."""
        row = Writer().prompt("a")
        bench.append(bench.path(), row)
        bench.pump.reconcile()
        bench.path().rename(bench.path(project=MOVED))
        bench.drain()
        assert bench.uuids() == []
        bench.catch_up()
        assert bench.uuids() == ids(row)

    def test_a_move_in_the_middle_of_a_backlog_keeps_the_offset(self, bench: Bench) -> None:
        """Its offset moves with it."""
        bench.restart(chunk_bytes=1000)
        writer = Writer()
        rows = [writer.prompt(f"row {number}") for number in range(20)]
        size = bench.append(bench.path(), *rows)
        bench.pump.reconcile()
        bench.pump.step()
        bench.path().rename(bench.path(project=MOVED))
        bench.catch_up()
        assert bench.uuids() == ids(*rows)
        assert bench.pump.progress.bytes_read == size

    def test_a_file_that_moved_and_changed_is_read_from_its_start(self, bench: Bench) -> None:
        """Its name alone does not make it the same."""
        writer = Writer()
        old, new = writer.prompt("old"), writer.prompt("new")
        bench.append(bench.path(), old)
        bench.catch_up()
        bench.path().unlink()
        bench.append(bench.path(project=MOVED), new)
        bench.catch_up()
        assert bench.uuids() == ids(old, new)
        assert len(bench.offsets()) == 2

    def test_a_transcript_with_a_new_path_is_not_missing(self, bench: Bench) -> None:
        """From the moment the path is stored, before anything of it is read."""
        bench.append(bench.path(), Writer().prompt("a"))
        bench.catch_up()
        (known,) = checkpoints.load_checkpoints(bench.database)
        mark_missing(bench.database, set(), 7)
        adopt_path(bench.database, known, b"new key", Redacted("/new"))
        stored = bench.select("SELECT path_key, shown_path, missing_since_ms FROM transcripts")
        assert stored == [(b"new key", "/new", None)]

    def test_a_file_that_was_never_read_has_no_offset_to_keep(self, bench: Bench) -> None:
        """At offset 0 every file is the same."""
        bench.append(bench.path(), b"unfinished")
        bench.catch_up()
        bench.path().unlink()
        row = Writer().prompt("a")
        bench.append(bench.path(project=MOVED), row)
        bench.catch_up()
        assert bench.uuids() == ids(row)
        assert bench.offsets() == [0, len(line(row))]

    def test_a_renamed_session_file_sends_nothing_again(self, bench: Bench) -> None:
        """Another name is another stream; its rows still name their session."""
        row = Writer("abc").prompt("a")
        bench.append(bench.path("abc"), row)
        bench.catch_up()
        bench.path("abc").rename(bench.path("ABC"))
        bench.catch_up()
        assert bench.uuids() == ids(row)
        assert bench.sent_again() == 0


class TestCopies:
    """The same rows in several files."""

    @pytest.mark.tailing_case("28")
    def test_files_with_the_same_beginning_are_both_read(self, bench: Bench) -> None:
        """A fork begins like its parent, byte for byte if its rows do."""
        shared = b'{"type":"mode","mode":"' + b"x" * 5000 + b'"}\n'
        one, two = Writer().prompt("one"), Writer(OTHER).prompt("two")
        bench.append(bench.path(), shared, one)
        bench.append(bench.path(OTHER), shared, two)
        bench.catch_up()
        assert sorted(bench.uuids()) == sorted(ids(one, two))

    @pytest.mark.tailing_case("29")
    @IS_LIVE
    def test_a_session_in_two_projects_is_stored_once(
        self,
        bench: Bench,
        is_live: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """Each copy has its own offset, and what either has alone arrives."""
        writer = Writer()
        rows = [writer.prompt(f"row {number}") for number in range(3)]
        bench.append(bench.path(), *rows)
        bench.catch_up()
        copy = bench.path(project="copy")
        shutil.copy2(bench.path(), copy)
        bench.catch_up_again(is_live=is_live)
        assert bench.uuids() == ids(*rows)
        here, there = writer.prompt("here"), writer.prompt("there")
        bench.append(bench.path(), here)
        bench.append(copy, there)
        bench.catch_up_again(is_live=is_live)
        assert sorted(bench.uuids()) == sorted(ids(*rows, here, there))
        assert bench.sent_again() == 0
        assert len(bench.offsets()) == 2

    def test_a_copy_announced_before_any_scan_keeps_the_original_known(self, bench: Bench) -> None:
        """The original was seen by an event, which is enough."""
        bench.append(bench.path(), Writer().prompt("a"))
        bench.pump.queue_paths([str(bench.path())])
        bench.drain()
        copy = bench.path(project="copy")
        shutil.copy2(bench.path(), copy)
        bench.pump.queue_paths([str(copy)])
        bench.drain()
        assert len(bench.offsets()) == 2

    @pytest.mark.tailing_case("30")
    def test_links_to_a_transcript_send_nothing_twice(self, bench: Bench) -> None:
        """Hard or symbolic, to the file or to its folder, or in a loop."""
        row = Writer().prompt("a")
        bench.append(bench.path(), row)
        bench.catch_up()
        os.link(bench.path(), bench.path(project="hard"))
        bench.path(project="soft").symlink_to(bench.path())
        (bench.root / "alias").symlink_to(bench.root / PROJECT)
        (bench.root / PROJECT / "loop").symlink_to(bench.root)
        for path in bench.root.rglob("*.jsonl"):
            bench.pump.queue_paths([str(path)])
        bench.drain()
        bench.catch_up()
        bench.restart()
        bench.catch_up()
        assert bench.uuids() == ids(row)
        assert bench.sent_again() == 0
        assert len(bench.offsets()) == 1  # it is read by one path only
