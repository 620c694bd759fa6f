"""Time, as an argument: everything that needs "now" or a pause takes a `Clock`."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading

FIRST_DATE_MS, LAST_DATE_MS = -62_135_424_000_000, 253_402_041_600_000
"""Within the years that dates have, so far from both ends that every zone has a date for them."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def has_date(at_ms: float) -> bool:
    """Return whether a calendar has a moment. A file's own time, or a damaged row, may have any."""
    return FIRST_DATE_MS <= at_ms <= LAST_DATE_MS


def utc_datetime(at_ms: float) -> datetime:
    """Return a moment in UTC, which every time zone has; the nearest one for what no date is."""
    return datetime.fromtimestamp(min(max(at_ms, FIRST_DATE_MS), LAST_DATE_MS) / 1000, timezone.utc)


class Clock(Protocol):
    """Wall time for what people read, steady time for what is due, monotonic time for waiting.

    Wall time is what the machine shows: it is set, and jumps. Nothing that is due, or that must not
    be done too soon, is measured by it. `origin_ms` is where steady time begins: what it was when
    `monotonic` was zero; `store.steady_time` keeps it from one process to the next.
    """

    origin_ms: int

    def wall_ms(self) -> int:
        """Return milliseconds since the Unix epoch, by the machine's clock as it is set now."""
        ...

    def steady_ms(self) -> int:
        """Return milliseconds since the Unix epoch, by the machine's clock as it once was set.

        They are counted by `monotonic` from there: whatever sets the clock does not change them.
        """
        ...

    def monotonic(self) -> float:
        """Return seconds from a fixed, arbitrary point; never goes back, counts a suspend."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until `event` is set or `seconds` have passed; return whether it is set."""
        ...


def _monotonic() -> float:
    """Return the seconds of a clock that nobody sets and that a suspended machine counts too."""
    # On macOS the clock of that name counts them, and Python's own function does not.
    clock = {"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC"}.get(sys.platform, "")
    number = getattr(time, clock, None)
    return time.monotonic() if number is None else time.clock_gettime(number)


class SystemClock:
    """The machine's own clocks."""

    def __init__(self) -> None:
        self.origin_ms = self.wall_ms() - round(_monotonic() * 1000)

    def wall_ms(self) -> int:
        """Return milliseconds since the Unix epoch, by the machine's clock as it is set now."""
        return time.time_ns() // 1_000_000

    def steady_ms(self) -> int:
        """Return milliseconds since the Unix epoch, by the machine's clock as it once was set."""
        return self.origin_ms + round(_monotonic() * 1000)

    def monotonic(self) -> float:
        """Return seconds from a fixed, arbitrary point; never goes back, counts a suspend."""
        return _monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until `event` is set or `seconds` have passed; return whether it is set."""
        return event.wait(seconds)


def boot_id() -> str | None:
    """Return what differs from one start of the machine to the next; None where that is unknown.

    Times of `Clock.monotonic` can be compared while it stays the same.
    """
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
