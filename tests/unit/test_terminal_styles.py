"""Colours and styles of texts that were written for a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.plain_text import plain_text
from ccsync_watch.terminal_styles import STYLE_NAMES, read_styles

_SEQUENCES = st.text("\x1b[]0123456789;:mKHA\x9b\x07\r\n ab\u202e", max_size=60)


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("1", "bold"),
        ("2", "dim"),
        ("3;4", "italic underline"),
        ("9", "strike"),
        ("21", "underline"),
        ("4:3", "underline"),
        ("31", "red"),
        ("1;92", "bold green"),
        ("90", "grey"),
        ("30", ""),
        ("97", ""),
        ("38;5;9", "red"),
        ("38;5;208", "orange"),
        ("38;5;27", "blue"),
        ("38;5;244", "grey"),
        ("38;5;255", ""),
        ("38;2;215;119;87", "orange"),
        ("38;2;10;10;10", ""),
        ("38:2::40:200:80", "green"),
        ("38:5:201", "magenta"),
        ("38;5;1;4", "underline red"),
        ("38;5", ""),
        ("38;7;1", "bold"),
        ("41;97", "on-red"),
        ("48;5;226;30", "on-yellow"),
        ("40", "on-grey"),
        ("7", "on-grey"),
        ("7;36", "on-cyan"),
        ("1;2;22;31;39;3;23;4;24;9;29;7;27;41;49", ""),
        ("31;0", ""),
        ("31;", ""),
        ("4;4:0", ""),
        ("5;8;73", ""),
    ],
)
def test_codes_become_names(codes: str, style: str) -> None:
    """Those that no page shows change nothing."""
    expected = [(1, 2, style)] if style else []
    assert read_styles(f"a\x1b[{codes}mb\x1b[mc") == expected


def test_positions_are_those_of_the_plain_text() -> None:
    """Other sequences, line ends and replaced characters are as there."""
    text = "é\x1b]8;;http://x.test\x07\x1b[31mred\r\x1b[K\n\x07\x1b[1mboth\x1b[0m none\x9b32mgreen"
    plain = plain_text(text)
    runs = [(plain[start:end], style) for start, end, style in read_styles(text)]
    assert runs == [("red\n\n\ufffd", "red"), ("both", "bold red"), ("green", "green")]


def test_equal_styles_are_one_run() -> None:
    """A program may write its colour before every word."""
    assert read_styles("\x1b[31ma\x1b[31mb\x1b[0;31mc") == [(0, 3, "red")]


@given(_SEQUENCES)
def test_runs_are_in_order_and_inside_the_text(text: str) -> None:
    """Whatever the sequences are."""
    at = 0
    for start, end, style in read_styles(text):
        assert at <= start < end
        assert set(style.split()) <= STYLE_NAMES
        at = end
    assert at <= len(plain_text(text))
