"""How problems and errors are printed."""

from __future__ import annotations

import pytest

from ccsync_watch.cli.problem_text import error_line, one_line, problem_lines
from ccsync_watch.errors import AlreadyRunning, CcsyncError, NotAnswering, NotRunning
from ccsync_watch.problem import Problem

FULL = Problem("disk-space-low", "Disk almost full", "5 MiB are free at /x\x1b", "free some space")


def test_a_problem_is_a_paragraph_or_one_line() -> None:
    """Its hint comes last, and it cannot command the terminal."""
    assert problem_lines(FULL) == [
        "Disk almost full: 5 MiB are free at /x\ufffd",
        "  → free some space",
    ]
    assert one_line(FULL) == "Disk almost full: 5 MiB are free at /x\ufffd: free some space"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (CcsyncError("it broke", hint="fix it"), "it broke: fix it"),
        (NotAnswering("it hangs", hint="see the log"), "it hangs: see the log"),
        (
            NotRunning("ccsync-watch is not running", hint="start it"),
            "Not running. Start it with `ccsync-watch start`.",
        ),
        (
            AlreadyRunning("already running (process 7)", hint="stop it: `ccsync-watch stop`"),
            "Already running (process 7). Stop it: `ccsync-watch stop`",
        ),
    ],
)
def test_states_that_are_not_failures_are_sentences(error: CcsyncError, line: str) -> None:
    """An error is a clause, and what to do."""
    assert error_line(error) == line
