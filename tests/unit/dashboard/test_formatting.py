"""Numbers, times and tools in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.dashboard import formatting

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

_DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("count", "shown"),
    [(None, formatting.UNKNOWN),
     (0, "0"), (950, "950"), (1234, "1.2k"), (34_000_000, "34M"), (2e9, "2.0G"),
     (5e12, "5000G")],
)  # fmt: skip
def test_counts_are_short(count: float | None, shown: str) -> None:
    """A unit and two places at most; unknown is no zero."""
    assert formatting.short(count) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(None, formatting.UNKNOWN),
     (320, "320 ms"), (4200, "4.2 s"), (180_000, "3 min"), (3_599_000, "60 min"),
     (7_500_000, "2 h 5 min"), (26 * 3_600_000, "1 d 2 h")],
)  # fmt: skip
def test_durations(milliseconds: float | None, shown: str) -> None:
    """In the unit that fits."""
    assert formatting.span(milliseconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(None, formatting.UNKNOWN), (12, "12 B"), (2048, "2.0 KiB"), (5 << 30, "5.0 GiB")],
)
def test_sizes(count: float | None, shown: str) -> None:
    """Bytes are whole."""
    assert formatting.size(count) == shown


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, formatting.UNKNOWN),
        (0, "$0"),
        (1234.5, "$1,234.50"),
        (0.25, "$0.25"),
        (0.0123, "$0.0123"),
    ],
)
def test_amounts(usd: float | None, shown: str) -> None:
    """Unknown is never $0."""
    assert formatting.money(usd) == shown


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
