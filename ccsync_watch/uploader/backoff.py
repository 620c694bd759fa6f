"""How long a worker waits: between turns until there is something to do, after a failure longer.

A commit wakes one worker, a user who asks for a sync wakes all. That ends an idle wait at once; a
wait after a failure only once the destination had a short rest, and never before the time that the
destination asked for.
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
    """Wakes workers; a wakeup between reading `wakeups` and `wait` is not missed."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._condition = threading.Condition()
        self._wakeups = 0

    def wake_all(self) -> None:
        """End every wait."""
        with self._condition:
            self._wakeups += 1
            self._condition.notify_all()

    def wake_one(self) -> None:
        """End one wait, if any worker waits: there may be something for one to do."""
        with self._condition:
            self._wakeups += 1
            self._condition.notify()

    @property
    def wakeups(self) -> int:
        """Return how many wakeups there were."""
        with self._condition:
            return self._wakeups

    def wait(self, seconds: float, *, since: int) -> None:
        """Wait, unless there was a wakeup since then or the workers are to stop."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._wakeups != since or self._stop.is_set(), timeout=seconds
            )


class Backoff:
    """The waits of one worker between its attempts, from a failure to the next success."""

    def __init__(self, notifier: Notifier, stop: threading.Event) -> None:
        self._notifier = notifier
        self._stop = stop
        self._rest_seconds = 0.0
        self._exponential = tenacity.wait_exponential(multiplier=0.5, max=MAX_WAIT_SECONDS)
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
        retry_after = (error.retry_after if isinstance(error, Retryable) else None) or 0.0
        wait = self._exponential(state) + self._jitter(state)
        if isinstance(error, Unauthorized):
            wait = PAUSE_SECONDS
        self._rest_seconds = max(retry_after, min(wait, REST_SECONDS))
        return max(retry_after, wait)

    def _sleep(self, seconds: float) -> None:
        wakeups = self._notifier.wakeups
        # A stop ends this wait; the notifier does not.
        self._stop.wait(self._rest_seconds)
        self._notifier.wait(seconds - self._rest_seconds, since=wakeups)
