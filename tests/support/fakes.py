"""A clock that tests move."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

START_MS = 1_790_000_000_000


class FakeClock:
    """All clocks, moved by hand; a wait moves them at once.

    `set_by_ms` is by how much somebody has set the machine's clock since the start.
    """

    def __init__(self, wall_ms: int = START_MS) -> None:
        self.now_ms = wall_ms
        self.origin_ms = 0
        self.set_by_ms = 0
        self.waits: list[float] = []

    def wall_ms(self) -> int:
        """Return the time that the machine shows."""
        return self.now_ms + self.set_by_ms

    def steady_ms(self) -> int:
        """Return the time that the test let pass, from the start."""
        return self.origin_ms + self.now_ms

    def monotonic(self) -> float:
        """Return the same in seconds."""
        return self.now_ms / 1000

    def set_wall(self, seconds: float) -> None:
        """Set the machine's clock, forward or back; no time passes."""
        self.set_by_ms += round(seconds * 1000)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Let `seconds` pass at once, unless the event is set."""
        self.waits.append(seconds)
        if not event.is_set():
            self.advance(seconds)
        return event.is_set()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ms += round(seconds * 1000)
