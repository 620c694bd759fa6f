"""What `--since`, `--until` and `--last` say, and which window lies before that one; pure.

Days, weeks and months are the calendar's, today being the last of so many of them.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    from ccsync_watch.accounting.calendars import Calendar

_COUNT = re.compile(r"([1-9][0-9]{0,4})([dwm])")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_DAY_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT_TEXT = re.compile(rf"{_DAY_TEXT.pattern}[T ][0-9]{{2}}:[0-9]{{2}}")
_MAX_DAYS = 36_500
_DAY = timedelta(days=1)
_END = datetime.max  # noqa: DTZ901 - as clocks show it
_HINT = "use 2026-01-31, 2026-01, today, yesterday, or 7d, 2w, 3m for the last days, weeks, months"


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From one moment on, before another (exclusive); None is open. `before` lies before it.

    That is as long, or of as many months; of what has not ended, as much of it as has passed.
    """

    since_ms: int | None = None
    until_ms: int | None = None
    before: tuple[int, int] | None = None


ALL_TIME = TimeWindow()


@dataclass(frozen=True, slots=True)
class _Span:
    """A span as clocks show it; `months` or `days` are how far back the one before it is."""

    first: datetime
    end: datetime
    months: int = 0
    days: int = 0


def read_window(
    calendar: Calendar,
    now_ms: int,
    *,
    since: str | None = None,
    until: str | None = None,
    last: str | None = None,
) -> TimeWindow:
    """Return the window that the options name; all time without any.

    Raises ConfigError for what names no time, and for an end that is not after the beginning.
    """
    now = calendar.local(now_ms)
    try:
        if last is not None:
            span = _read_span(last, now, "--last", calendar)
            # What includes today has no end, as on the dashboard: clocks may differ.
            return _window(span.first, span.end if span.end <= now else None, now, calendar, span)
        first = _read_span(since, now, "--since", calendar).first if since is not None else None
        end = None
        if until is not None:
            if _COUNT.fullmatch(until):
                raise _not_a_time("--until", until)
            end = _read_span(until, now, "--until", calendar).end
        # As moments: an hour that clocks show twice is the same text again.
        if first and end and calendar.to_ms(end) <= calendar.to_ms(first):
            raise ConfigError(
                f"--until {until} is not after --since {since}", hint="exchange the two"
            )
        return _window(first, end, now, calendar, None)
    except (ValueError, OverflowError, OSError):
        text, option = next(
            (text, option)
            for text, option in ((last, "--last"), (since, "--since"), (until, "--until"))
            if text is not None
        )
        raise _not_a_time(option, text) from None


def _not_a_time(option: str, text: str) -> ConfigError:
    return ConfigError(f"{option}: {text!r} is not a date", hint=_HINT)


def _window(
    first: datetime | None,
    end: datetime | None,
    now: datetime,
    calendar: Calendar,
    span: _Span | None,
) -> TimeWindow:
    since_ms = None if first is None else calendar.to_ms(first)
    until_ms = None if end is None else calendar.to_ms(end)
    reached = min(end or now, now)
    if first is None or reached <= first:  # not yet, or within an hour that clocks show twice
        return TimeWindow(since_ms, until_ms)
    if span is None:
        # So many days, today among them; or exactly as long, if it ends somewhere within one.
        whole = timedelta(days=-(-(reached - first) // _DAY))
        span = _Span(first, reached, days=whole.days)
    try:
        earlier = _earlier(first, span), _earlier(reached, span)
        before = calendar.to_ms(earlier[0]), min(calendar.to_ms(earlier[1]), since_ms or 0)
    except (ValueError, OverflowError, OSError):  # no calendar has it
        return TimeWindow(since_ms, until_ms)
    return TimeWindow(since_ms, until_ms, before)


def _earlier(moment: datetime, span: _Span) -> datetime:
    return add_months(moment, -span.months) if span.months else moment - timedelta(days=span.days)


def _read_span(text: str, now: datetime, option: str, calendar: Calendar) -> _Span:
    """Return the days that a text names, or the moment, which ends with itself."""
    today = datetime(now.year, now.month, now.day)  # noqa: DTZ001 - as the calendar's clocks show it
    if text in {"today", "yesterday"}:
        first = today - (_DAY if text == "yesterday" else timedelta())
        return _Span(first, first + _DAY, days=1)
    if match := _COUNT.fullmatch(text):
        number = int(match[1])
        if match[2] == "m":
            first = add_months(today + _DAY, -number)
            return _Span(first, today + _DAY, months=number)
        days = number * (7 if match[2] == "w" else 1)
        if days > _MAX_DAYS:
            raise _not_a_time(option, text)
        return _Span(today - timedelta(days=days - 1), today + _DAY, days=days)
    if match := _MONTH.fullmatch(text):
        first = datetime(int(match[1]), int(match[2]), 1)  # noqa: DTZ001 - as above
        is_last = (first.year, first.month) == (_END.year, 12)
        return _Span(first, _END if is_last else add_months(first, 1), months=1)
    # Only these forms: which others the library reads depends on Python's version.
    is_day = _DAY_TEXT.fullmatch(text) is not None
    if not is_day and (option == "--last" or not _MOMENT_TEXT.match(text)):
        raise _not_a_time(option, text)
    moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))  # as Python 3.10 reads it
    if moment.tzinfo is not None:
        moment = calendar.local(round(moment.timestamp() * 1000))
    return _Span(moment, _later_by_a_day(moment) if is_day else moment, days=1)


def _later_by_a_day(moment: datetime) -> datetime:
    """Return the next midnight; on the last day of all calendars its end."""
    return moment + _DAY if moment <= _END - _DAY else _END


def add_months(moment: datetime, months: int) -> datetime:
    """Return the moment in another month; its last day where that has fewer days."""
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
