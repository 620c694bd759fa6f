"""The times that a person writes: `7d`, `yesterday`, `2026-10`, `2026-10-03T14:30`; pure.

Days are those of the reader's time zone, the machine's unless another one is passed.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import NamedTuple

from ccsync_watch.clock import utc_datetime
from ccsync_watch.errors import QueryError

EXAMPLES = "7d, 12h, today, yesterday, monday, 2026-10-03, 2026-10 or 2026-10-03T14:30"
_HOURS = {"h": 1, "d": 24, "w": 168}
_AGO = re.compile(r"([0-9]{1,6})(h|d|w|m|y)")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_LAST_MS = 253_402_300_800_000  # the end of the year 9999, in UTC: dates end there
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class WrittenPeriod(NamedTuple):
    """The time that a text names, in milliseconds: half open. Of a moment both are the same."""

    start_ms: int
    end_ms: int


def read_period(text: str, now_ms: int, zone: tzinfo | None = None) -> WrittenPeriod:
    """Return the day, month, year or moment of a text. Raises QueryError for any other text.

    `7d` is the moment seven times 24 hours ago; months and years are those of the calendar.
    """
    try:
        period = _read(text.strip().lower(), now_ms, zone)
    except (ValueError, OverflowError, OSError):
        period = None
    if period is None:
        raise QueryError(f"{text} is not a time", hint=f"write {EXAMPLES}")
    return period


def _read(  # noqa: PLR0911 - one for each way of writing a time
    text: str, now_ms: int, zone: tzinfo | None
) -> WrittenPeriod | None:
    now = utc_datetime(now_ms).astimezone(zone)
    today = now.date()
    if text == "now":
        return WrittenPeriod(now_ms, now_ms)
    if text in {"today", "yesterday"}:
        return _days(today - timedelta(days=text == "yesterday"), 1, zone)
    if text in _WEEKDAYS:
        back = (today.weekday() - _WEEKDAYS.index(text)) % 7
        return _days(today - timedelta(days=back), 1, zone)
    ago = _AGO.fullmatch(text)
    if ago is not None:
        at_ms = _ago_ms(int(ago[1]), ago[2], now, now_ms, zone)
        return WrittenPeriod(at_ms, at_ms)
    month = _MONTH.fullmatch(text)
    if month is not None:
        return _months(date(int(month[1]), int(month[2]), 1), 1, zone)
    if re.fullmatch("[0-9]{4}", text):
        return _months(date(int(text), 1, 1), 12, zone)
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return _days(date.fromisoformat(text), 1, zone)
    return _moment(text, zone)


def _moment(text: str, zone: tzinfo | None) -> WrittenPeriod | None:
    """Return an ISO date with a time: without a zone of its own, it is in the reader's."""
    if not re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}[t ]", text):
        return None
    # Python 3.10 reads no Z.
    moment = datetime.fromisoformat(re.sub("z$", "+00:00", text))
    at_ms = int((moment if moment.tzinfo else _in_zone(moment, zone)).timestamp() * 1000)
    return WrittenPeriod(at_ms, at_ms)


def _ago_ms(count: int, unit: str, now: datetime, now_ms: int, zone: tzinfo | None) -> int:
    if unit in _HOURS:
        at_ms = now_ms - count * _HOURS[unit] * 3_600_000
        datetime.fromtimestamp(at_ms / 1000, timezone.utc)  # raises for what no date is
        return at_ms
    day = _add_months(now.date(), -count * (12 if unit == "y" else 1))
    moment = datetime.combine(day, now.time())
    return int(_in_zone(moment, zone).timestamp() * 1000)


def _add_months(day: date, months: int) -> date:
    """Return the same day of another month, its last one where that has no such day."""
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    next_first = date(year + month // 11, (month + 1) % 12 + 1, 1)
    last = (next_first - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _months(first: date, count: int, zone: tzinfo | None) -> WrittenPeriod:
    """Return so many months."""
    is_last = (first.year, first.month + count) > (date.max.year, 12)
    end_ms = _LAST_MS if is_last else _midnight_ms(_add_months(first, count), zone)
    return WrittenPeriod(_midnight_ms(first, zone), end_ms)


def _days(first: date, count: int, zone: tzinfo | None) -> WrittenPeriod:
    """Return so many days: one of them may have 23 or 25 hours."""
    is_last = first > date.max - timedelta(days=count)
    end_ms = _LAST_MS if is_last else _midnight_ms(first + timedelta(days=count), zone)
    return WrittenPeriod(_midnight_ms(first, zone), end_ms)


def _midnight_ms(day: date, zone: tzinfo | None) -> int:
    midnight = datetime.combine(day, time())
    try:
        return int(_in_zone(midnight, zone).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        # On the first and last days Python cannot look for the zone's offset.
        return int(midnight.replace(tzinfo=timezone.utc).timestamp() * 1000)


def _in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    """Return a moment without a zone in this one; left as it is, Python takes it for local."""
    return moment if zone is None else moment.replace(tzinfo=zone)
