"""Numbers, times and tools in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.dashboard import formatting

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

_DAY_MS = 86_400_000


def test_unknown_moments_are_said_to_be() -> None:
    """None is a word, not a date."""
    assert formatting.moment(None) == "unknown"
    assert formatting.iso(None) == formatting.clock(None) == ""
    assert formatting.iso(1_790_000_000_123) == "2026-09-21T14:13:20.123Z"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [({"description": "d", "command": "ls\n -l"}, "ls -l"), ({"path": "p", "pattern": "x"}, "x"),
     ({"other": 1, "more": 2}, "other, more"), ("text", ""), ({"command": " "}, "command")],
)  # fmt: skip
def test_a_call_in_one_line(arguments: JsonValue, shown: str) -> None:
    """What tells most of it; its names where nothing does."""
    assert formatting.summary_of(arguments) == shown


def test_a_long_call_is_cut() -> None:
    """With a sign that it was."""
    made = formatting.summary_of({"command": "x" * 500})
    assert len(made) == 160
    assert made.endswith("…")


def test_ranges_begin_at_midnight() -> None:
    """Today, and so many days with today among them."""
    now_ms = 1_790_000_000_000
    today = formatting.since("today", now_ms)
    assert today is not None
    assert today <= now_ms < today + _DAY_MS + 3_600_000
    assert formatting.since("all", now_ms) is None
    week = formatting.since("7", now_ms)
    assert week is not None
    assert abs(today - week - 6 * _DAY_MS) <= 3_600_000


@pytest.mark.parametrize("text", ["", "x", "2026-13-01", "2026-1", "0001-01-01x"])
def test_what_is_no_day_is_none(text: str) -> None:
    """An odd address is no error."""
    assert formatting.day_start(text) is None
