"""The days and hours of a time zone, in Python and in SQL; pure but for this machine's own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from ccsync_watch.clock import FIRST_DATE_MS, LAST_DATE_MS, utc_datetime
from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    from datetime import tzinfo

# Between these years a zone's changes are looked for; before and after, its first and last offset
# count. The client is younger than the first.
_FIRST_YEAR, _LAST_YEAR = 2024, 2044
_STEP = timedelta(days=7)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Names moments by their day (ISO), or by their hour; `zone` None is this machine's zone.

    The hours that a zone repeats when its clocks are put back have one name.
    """

    zone: tzinfo | None = None
    is_hourly: bool = False

    def local(self, at_ms: int) -> datetime:
        """Return a moment as the zone's clocks show it, without an offset: days can be added."""
        return utc_datetime(at_ms).astimezone(self.zone).replace(tzinfo=None)

    def to_ms(self, local: datetime) -> int:
        """Return the moment at which the zone's clocks show this.

        On the first and last days of all calendars, where no offset can be looked for, that of UTC.
        """
        try:
            return round(local.replace(tzinfo=self.zone).timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            return round(local.replace(tzinfo=timezone.utc).timestamp() * 1000)

    def day_start_ms(self, day: str) -> int:
        """Return when a day (ISO) begins."""
        return self.to_ms(datetime.fromisoformat(day))

    def iso(self, at_ms: int) -> str:
        """Return a moment with the zone's offset, to the second: `2026-01-31T09:30:00+01:00`."""
        moment = utc_datetime(at_ms).astimezone(self.zone)
        return moment.isoformat(timespec="seconds")

    def key_sql(self, milliseconds: str) -> str:
        """Return the SQL expression of the name of a moment, itself one in milliseconds.

        What no date is has no name, as if it were not known.
        """
        seconds, modifiers = f"{milliseconds} / 1000", ", 'unixepoch'"
        if self.zone is None:
            modifiers += ", 'localtime'"
        elif self.zone is not timezone.utc:
            seconds = f"({seconds} + {_offset_sql(self.zone, milliseconds)})"
        name = f"date({seconds}{modifiers})"
        if self.is_hourly:
            name = f"strftime('%Y-%m-%dT%H:00', {seconds}{modifiers})"
        dates = f"{FIRST_DATE_MS} AND {LAST_DATE_MS}"
        return f"CASE WHEN {milliseconds} BETWEEN {dates} THEN {name} END"


LOCAL_DAYS = Calendar()
UTC_DAYS = Calendar(timezone.utc)
UTC_HOURS = Calendar(timezone.utc, is_hourly=True)


def read_zone(name: str | None) -> tzinfo | None:
    """Return the zone of an IANA name; `utc` is UTC, None and `local` are this machine's zone.

    Raises ConfigError for a name that is not known.
    """
    if name is None or name.lower() == "local":
        return None
    if name.lower() in {"utc", "z"}:
        return timezone.utc
    # Loaded here: most reports are in the machine's own zone.
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - see above

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # no such name, or not one at all
        raise ConfigError(
            f"--timezone: {name!r} is not a time zone",
            hint="use a name such as Europe/Berlin, utc or local",
        ) from None


@lru_cache(maxsize=8)
def _offset_sql(zone: tzinfo, milliseconds: str) -> str:
    """Return the SQL expression of a zone's offset in seconds: one case for each change."""
    at, end = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (_FIRST_YEAR, _LAST_YEAR))
    offset = _offset(zone, at)
    cases = ""
    while at < end:
        following = at + _STEP
        if _offset(zone, following) != offset:
            # No zone changes twice within a week.
            low, high = at, following
            while high - low > _SECOND:
                middle = low + (high - low) // 2
                low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
            change_ms = int(high.timestamp()) * 1000
            cases += f" WHEN {milliseconds} < {change_ms} THEN {offset}"
            offset = _offset(zone, following)
        at = following
    return f"CASE{cases} ELSE {offset} END" if cases else str(offset)


def _offset(zone: tzinfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
