"""How many requests a second a backlog may cost: as many as the backend answers, and no more.

Nothing is limited without a refusal. After one it is half of what was sent in the last second, and
rises from there, step by step, until the next. Requests for what was just written do not wait.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock

# Requests that were on their way when one was refused are refused as well: that counts once.
_WINDOW_SECONDS = 1.0
_DECREASE = 0.5
LEAST_PER_SECOND = 1.0
# The limit rises by such a share of what was refused, each second; without a refusal for long, the
# steps double: then it was an accident.
_STEP_SHARE = 0.1
_LEAST_STEP = 2.0
_STEP_SECONDS = 5.0
# Above this, requests take longer than the pause between them.
_UNLIMITED_PER_SECOND = 5_000.0


class Pace:
    """The requests of all workers; safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._sent: deque[float] = deque()
        self._limit: float | None = None
        self._step = _LEAST_STEP
        self._next_at = self._raised_at = 0.0
        self._refused_at: float | None = None

    @property
    def limit(self) -> float | None:
        """Return how many requests a second are sent at most, None while nothing is limited."""
        with self._lock:
            return self._limit

    def wait(self, longest_seconds: float) -> bool:
        """Wait for the turn of a backlog's request; return False if that takes longer."""
        with self._lock:
            now = self._clock.monotonic()
            self._raise(now)
            if self._limit is None:
                return True
            turn_at = max(self._next_at, now)
            is_soon = turn_at - now <= longest_seconds
            if is_soon:
                self._next_at = turn_at + 1 / self._limit
        self._clock.wait(self._stopping, min(turn_at - now, longest_seconds))
        return is_soon

    def record_request(self) -> None:
        """Count a request, whatever it is for, as it is sent."""
        with self._lock:
            now = self._clock.monotonic()
            self._sent.append(now)
            while self._sent[0] < now - _WINDOW_SECONDS:
                self._sent.popleft()

    def record_refusal(self) -> None:
        """Lower the limit: the backend asked for that, or did not answer in time."""
        with self._lock:
            now = self._clock.monotonic()
            if self._refused_at is not None and now < self._refused_at + _WINDOW_SECONDS:
                return
            self._refused_at = self._raised_at = now
            sent = len(self._sent) / _WINDOW_SECONDS
            refused = sent if self._limit is None else min(self._limit, max(sent, LEAST_PER_SECOND))
            self._limit = max(refused * _DECREASE, LEAST_PER_SECOND)
            self._step = max(refused * _STEP_SHARE, _LEAST_STEP)
            self._next_at = now + 1 / self._limit

    def stop(self) -> None:
        """End every wait."""
        self._stopping.set()

    def _raise(self, now: float) -> None:
        """Raise the limit by what has passed without a refusal; under the lock."""
        if self._limit is None or self._refused_at is None:
            return
        doublings = min(int((now - self._refused_at) / _STEP_SECONDS), 10)
        self._limit += self._step * 2**doublings * (now - self._raised_at)
        self._raised_at = now
        if self._limit > _UNLIMITED_PER_SECOND:
            self._limit = None
