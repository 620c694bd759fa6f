"""Words and numbers for people."""

from __future__ import annotations

import os

import pytest

from ccsync_watch.cli.output import age, plural, printable, say, show_warnings, size, warn
from ccsync_watch.config import Settings


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 40, "3.0 TiB"),
        (9 << 50, "9216.0 TiB"),
    ],
)
def test_sizes(count: int, shown: str) -> None:
    """Binary units, one decimal."""
    assert size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (7_200, "2 h ago"),
        (200_000, "2 d ago"),
        (-5, "0 s ago"),
    ],
)
def test_ages(seconds: int, shown: str) -> None:
    """The largest whole unit; a clock that went back shows no future."""
    assert age(1_000_000, 1_000_000 + seconds * 1000) == shown


def test_what_never_happened() -> None:
    """There is no age of nothing."""
    assert age(None, 5) == "never"


def test_plurals() -> None:
    """A count agrees with its noun."""
    assert [plural(n, "row") for n in (0, 1, 2, 1234)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "1,234 rows",
    ]


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
