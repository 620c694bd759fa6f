"""Sizes and ages as people read them, in a terminal and on the pages alike."""

from __future__ import annotations

_KIB = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))
# As good as now: what is shown is seconds old itself.
_NOW_SECONDS = 5


def size(count: float) -> str:
    """Return a number of bytes: `12 B`, `1.5 KiB`."""
    unit = 0
    while count >= _KIB and unit < len(_UNITS) - 1:
        count /= _KIB
        unit += 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 else f"{count:.1f} {_UNITS[unit]}"


def age(then_ms: int | None, now_ms: int) -> str:
    """Return roughly how long ago a moment was, in the largest whole unit; `never` for None."""
    if then_ms is None:
        return "never"
    seconds = max(0, now_ms - then_ms) // 1000
    for length, name in _SPANS:
        if seconds >= length:
            return f"{seconds // length} {name} ago"
    return f"{seconds} s ago" if seconds > _NOW_SECONDS else "just now"
