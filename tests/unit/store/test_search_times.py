"""The times that a person writes, in the time zone of whoever reads."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from ccsync_watch.errors import QueryError
from ccsync_watch.store.search_times import read_period

DAY_MS = 86_400_000
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 25, 12, 30, tzinfo=BERLIN)  # clocks were set back at three in the morning


def _text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", "2026-10-24 22:00", "2026-10-25 23:00"),  # 25 hours
        ("Yesterday", "2026-10-23 22:00", "2026-10-24 22:00"),
        ("sunday", "2026-10-24 22:00", "2026-10-25 23:00"),
        ("friday", "2026-10-22 22:00", "2026-10-23 22:00"),
        ("now", "2026-10-25 11:30", "2026-10-25 11:30"),
        ("12h", "2026-10-24 23:30", "2026-10-24 23:30"),
        ("7d", "2026-10-18 11:30", "2026-10-18 11:30"),
        ("2w", "2026-10-11 11:30", "2026-10-11 11:30"),
        ("8m", "2026-02-25 11:30", "2026-02-25 11:30"),
        ("1y", "2025-10-25 10:30", "2025-10-25 10:30"),
        ("2026-10-03", "2026-10-02 22:00", "2026-10-03 22:00"),
        ("2026-10", "2026-09-30 22:00", "2026-10-31 23:00"),
        ("2026", "2025-12-31 23:00", "2026-12-31 23:00"),
        ("2026-12", "2026-11-30 23:00", "2026-12-31 23:00"),
        ("2026-10-03T14:30", "2026-10-03 12:30", "2026-10-03 12:30"),
        ("2026-10-03 14:30:05", "2026-10-03 12:30", "2026-10-03 12:30"),
        ("2026-10-03T14:30Z", "2026-10-03 14:30", "2026-10-03 14:30"),
        ("2026-10-03T14:30+05:30", "2026-10-03 09:00", "2026-10-03 09:00"),
    ],
)
def test_a_time_is_read(text: str, start: str, end: str) -> None:
    """A day begins at its midnight, and may have 23 or 25 hours."""
    period = read_period(text, int(NOW.timestamp() * 1000), BERLIN)
    assert (_text(period.start_ms), _text(period.end_ms)) == (start, end)


def test_months_end_where_the_calendar_ends_them() -> None:
    """A month before the 31st of March is the last day of February."""
    now = datetime(2026, 3, 31, tzinfo=timezone.utc)
    period = read_period("1m", int(now.timestamp() * 1000), timezone.utc)
    assert _text(period.start_ms) == "2026-02-28 00:00"


@pytest.mark.parametrize("zone", [BERLIN, timezone(timedelta(hours=-11)), None])
def test_time_ends_with_the_year_9999(zone: tzinfo | None) -> None:
    """The first and the last days of the calendar are days as others are."""
    now_ms = 1_790_000_000_000
    last_ms = int(datetime(9999, 12, 31, tzinfo=timezone.utc).timestamp() * 1000) + DAY_MS
    for text in ("9999-12-31", "9999-12", "9999"):
        period = read_period(text, now_ms, zone)
        assert period.end_ms == last_ms
        assert period.start_ms < last_ms - DAY_MS // 2
    first_ms = int(datetime(1, 1, 1, tzinfo=timezone.utc).timestamp() * 1000)
    assert abs(read_period("0001-01-01", now_ms, zone).start_ms - first_ms) < DAY_MS


@pytest.mark.parametrize(
    "text", ["", "soon", "7", "7x", "2026-13", "2026-02-30", "0000", "999999y", "999999w", "13:30"]
)
def test_what_is_no_time_is_named(text: str) -> None:
    """With what to write."""
    with pytest.raises(QueryError, match="is not a time: write 7d"):
        read_period(text, 1_790_000_000_000)
