"""What commands print."""

from __future__ import annotations

import os

import pytest

from ccsync_watch.cli.console import printable, say, show_warnings, warn
from ccsync_watch.config import Settings


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/müller/→", "/home/müller/→"),
        ("a\x1b]0;title\x07b", "a\ufffd]0;title\ufffdb"),
        ("two\nlines", "two\ufffdlines"),
        (os.fsdecode(b"/x/\xff"), "/x/\ufffd"),
    ],
)
def test_names_cannot_command_the_terminal(text: str, shown: str) -> None:
    """A folder's name may hold anything; it is shown in one line, as text."""
    assert printable(text) == shown


def test_answers_and_warnings_go_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe gets the answer alone."""
    say("answer")
    warn("careful")
    show_warnings(Settings(warnings=("odd\x1b",)))
    seen = capsys.readouterr()
    assert seen.out == "answer\n"
    assert seen.err == "ccsync-watch: careful\nccsync-watch: odd\ufffd\n"
