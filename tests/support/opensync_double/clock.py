"""A clock that moves only when a test moves it."""

from __future__ import annotations


class ManualClock:
    """Seconds since the epoch, as a callable; it stands still until `advance`."""

    def __init__(self, seconds: float = 1_770_000_000.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        """Return the present, in seconds since the epoch."""
        return self.seconds

    @property
    def now_ms(self) -> int:
        """Return the present, in milliseconds since the epoch."""
        return int(self.seconds * 1000)

    def advance(self, seconds: float) -> None:
        """Move the present forward."""
        self.seconds += seconds
