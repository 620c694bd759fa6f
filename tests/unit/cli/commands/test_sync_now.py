"""How the result of a flush is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccsync_watch.cli.commands.sync_now import _show
from ccsync_watch.control.messages import FlushAnswer
from ccsync_watch.problem import Problem

DONE = FlushAnswer(
    is_read=True, is_known=True, is_local=True, rows_sent=0, rows_pending=0, rows_rejected=0
)


@pytest.mark.parametrize("is_local", [True, False])
@pytest.mark.parametrize(
    ("unfinished", "unreadable", "expected"),
    [
        ((0, 0), 0, []),
        ((1, 715), 0, ["not read yet: 715 bytes, the last line of 1 transcript, without"]),
        (
            (2, 1),
            3,
            ["1 byte, the last line of 2 transcripts", "could not be read: 3; `ccsync-watch logs`"],
        ),
    ],
)
def test_what_could_not_be_read_is_said_with_an_exit_code(
    capsys: pytest.CaptureFixture[str],
    unfinished: tuple[int, int],
    unreadable: int,
    expected: list[str],
    *,
    is_local: bool,
) -> None:
    """Whether there is a backend or not."""
    answer = replace(
        DONE,
        is_local=is_local,
        unfinished=unfinished[0],
        unfinished_bytes=unfinished[1],
        unreadable=unreadable,
    )
    assert _show(answer, None, "") == bool(expected)
    output = capsys.readouterr()
    assert output.err.count("\n") == len(expected)
    assert all(words in output.err for words in expected)
    assert ("Everything is stored" in output.out) == (is_local and not expected)


def test_a_claude_folder_that_is_not_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do about it."""
    problem = Problem("folder-missing", "Claude folder not read", "~/x is missing", "correct it")
    assert _show(replace(DONE, folders=(problem,)), None, "") == 1
    output = capsys.readouterr()
    assert output.err.endswith("Claude folder not read: ~/x is missing: correct it\n")
    assert output.out.startswith("Everything else is stored")


@pytest.mark.parametrize(("sessions", "expected"), [(0, ""), (2, "totals of 2 sessions follow")])
def test_what_follows_later_is_said(
    capsys: pytest.CaptureFixture[str], sessions: int, expected: str
) -> None:
    """The rows are there; the sessions' own states are not yet."""
    answer = replace(DONE, is_local=False, rows_sent=3, sessions_unsettled=sessions)
    assert _show(answer, None, "the daemon continues") == 0
    out = capsys.readouterr().out
    assert out.startswith("Synced: 3 rows sent, nothing is pending.\n")
    assert expected in out
    assert ("the daemon continues" in out) == bool(expected)


def test_an_earlier_daemon_says_nothing_of_it() -> None:
    """Its answer is read as before."""
    fields = DONE.to_json()
    for name in ("unfinished", "unfinished_bytes", "unreadable", "folders", "sessions_unsettled"):
        del fields[name]
    assert FlushAnswer.from_json(fields) == DONE
    folders = (Problem("folder-missing", "a", "b", "c"),)
    more = replace(
        DONE,
        unfinished=1,
        unfinished_bytes=2,
        unreadable=3,
        folders=folders,
        sessions_unsettled=4,
    )
    assert FlushAnswer.from_json(more.to_json()) == more
