"""What commands print."""

from __future__ import annotations

import os
import sys

import pytest

from ccsync_watch.cli.console import printable, say, say_wrapped, show_warnings, warn
from ccsync_watch.config import Settings


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/müller/→", "/home/müller/→"),
        ("a\x1b]0;title\x07b", "a\ufffd]0;title\ufffdb"),
        ("two\nlines", "two\ufffdlines"),
        (os.fsdecode(b"/x/\xff"), "/x/\ufffd"),
        ("\u202eexe.txt\u200b", "\ufffdexe.txt\ufffd"),
        ("\U0001f469\u200d\U0001f4bb \u2764\ufe0f", "\U0001f469\u200d\U0001f4bb \u2764\ufe0f"),
        (
            "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u6ce8\u6587\u3000\u4e00\u89a7, 10\u00a0%", "\u6ce8\u6587\u3000\u4e00\u89a7, 10\u00a0%"),
        ("younger than Python: \U0001faff", "younger than Python: \U0001faff"),
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


def test_a_long_line_is_wrapped_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between words, the rest indented; a pipe gets one line."""
    line = "  → run `ccsync-watch login` to upload to your own deployment"
    say_wrapped(line)
    assert capsys.readouterr().out == f"{line}\n"
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    say_wrapped(line)
    assert capsys.readouterr().out == (
        "  → run `ccsync-watch login` to upload\n    to your own deployment\n"
    )


def test_a_command_stays_on_one_line_where_it_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is there to be copied; one that is longer than a line is wrapped as other words are."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    say_wrapped("no budget: set one, such as `config set budget 20`, first")
    assert capsys.readouterr().out == (
        "no budget: set one, such as\n    `config set budget 20`, first\n"
    )
    monkeypatch.setenv("COLUMNS", "22")
    say_wrapped("such as `config set budget 20`")
    assert capsys.readouterr().out == "such as `config set\n    budget 20`\n"


def test_a_sign_stays_with_its_figure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone at the end of a line it means nothing."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")
    say_wrapped("the cost before: ≥ $51.36")
    assert capsys.readouterr().out == "the cost before:\n    ≥ $51.36\n"
