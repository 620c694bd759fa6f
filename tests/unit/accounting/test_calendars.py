"""The days and hours of a zone, as SQLite names them."""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from ccsync_watch.accounting.calendars import LOCAL_DAYS, UTC_DAYS, Calendar

# A zone that changes twice in spring, one with quarters of an hour, one that changes in the south.
ZONES = ("Europe/Berlin", "Africa/Casablanca", "Asia/Kathmandu", "America/Santiago", "UTC")


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("is_hourly", [False, True])
def test_sqlite_names_every_moment_as_python_does(name: str, *, is_hourly: bool) -> None:
    """Every half hour of a year and a half, and the seconds around each change."""
    calendar = Calendar(ZoneInfo(name), is_hourly=is_hourly)
    start = datetime(2025, 12, 1, tzinfo=timezone.utc)
    moments = [start + timedelta(minutes=30 * step, seconds=-1) for step in range(26_000)]
    moments += [moment + timedelta(seconds=1) for moment in moments]
    form = "%Y-%m-%dT%H:00" if is_hourly else "%Y-%m-%d"
    expected = [moment.astimezone(ZoneInfo(name)).strftime(form) for moment in moments]
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE moments (at_ms INTEGER)")
        connection.executemany(
            "INSERT INTO moments VALUES (?)",
            [(round(moment.timestamp() * 1000),) for moment in moments],
        )
        query = f"SELECT {calendar.key_sql('at_ms')} FROM moments ORDER BY rowid"  # noqa: S608 - ours
        named = [row[0] for row in connection.execute(query)]
    connection.close()
    assert named == expected


def test_this_machine_s_zone_and_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """In both, a moment and what clocks show are each other's reverse."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        at_ms = 1_790_000_000_123
        assert LOCAL_DAYS.local(at_ms) - UTC_DAYS.local(at_ms) == timedelta(hours=5, minutes=30)
        assert LOCAL_DAYS.iso(at_ms).endswith("+05:30")
        for calendar in (LOCAL_DAYS, UTC_DAYS, Calendar(ZoneInfo("Europe/Berlin"))):
            assert calendar.to_ms(calendar.local(at_ms)) == at_ms
    finally:
        monkeypatch.undo()
        time.tzset()
