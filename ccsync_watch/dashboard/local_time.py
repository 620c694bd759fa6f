"""Dates and times of day in the time zone of this machine, which is the reader's.

Every function takes the moment as an argument; the zone alone is the machine's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone


def local_datetime(at_ms: int) -> datetime:
    """Return a moment in the local time zone."""
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).astimezone()


def iso_utc(at_ms: int | None) -> str:
    """Return a moment for `<time datetime>`, empty for None."""
    if at_ms is None:
        return ""
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def date_and_time(at_ms: int | None) -> str:
    """Return a date and the time to the minute, `unknown` for None."""
    return "unknown" if at_ms is None else f"{local_datetime(at_ms):%Y-%m-%d %H:%M}"


def time_of_day(at_ms: int | None) -> str:
    """Return the time to the second, empty for None."""
    return "" if at_ms is None else f"{local_datetime(at_ms):%H:%M:%S}"


def day_start_ms(text: str) -> int | None:
    """Return when a day `YYYY-MM-DD` begins, None for any other text."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class DateRange:
    """A choice of days that ends today; `days` is None for all of them."""

    label: str
    days: int | None

    def start_ms(self, now_ms: int) -> int | None:
        """Return when the first day begins, None for all days."""
        if self.days is None:
            return None
        midnight = local_datetime(now_ms).replace(hour=0, minute=0, second=0, microsecond=0)
        return int((midnight - timedelta(days=self.days - 1)).timestamp() * 1000)


DATE_RANGES = {
    "today": DateRange("Today", 1),
    "7": DateRange("7 days", 7),
    "30": DateRange("30 days", 30),
    "all": DateRange("All", None),
}
"""What the overview can be limited to, by its name in the address."""
DEFAULT_RANGE = "7"
