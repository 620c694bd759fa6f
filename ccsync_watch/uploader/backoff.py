"""How long a worker waits: between turns until there is something to do, after a failure longer.

A commit wakes one worker, a person who asks for a sync all of them. That ends an idle wait at once;
a wait after a failure only once the backend had some rest, and never before the time it asked for.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import tenacity

from ccsync_watch.errors import DestinationError, Retryable, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_WAIT_SECONDS = 60.0
PAUSE_SECONDS = 60.0
REST_SECONDS = 2.0


class Notifier:
    """Wakes workers; a ring between `rings` and `wait` is not missed."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._condition = threading.Condition()
        self._rings = 0

    def ring(self) -> None:
        """End every wait."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    def wake_one(self) -> None:
        """End one wait, if any worker waits: there may be something for one to do."""
        with self._condition:
            self._rings += 1
            self._condition.notify()

    @property
    def rings(self) -> int:
        """Return how often it rang."""
        with self._condition:
            return self._rings

    def wait(self, seconds: float, *, since: int) -> None:
        """Wait, unless it rang since then or the workers are to stop."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._rings != since or self._stop.is_set(), timeout=seconds
            )


class Backoff:
    """The waits of one worker between its attempts, from a failure to the next success."""

    def __init__(self, notifier: Notifier, stop: threading.Event) -> None:
        self._notifier = notifier
        self._stop = stop
        self._rest_seconds = 0.0
        self._grown = tenacity.wait_exponential(multiplier=0.5, max=MAX_WAIT_SECONDS)
        self._jitter = tenacity.wait_random(0, 0.5)

    def run(self, turn: Callable[[], None]) -> None:
        """Call `turn` until it does not fail.

        Raises tenacity.RetryError when the workers are to stop.
        """
        tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(DestinationError),
            wait=self.seconds,
            stop=lambda _state: self._stop.is_set(),
            sleep=self._sleep,
        )(turn)

    def seconds(self, state: tenacity.RetryCallState) -> float:
        """Return how long to wait after a failure."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, Retryable) else None
        grown = self._grown(state) + self._jitter(state)
        pause = PAUSE_SECONDS if isinstance(error, Unauthorized) else grown
        self._rest_seconds = max(asked or 0.0, min(pause, REST_SECONDS))
        return max(asked or 0.0, pause)

    def _sleep(self, seconds: float) -> None:
        rings = self._notifier.rings
        # A stop ends it; the notifier does not.
        self._stop.wait(self._rest_seconds)
        self._notifier.wait(seconds - self._rest_seconds, since=rings)
