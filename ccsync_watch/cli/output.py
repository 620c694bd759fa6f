"""Words and numbers for people: sizes, ages, warnings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

_KIB = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def say(text: str = "") -> None:
    """Print one line of the answer."""
    print(text, flush=True)  # noqa: T201 - the command line's own output


def warn(text: str) -> None:
    """Print one line beside the answer."""
    print(f"ccsync-watch: {text}", file=sys.stderr, flush=True)  # noqa: T201 - as above


def printable(text: object) -> str:
    """Return one line without control characters: names on disk may hold anything.

    A terminal obeys some of them, and bytes that are no UTF-8 cannot be printed at all.
    """
    shown = str(text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(each if each.isprintable() else "\ufffd" for each in shown)


def show_warnings(settings: Settings) -> None:
    """Print what is odd about the settings."""
    for warning in settings.warnings:
        warn(printable(warning))


def size(count: float) -> str:
    """Return a number of bytes as people read it."""
    unit = 0
    while count >= _KIB and unit < len(_UNITS) - 1:
        count /= _KIB
        unit += 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 else f"{count:.1f} {_UNITS[unit]}"


def age(then_ms: int | None, now_ms: int) -> str:
    """Return how long ago a moment was, `never` for None."""
    if then_ms is None:
        return "never"
    seconds = max(0, now_ms - then_ms) // 1000
    for length, name in _SPANS:
        if seconds >= length:
            return f"{seconds // length} {name} ago"
    return f"{seconds} s ago"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 row`, `2 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def counted(counts: Mapping[str, int]) -> str:
    """Return counts by name, the largest first: `jwt 3, aws-access-key 1`."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{name} {count:,}" for name, count in ordered)
