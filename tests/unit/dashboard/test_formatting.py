"""Tool calls as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.dashboard import formatting

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


@pytest.mark.parametrize(
    ("arguments", "summary"),
    [({"description": "d", "command": "ls\n -l"}, "ls -l"), ({"path": "p", "pattern": "x"}, "x"),
     ({"other": 1, "more": 2}, "other, more"), ("text", ""), ({"command": " "}, "command")],
)  # fmt: skip
def test_call_is_summarised_in_one_line(arguments: JsonValue, summary: str) -> None:
    """By its most telling argument; by the names of its arguments where it has none of those."""
    assert formatting.summary_of(arguments) == summary


def test_long_summary_is_cut() -> None:
    """And ends in a mark that it was."""
    summary = formatting.summary_of({"command": "x" * 500})
    assert len(summary) == 160
    assert summary.endswith("…")
