"""What a terminal with a small character set shows."""

from __future__ import annotations

import io

import pytest

from ccsync_watch.cli.character_sets import use_substitutes


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "-- >= $3 -> a... \\u65e5 \\xfc \\U0001f680"),
        ("latin-1", "-- >= $3 -> a... \\u65e5 ü \\U0001f680"),
        ("utf-8", "── ≥ $3 → a… 日 ü 🚀"),
    ],
)
def test_what_commands_write_is_readable_everywhere(encoding: str, shown: str) -> None:
    """Their own signs by others, a title's characters by their numbers."""
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    use_substitutes(stream)
    stream.write("── ≥ $3 → a… 日 ü 🚀")
    stream.flush()
    assert written.getvalue().decode(encoding) == shown


def test_other_streams_are_left_alone() -> None:
    """Such as those of a program that collects what is printed."""
    stream = io.StringIO()
    use_substitutes(stream)
    stream.write("≥")
    assert stream.getvalue() == "≥"
