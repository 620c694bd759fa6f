"""The pause that a backend asks for by `Retry-After`: how long it is, and what is said of it."""

from __future__ import annotations

from ccsync_watch import units
from ccsync_watch.clock import utc_datetime
from ccsync_watch.opensync.http_dates import read_http_date

MAX_PAUSE_SECONDS = 6 * 3600.0
"""The longest that is kept: after it the backend is asked again."""
_LONG_SECONDS = 600.0
_MAX_DIGITS = 10


def read_pause(header: str, now_ms: int) -> float | None:
    """Return the seconds that the header asks for, in either of its forms; None for none."""
    value = header.strip()
    if value.isascii() and value.isdigit():
        return float(value[:_MAX_DIGITS])
    asked_seconds = read_http_date(value)
    return None if asked_seconds is None else max(asked_seconds - now_ms / 1000, 0.0)


def pause_hint(seconds: float, now_ms: int) -> str:
    """Return what is said of a pause; of a long one its end, by this machine's time."""
    pause = units.duration(seconds * 1000)
    if seconds > MAX_PAUSE_SECONDS:
        longest = units.duration(MAX_PAUSE_SECONDS * 1000)
        return f"it asked for a pause of {pause}; it is asked again in {longest}"
    if seconds >= _LONG_SECONDS:
        end = utc_datetime(now_ms + seconds * 1000)
        pause = f"{pause}, until {end.astimezone():%H:%M}"
    return f"it asked for a pause of {pause}, after which unsent data is sent; nothing is lost"
