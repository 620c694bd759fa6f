"""When workers may try again after a failure, and what wakes them.

A commit wakes one worker, a user who asks for a sync wakes all. That ends an idle wait at once; a
wait after a failure only once the destination had a short rest, and never before the time that the
destination asked for.
"""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import tenacity

from ccsync_watch.errors import DestinationError, Retryable, Unauthorized, Unsent

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock

# The first waits after a failure are at most so long, twice as long after each further one.
FIRST_WAIT_SECONDS = 0.05
MAX_WAIT_SECONDS = 30.0
# A connection that fails costs the destination nothing, and networks come back at any moment.
MAX_UNSENT_SECONDS = 10.0
# A key may be made valid again there at any moment. Each test costs function calls, so it is
# tested less often after an hour.
KEY_WAIT_SECONDS = 4.0
KEY_TESTS = 1000
LATE_KEY_WAIT_SECONDS = 60.0
REST_SECONDS = 2.0
# Quick retries that may be made without any success, and what each success adds to them. A
# destination that fails on more than every third request is tried again slowly.
RETRY_BUDGET = 10.0
RETRIES_PER_SUCCESS = 0.5
WITHOUT_BUDGET_SECONDS = 2.0


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
    """The attempts of all workers at one destination, from a failure to the next success.

    While it fails, they make one attempt per wait together, not each. Waits are random between
    zero and a limit that doubles, so that many clients do not come back at once. `rng` is a seam
    for tests.
    """

    def __init__(self, clock: Clock, *, rng: random.Random | None = None) -> None:
        self._clock = clock
        self._random = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._lock = threading.Lock()
        # `attempt_number` is how many attempts failed since the last success.
        self._failures = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
        self._failures.attempt_number = 0
        self._error: DestinationError | None = None
        self._retries_left = RETRY_BUDGET
        self._next_at = 0.0
        self._rests_until = 0.0
        self._claimed_until = 0.0

    def claim_attempt(self) -> float:
        """Return how many seconds to wait, 0 if the caller may make the next attempt now."""
        with self._lock:
            if self._error is None:
                return 0.0
            now = self._clock.monotonic()
            if now < self._next_at:
                return self._next_at - now
            # Until it is known how this attempt ends, the others wait as if it had failed.
            self._schedule(self._error, now)
            self._claimed_until = self._next_at
            return 0.0

    def return_attempt(self) -> None:
        """Let another worker have the attempt that was claimed: nothing was due."""
        with self._lock:
            if self._next_at == self._claimed_until:  # else another attempt failed since
                self._next_at = self._rests_until = self._clock.monotonic()

    def hurry(self) -> None:
        """End the wait after a failure once the destination had its rest."""
        with self._lock:
            self._next_at = min(self._next_at, max(self._rests_until, self._clock.monotonic()))

    def record_failure(self, error: DestinationError) -> None:
        """Postpone the next attempt."""
        with self._lock:
            self._failures.attempt_number += 1
            self._error = error
            has_budget = self._retries_left >= 1
            self._retries_left -= 1 if has_budget else 0
            now = self._clock.monotonic()
            self._schedule(error, now, least=0.0 if has_budget else WITHOUT_BUDGET_SECONDS)
            retry_after = error.retry_after if isinstance(error, Retryable) else None
            if retry_after and self._failures.attempt_number > 1:
                # The first one concerns the session that it was answered for; this is a pause.
                self._rests_until = now + retry_after
                self._next_at = max(self._next_at, self._rests_until)

    def record_success(self) -> bool:
        """Let every worker try again; return whether some may wait because of a failure."""
        with self._lock:
            has_failed, self._error = self._error is not None, None
            self._failures.attempt_number = 0
            self._retries_left = min(RETRY_BUDGET, self._retries_left + RETRIES_PER_SUCCESS)
        return has_failed

    def _schedule(self, error: DestinationError, now: float, *, least: float = 0.0) -> None:
        """Set the time of the next attempt; under the lock."""
        if isinstance(error, Unauthorized):
            is_late = self._failures.attempt_number > KEY_TESTS
            wait = LATE_KEY_WAIT_SECONDS if is_late else KEY_WAIT_SECONDS
        else:
            longest = MAX_UNSENT_SECONDS if isinstance(error, Unsent) else MAX_WAIT_SECONDS
            limit = tenacity.wait_exponential(FIRST_WAIT_SECONDS, longest, min=least)
            wait = self._random.uniform(0, limit(self._failures))
        self._next_at = now + wait
        self._rests_until = now + min(wait, REST_SECONDS)
