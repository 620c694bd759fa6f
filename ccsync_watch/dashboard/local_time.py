"""Dates and times of day in the time zone of this machine, which is the reader's.

Every function takes the moment as an argument; the zone alone is the machine's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from ccsync_watch.clock import has_date, utc_datetime

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK_HOUR = re.compile(r"([0-6])-(1?\d|2[0-3])")
_MINUTE_CHARS = len("2026-01-31 09:30")  # without the zone; %Y has fewer digits before year 1000
_MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def local_datetime(at_ms: int) -> datetime:
    """Return a moment in the local time zone, the nearest one for what no date is."""
    return utc_datetime(at_ms).astimezone()


def iso_utc(at_ms: int | None) -> str:
    """Return a moment for `<time datetime>`, empty for None and for what no date is."""
    if at_ms is None or not has_date(at_ms):
        return ""
    return utc_datetime(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def date_and_time(at_ms: int | None) -> str:
    """Return a date and the time to the minute, `unknown` for None and for what no date is."""
    if at_ms is None or not has_date(at_ms):
        return "unknown"
    return local_datetime(at_ms).isoformat(" ", "minutes")[:_MINUTE_CHARS]


def day_name(at_ms: int) -> str:
    """Return the day of a moment in words, with its weekday; `unknown` for what no date is."""
    if not has_date(at_ms):
        return "unknown"
    moment = local_datetime(at_ms)
    return f"{moment:%A}, {moment.day} {moment:%B %Y}"


def local_day(at_ms: int | None) -> str:
    """Return the day of a moment as `YYYY-MM-DD`, empty for None and for what no date is."""
    return "" if at_ms is None or not has_date(at_ms) else local_datetime(at_ms).date().isoformat()


def time_of_day(at_ms: int | None) -> str:
    """Return the time to the second, empty for None and for what no date is."""
    return "" if at_ms is None or not has_date(at_ms) else f"{local_datetime(at_ms):%H:%M:%S}"


def midnight_ms(day: date, *, is_utc: bool = False) -> int:
    """Return when a day begins, in local time or UTC. Raises OverflowError, ValueError, OSError."""
    # A local time without a zone: adding days to one with a zone keeps the offset of its first day.
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc if is_utc else None)
    return int(start.timestamp() * 1000)


def days_ago_ms(now_ms: int, days: int, *, is_utc: bool = False) -> int:
    """Return when the first of so many days begins, today being the last of them."""
    zone = timezone.utc if is_utc else None
    today = utc_datetime(now_ms).astimezone(zone).date()
    return midnight_ms(today - timedelta(days=days - 1), is_utc=is_utc)


def day_start_ms(text: str) -> int | None:
    """Return when a day `YYYY-MM-DD` begins, or a minute `YYYY-MM-DDTHH:MM`, else None."""
    day = _parse_day(text)
    try:
        return _minute_ms(text) if day is None else midnight_ms(day)
    except (ValueError, OverflowError, OSError):
        return None


def day_end_ms(text: str) -> int | None:
    """Return when the day after `YYYY-MM-DD` begins, or a minute does; None for other texts.

    A day may have 23 or 25 hours.
    """
    day = _parse_day(text)
    try:
        return _minute_ms(text) if day is None else midnight_ms(day + timedelta(days=1))
    except (ValueError, OverflowError, OSError):
        return None


def _minute_ms(text: str) -> int | None:
    """Return when a minute of local time begins. Raises OverflowError, ValueError, OSError."""
    if not _MINUTE.fullmatch(text):
        return None
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M").timestamp() * 1000)  # noqa: DTZ007 - local


def local_minute(at_ms: int) -> str:
    """Return a moment as `YYYY-MM-DDTHH:MM` in local time, as addresses have it."""
    return local_datetime(at_ms).isoformat("T", "minutes")[:_MINUTE_CHARS]


def parse_hour(text: str) -> tuple[int, int] | None:
    """Return the weekday and hour that `0-9` means, Mondays from 9; None for other texts."""
    match = _WEEK_HOUR.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def hour_name(text: str) -> str:
    """Return an hour of the week for people, empty for what is none."""
    hour = parse_hour(text)
    return f"{WEEKDAYS[hour[0]]} {hour[1]}:00 to {hour[1] + 1}:00" if hour else ""


def _parse_day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class DaySpan:
    """What one bar of a chart stands for: a day, or a week of them; `last` is in it."""

    first: date
    last: date


def days_between(first: date, last: date) -> list[DaySpan]:
    """Return a span for each day, both included, or for each week if there are many days.

    Weeks begin on Mondays. Of very many weeks the last ones are returned.
    """
    count = max(1, (last - first).days + 1)
    if count <= MAX_BARS:
        days = [last - timedelta(days=count - 1 - number) for number in range(count)]
        return [DaySpan(day, day) for day in days]
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday).days // 7 + 1
    starts = [monday + timedelta(days=7 * number) for number in range(weeks)]
    return [DaySpan(start, start + timedelta(days=6)) for start in starts[-2 * MAX_BARS :]]


MAX_BARS = 92
"""How many days have a bar of their own; of more, each week has one."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """A choice of days that ends today; `days` is None for all of them."""

    label: str
    days: int | None

    def start_ms(self, now_ms: int) -> int | None:
        """Return when the first day begins, None for all days."""
        return None if self.days is None else days_ago_ms(now_ms, self.days)


DATE_RANGES = {
    "today": DateRange("Today", 1),
    "7": DateRange("7 days", 7),
    "30": DateRange("30 days", 30),
    "all": DateRange("All", None),
}
"""What the overview can be limited to, by its name in the address."""
DEFAULT_RANGE = "7"
