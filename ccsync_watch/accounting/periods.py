"""Weeks and months of days, and the blocks of hours in which the client's limits count; pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# A block has so many hours, from the full hour (UTC) of the first response that is in none before.
BLOCK_HOURS = 5
_HOUR = "%Y-%m-%dT%H:00"


def week_of(day: str) -> str:
    """Return the Monday of a day's week."""
    at = date.fromisoformat(day)
    return (at - timedelta(days=at.weekday())).isoformat()


def month_of(day: str) -> str:
    """Return a day's month: `2026-01`."""
    return day[: len("2026-01")]


def block_starts(hours: Iterable[str]) -> dict[str, str]:
    """Return the first hour of the block in which each hour is; hours as `2026-01-31T09:00`."""
    starts: dict[str, str] = {}
    first = end = ""
    for hour in sorted(hours):
        if hour >= end:
            after = datetime.strptime(hour, _HOUR) + timedelta(hours=BLOCK_HOURS)  # noqa: DTZ007 - UTC
            first, end = hour, f"{after:{_HOUR}}"
        starts[hour] = first
    return starts


def block_times(start: str) -> tuple[int, int]:
    """Return when a block begins and ends, in milliseconds, by its first hour (UTC)."""
    at = datetime.strptime(start, _HOUR).replace(tzinfo=timezone.utc)
    return round(at.timestamp() * 1000), round(at.timestamp() * 1000) + BLOCK_HOURS * 3_600_000
