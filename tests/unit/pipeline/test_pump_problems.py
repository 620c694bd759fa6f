"""What cannot be read, and what must not be stored."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.privacy.policy.policy import Policy
from support.lines import OTHER, SESSION, Writer, call
from support.pumping import Bench, PassingRedactor, ids, joined
from support.redaction_corpus.shared import build_redactor
from support.watched import WatchedFiles

if TYPE_CHECKING:
    from pathlib import Path


class TestProblems:
    """What cannot be read is logged, remembered and tried again."""

    @pytest.mark.tailing_case("57")
    def test_a_file_that_cannot_be_opened_is_read_once_it_can(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is logged once, however often it is tried, and nothing of it is lost."""
        refused = {"x": True}
        files = WatchedFiles(
            refuse=lambda path: (
                PermissionError(13, "Permission denied")
                if path.endswith(".jsonl") and refused["x"]
                else None
            )
        )
        bench = Bench(tmp_path, files=files)
        row = Writer().prompt("a")
        bench.append(bench.path(), row)
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                bench.catch_up()
            bench.pump.queue_paths([str(bench.path())])
        assert bench.pump.problems.reasons == {
            str(bench.path()): "cannot be read: Permission denied"
        }
        assert len(caplog.records) == 1
        assert bench.pump.reconcile() == [], "a file that is known to be unreadable is not new"
        refused["x"] = False
        bench.catch_up()
        assert bench.uuids() == ids(row)
        assert bench.pump.problems.reasons == {}
        bench.close()

    def test_a_problem_ends_with_its_cause_though_nothing_changed(self, tmp_path: Path) -> None:
        """A file read to its end is opened once more, to see that it can be."""
        refused = {"x": False}
        files = WatchedFiles(
            refuse=lambda path: (
                PermissionError(13, "no") if path.endswith(".jsonl") and refused["x"] else None
            )
        )
        bench = Bench(tmp_path, files=files)
        bench.append(bench.path(), Writer().prompt("a"))
        bench.catch_up()
        refused["x"] = True
        bench.pump.queue_paths([str(bench.path())])
        assert list(bench.pump.problems.reasons) == [str(bench.path())]
        refused["x"] = False
        bench.catch_up()
        assert bench.pump.problems.reasons == {}
        bench.close()

    @pytest.mark.tailing_case("56")
    def test_a_folder_that_cannot_be_listed_is_not_missing(self, tmp_path: Path) -> None:
        """Its transcripts are not marked as missing, and its problem ends with it."""
        refused = {"x": False}
        files = WatchedFiles(
            refuse=lambda path: (
                OSError(24, "Too many open files")
                if path.endswith("-project") and refused["x"]
                else None
            )
        )
        bench = Bench(tmp_path, files=files)
        row = Writer().prompt("a")
        bench.append(bench.path(), row)
        bench.append(bench.path("other", "elsewhere"), b"\n")
        bench.catch_up()
        refused["x"] = True
        bench.catch_up()
        assert bench.pump.problems.reasons == {
            str(bench.path().parent): "cannot be read: Too many open files"
        }
        missing = "SELECT count(*) FROM transcripts WHERE missing_since_ms IS NOT NULL"
        assert bench.select(missing) == [(0,)]
        refused["x"] = False
        bench.catch_up()
        assert bench.pump.problems.reasons == {}
        assert bench.uuids() == ids(row)
        bench.close()

    def test_the_problem_of_a_deleted_file_is_cleared(self, tmp_path: Path) -> None:
        """A file in a folder that cannot be listed keeps its problem."""
        files = WatchedFiles(
            refuse=lambda path: PermissionError(13, "no") if path.endswith(".jsonl") else None
        )
        bench = Bench(tmp_path, files=files)
        bench.append(bench.path(), b"\n")
        bench.catch_up()
        assert list(bench.pump.problems.reasons) == [str(bench.path())]
        bench.path().unlink()
        bench.pump.reconcile()
        assert bench.pump.problems.reasons == {}
        bench.close()

    def test_a_problem_is_kept_when_its_name_cannot_be_redacted(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A path may hold a secret: without a redactor it is not logged, and nothing breaks."""
        redactor = PassingRedactor()
        files = WatchedFiles(
            refuse=lambda path: PermissionError(13, "no") if path.endswith("l") else None
        )
        bench = Bench(tmp_path, files=files, redactor=redactor)
        bench.append(bench.path(), b"\n")
        redactor.poison = ""
        bench.catch_up()
        assert list(bench.pump.problems.reasons) == [str(bench.path())]
        assert [record.getMessage() for record in caplog.records] == [
            "a transcript cannot be read: no"
        ]
        bench.close()


class TestFailClosed:
    """Nothing is stored when the redactor fails."""

    @pytest.mark.tailing_case("43")
    def test_the_line_it_fails_on_holds_the_offset(self, tmp_path: Path) -> None:
        """What comes before is stored, the line and what follows wait, and nothing is doubled."""
        redactor = PassingRedactor("POISON")
        bench = Bench(tmp_path, redactor=redactor)
        writer = Writer()
        rows = [writer.prompt("POISON" if number == 5 else f"row {number}") for number in range(9)]
        bench.append(bench.path(), *rows)
        bench.pump.reconcile()
        with pytest.raises(RedactorUnavailable):
            bench.drain()
        for _ in range(2):
            assert bench.uuids() == ids(*rows[:5])
            assert bench.offsets() == [len(joined(*rows[:5]))]
            assert bench.pump.problems.reasons == {
                str(bench.path()): "the redactor failed (RuntimeError)"
            }
            bench.pump.reconcile()
            with pytest.raises(RedactorUnavailable):
                bench.drain()
        redactor.poison = None
        bench.catch_up()
        assert bench.uuids() == ids(*rows)
        assert bench.pump.problems.reasons == {}
        bench.close()

    def test_other_transcripts_are_still_read(self, tmp_path: Path) -> None:
        """A line that cannot be redacted stops its own file."""
        redactor = PassingRedactor("POISON")
        bench = Bench(tmp_path, redactor=redactor)
        row = Writer(OTHER).prompt("fine")
        bench.append(bench.path(OTHER), row)
        bench.append(bench.path(), Writer().prompt("POISON"))
        bench.pump.reconcile()
        with pytest.raises(RedactorUnavailable):
            bench.pump.step()
        assert bench.pump.step()
        assert bench.uuids() == ids(row)
        bench.close()

    def test_without_a_redactor_no_pump_starts(self, tmp_path: Path) -> None:
        """Not even the host's name may be kept."""
        with pytest.raises(RedactorUnavailable):
            Bench(tmp_path, redactor=PassingRedactor("test-host"))

    def test_no_secret_reaches_the_store(self, tmp_path: Path) -> None:
        """With the real rules, in whatever place of a row or path it stood."""
        key = "sk-ant-api03-" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA" * 3 + "AA"
        bench = Bench(tmp_path, redactor=build_redactor(), policy=Policy(thinking=True))
        writer = Writer(cwd=f"/home/{key}")
        bench.append(
            bench.path(project=f"-home-{key}"),
            writer.prompt(f"use {key}"),
            writer.answer({"type": "thinking", "thinking": key}, call("t", "Bash", command=key)),
            writer.result("t", key),
            {"type": "custom-title", "customTitle": key, "sessionId": SESSION},
        )
        bench.catch_up()
        assert len(bench.uuids()) == 3
        bench.close()
        for path in bench.state.iterdir():
            assert key.encode() not in path.read_bytes(), path.name
