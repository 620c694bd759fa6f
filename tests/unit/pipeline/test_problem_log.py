"""A problem is logged once, kept while it lasts, and cleared with its cause."""

from __future__ import annotations

import errno
import os

import pytest

from ccsync_watch.pipeline.problem_log import ProblemLog
from ccsync_watch.transcripts.discovery import TranscriptScan
from support.pumping import PassingRedactor

PATH = "/projects/p/session.jsonl"
DENIED = PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@pytest.fixture
def problems() -> ProblemLog:
    """Return an empty log."""
    return ProblemLog(PassingRedactor())


def test_a_problem_is_logged_when_it_changes(
    problems: ProblemLog, caplog: pytest.LogCaptureFixture
) -> None:
    """By the file's name, not by its path."""
    for reason in ("a", "a", "b", "a"):
        problems.record(PATH, reason)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["session.jsonl a", "session.jsonl b", "session.jsonl a"]
    assert PATH in problems


def test_an_error_in_the_block_is_recorded_and_success_clears_it(problems: ProblemLog) -> None:
    """The block's error does not leave it."""
    with problems.recording(PATH):
        raise DENIED
    assert problems.reasons == {PATH: "cannot be read: Permission denied"}
    with problems.recording(PATH):
        pass
    assert problems.reasons == {}


def test_a_missing_file_changes_nothing(problems: ProblemLog) -> None:
    """It was deleted or moved: that is not a problem, and does not clear one either."""
    problems.record(PATH, "a")
    with problems.recording(PATH):
        raise FileNotFoundError
    assert problems.reasons == {PATH: "a"}


def test_other_errors_leave_the_block_and_keep_the_problem(problems: ProblemLog) -> None:
    """They concern more than one transcript."""
    problems.record(PATH, "a")
    with pytest.raises(ValueError, match="x"), problems.recording(PATH):
        raise ValueError("x")
    assert problems.reasons == {PATH: "a"}


@pytest.mark.parametrize(
    ("unread", "is_present", "is_kept"),
    [({}, True, True), ({}, False, False), ({"/projects/p": "no"}, False, True)],
)
def test_a_scan_clears_the_problems_of_deleted_files(
    problems: ProblemLog,
    unread: dict[str, str],
    is_present: bool,  # noqa: FBT001 - a parameter
    is_kept: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Below a folder that could not be listed, nothing is known to be deleted."""
    problems.record(PATH, "a")
    problems.update(TranscriptScan(unread=unread), is_present=lambda _path: is_present)
    assert (PATH in problems) is is_kept
    assert all(folder in problems for folder in unread)
