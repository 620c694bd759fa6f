"""Dates and times of day in the local time zone."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from ccsync_watch.dashboard import local_time
from ccsync_watch.dashboard.local_time import DATE_RANGES

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000


def test_unknown_moments_are_not_dates() -> None:
    """None is a word, or nothing."""
    assert local_time.date_and_time(None) == "unknown"
    assert local_time.iso_utc(None) == local_time.time_of_day(None) == ""
    assert local_time.iso_utc(1_790_000_000_123) == "2026-09-21T14:13:20.123Z"


def test_ranges_start_at_midnight() -> None:
    """Today, and so many days with today among them; an hour more or less when clocks change."""
    now_ms = 1_790_000_000_000
    today_ms = DATE_RANGES["today"].start_ms(now_ms)
    assert today_ms is not None
    assert today_ms <= now_ms < today_ms + _DAY_MS + _HOUR_MS
    assert DATE_RANGES["all"].start_ms(now_ms) is None
    week_ms = DATE_RANGES["7"].start_ms(now_ms)
    assert week_ms is not None
    assert abs(today_ms - week_ms - 6 * _DAY_MS) <= _HOUR_MS


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    """Have this machine in New York, whose clocks changed on 8 March and 1 November 2026."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        yield ZoneInfo("America/New_York")
    time.tzset()


@pytest.mark.parametrize("day", [datetime(2026, 11, 10, 9), datetime(2026, 3, 20, 23, 59)])  # noqa: DTZ001 - local
def test_a_range_over_a_change_of_clocks_starts_at_midnight(
    new_york: ZoneInfo, day: datetime
) -> None:
    """Not at 01:00 or at 23:00 of another day."""
    start_ms = DATE_RANGES["30"].start_ms(int(day.timestamp() * 1000))
    assert start_ms is not None
    start = datetime.fromtimestamp(start_ms / 1000, new_york)
    assert (start.hour, start.minute) == (0, 0)
    assert (day.date() - start.date()).days == 29


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-11-01", 25), ("2026-03-08", 23), ("2026-05-05", 24)]
)
@pytest.mark.usefixtures("new_york")
def test_a_day_ends_where_the_next_begins(day: str, hours: int) -> None:
    """It has 25 hours when clocks are set back."""
    start_ms, end_ms = local_time.day_start_ms(day), local_time.day_end_ms(day)
    assert start_ms is not None
    assert end_ms is not None
    assert end_ms - start_ms == hours * _HOUR_MS


def test_day_starts_at_its_midnight() -> None:
    """In the local time zone."""
    start_ms = local_time.day_start_ms("2026-09-21")
    assert local_time.date_and_time(start_ms) == "2026-09-21 00:00"


@pytest.mark.parametrize("text", ["", "x", "2026-13-01", "2026-1", "0001-01-01x"])
def test_other_texts_are_not_days(text: str) -> None:
    """A strange address is not an error."""
    assert local_time.day_start_ms(text) is None
    assert local_time.day_end_ms(text) is None
