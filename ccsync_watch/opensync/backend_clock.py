"""How far the backend's clock is from this machine's, whatever sets either of them meanwhile.

`/health` shows its time to the millisecond. What is remembered is its distance from our steady
clock, which nothing sets. Every other answer has a date of whole seconds: if that is not the one
to expect, one of the clocks was set, or the machine was suspended, and `/health` is asked again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ccsync_watch.opensync.http_dates import read_http_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.clock import Clock

# A date is cut to the second, and a server may keep one for a moment.
_DATE_MS = 1_000
# Two clocks that differ by less are right, for servers that are synchronized to within that.
_TOLERANCE_MS = 1_000
# Where answers come from servers of which some are wrong, not each difference is worth a request.
_PAUSE_SECONDS = 60.0


class BackendClock:
    """The backend's clock, as far as its answers tell; safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # Its time minus our steady time, at least and at most; None while it is not known.
        self._offset_ms: tuple[float, float] | None = None
        # The time in the headers minus its time: they may be of a server that stands before it.
        self._header_ms = 0.0
        self._wall_ms = 0
        self._is_doubtful = False
        self._measured_at: float | None = None

    @property
    def skew_seconds(self) -> float | None:
        """Return its clock minus ours, as both are now; None while it is not known."""
        now_ms = self._middle_ms()
        return None if now_ms is None else (now_ms - self._clock.wall_ms()) / 1000

    @property
    def now_ms(self) -> int:
        """Return its time as far as it is known; ours while it is not."""
        now_ms = self._middle_ms()
        return self._clock.wall_ms() if now_ms is None else round(now_ms)

    @property
    def latest_ms(self) -> int:
        """Return the latest time that it can show now; ours while it is not known."""
        with self._lock:
            offset_ms = self._offset_ms
        if offset_ms is None:
            return self._clock.wall_ms()
        return round(self._clock.steady_ms() + offset_ms[1])

    def age_ms(self, at_ms: float) -> int | None:
        """Return how long ago a moment of its time is; None while its time is not known."""
        now_ms = self._middle_ms()
        return None if now_ms is None else round(now_ms - at_ms)

    def must_be_read(self) -> bool:
        """Return whether it has to be asked for, before anything is dated by what is known of it.

        After an answer that it cannot have dated, and after our own clock was set: what sets one
        may be the end of a suspend that also concerns the steady one.
        """
        with self._lock:
            if self._offset_ms is None or self._measured_at is None:
                return False  # it does not tell
            set_by_ms = self._clock.wall_ms() - self._clock.steady_ms() - self._wall_ms
            if abs(set_by_ms) > _TOLERANCE_MS:
                return True
            return self._is_doubtful and (
                self._clock.monotonic() >= self._measured_at + _PAUSE_SECONDS
            )

    def read(
        self, timestamp_ms: object, headers: Mapping[str, str], sent_ms: int, answered_ms: int
    ) -> None:
        """Take over what it says of itself, between two moments of steady time.

        Anything but a number says that it does not tell; then the header counts.
        """
        date_ms = header_date_ms(headers)
        with self._lock:
            self._wall_ms = self._clock.wall_ms() - self._clock.steady_ms()
            self._measured_at = self._clock.monotonic()
            self._is_doubtful = False
            self._header_ms = 0.0
            if isinstance(timestamp_ms, (int, float)) and not isinstance(timestamp_ms, bool):
                self._offset_ms = timestamp_ms - answered_ms, timestamp_ms - sent_ms
                apart_ms = 0.0 if date_ms is None else date_ms + _DATE_MS / 2 - timestamp_ms
                if abs(apart_ms) > _DATE_MS + _TOLERANCE_MS:
                    self._header_ms = apart_ms
            elif date_ms is not None:
                self._offset_ms = date_ms - answered_ms, date_ms + _DATE_MS - sent_ms
            else:
                self._offset_ms = None

    def compare(self, headers: Mapping[str, str], sent_ms: int, answered_ms: int) -> None:
        """Doubt what is known if an answer's date, between two moments, contradicts it."""
        date_ms = header_date_ms(headers)
        if date_ms is None:
            return
        with self._lock:
            if self._offset_ms is None:
                return
            least_ms, most_ms = self._offset_ms
            earliest_ms = sent_ms + least_ms + self._header_ms - _DATE_MS - _TOLERANCE_MS
            latest_ms = answered_ms + most_ms + self._header_ms + _TOLERANCE_MS
            self._is_doubtful = not earliest_ms <= date_ms <= latest_ms

    def _middle_ms(self) -> float | None:
        with self._lock:
            offset_ms = self._offset_ms
        return None if offset_ms is None else self._clock.steady_ms() + sum(offset_ms) / 2


def header_date_ms(headers: Mapping[str, str]) -> int | None:
    """Return when an answer was made, to the second; None if it does not tell or was stored."""
    if headers.get("Age", "0").strip() != "0":
        return None
    seconds = read_http_date(headers.get("Date", ""))
    return None if seconds is None else round(seconds * 1000)
