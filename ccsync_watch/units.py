"""Numbers with their units, formatted for people in a terminal and on the pages alike."""

from __future__ import annotations

UNKNOWN = "\N{EN DASH}"
"""Shown in place of a figure that is not known, which is never shown as zero."""

_KIB = 1024
_BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_THOUSAND = 1000
_MINUTE = 60
_AGE_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
# As good as now: what is shown is seconds old itself.
_NOW_SECONDS = 5
# Clocks of two machines differ by seconds.
_SKEW_SECONDS = 60
_MIN_SHOWN_IN_CENTS = 0.1
_MIN_SHOWN_IN_HUNDREDTHS_OF_CENTS = 0.001


def size(count: float | None) -> str:
    """Return a number of bytes: `12 B`, `1.5 KiB`."""
    if count is None:
        return UNKNOWN
    unit = 0
    # As shown: what is rounded up to 1024.0 is one of the next unit.
    while round(count, 1 if unit else 0) >= _KIB and unit < len(_BYTE_UNITS) - 1:
        count /= _KIB
        unit += 1
    return f"{count:.0f} {_BYTE_UNITS[unit]}" if unit == 0 else f"{count:.1f} {_BYTE_UNITS[unit]}"


def age(then_ms: int | None, now_ms: int) -> str:
    """Return roughly how long ago a moment was, in the largest whole unit; `never` for None.

    A moment in the future, which a wrong clock wrote down, is `in 3 h`.
    """
    if then_ms is None:
        return "never"
    is_future = now_ms - then_ms <= -_SKEW_SECONDS * _THOUSAND
    seconds = abs(now_ms - then_ms) // _THOUSAND if is_future else max(0, now_ms - then_ms) // 1000
    for length, name in _AGE_UNITS:
        if seconds >= length:
            rounded = f"{seconds // length} {name}"
            return f"in {rounded}" if is_future else f"{rounded} ago"
    return f"{seconds} s ago" if seconds > _NOW_SECONDS else "just now"


def duration(milliseconds: float | None) -> str:
    """Return a length of time in its two largest units: `320 ms`, `4.2 s`, `3 min 20 s`, `1 h`."""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < _THOUSAND:
        return f"{min(milliseconds, 999):.0f} ms"
    minutes, seconds = divmod(int(milliseconds // _THOUSAND), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    for large, small in (((days, "d"), (hours, "h")), ((hours, "h"), (minutes, "min")),
                         ((minutes, "min"), (seconds, "s"))):  # fmt: skip
        if large[0]:
            return f"{large[0]} {large[1]}" + (f" {small[0]} {small[1]}" if small[0] else "")
    # Rounded, but 59.96 s are less than a minute.
    return f"{min(milliseconds / _THOUSAND, 59.9):.1f} s"


def estimated_duration(seconds: float) -> str:
    """Return how long something will take: as `duration`, as exactly as it can be foreseen.

    That is whole seconds, of minutes whole ones, and of days whole hours.
    """
    if seconds < _MINUTE:
        return f"{max(1, int(seconds))} s"
    return duration(round(seconds / _MINUTE) * _MINUTE * _THOUSAND)


def full_count(count: float | None) -> str:
    """Return a count with thousands separators: `12,345`."""
    return UNKNOWN if count is None else f"{count:,.0f}"


def short_count(count: float | None) -> str:
    """Return a count in at most four characters: `950`, `1.2k`, `34M`."""
    if count is None:
        return UNKNOWN
    value = float(count)
    for unit in ("", "k", "M", "G"):
        # As shown: what is rounded up to a thousand is one of the next unit.
        if abs(round(value)) < _THOUSAND or unit == "G":
            break
        value /= _THOUSAND
    digits = 1 if unit and abs(round(value, 1)) < 10 else 0  # noqa: PLR2004 - one place more
    return f"{value:.{digits}f}{unit}"


def dollars(usd: float | None) -> str:
    """Return an amount of US dollars, in cents, or more exactly when it is only a few of them."""
    if usd is None:
        return UNKNOWN
    # Sums of the same amounts in another order differ far behind that place.
    usd = round(usd, 10)
    if 0 < abs(usd) < _MIN_SHOWN_IN_HUNDREDTHS_OF_CENTS:
        return f"${usd:.6f}"
    return f"${usd:,.4f}" if 0 < abs(usd) < _MIN_SHOWN_IN_CENTS else f"${usd:,.2f}"


def percent(share: float | None, places: int = 0) -> str:
    """Return a share of one in percent: `12%`, and `<1%`, `>99%` of what is not none or all."""
    if share is None:
        return UNKNOWN
    least = 0.01 / 10**places
    if 0 < share < least / 2:
        return f"<{least:.{places}%}"
    if 1 - least / 2 <= share < 1:
        return f">{1 - least:.{places}%}"
    return f"{share:,.{places}%}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 row`, `2 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def yes_or_no(value: bool) -> str:  # noqa: FBT001 - the value to show
    """Return a truth value in plain English."""
    return "yes" if value else "no"
