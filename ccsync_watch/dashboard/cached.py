"""A value that is slow to compute: the last one is shown while the next one is computed."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from ccsync_watch.clock import Clock

T = TypeVar("T")

# Computing it may take this share of one core's time while pages are asked for.
MAX_SHARE = 0.1


class Cached(Generic[T]):
    """Caches what `compute` returned, and computes it again in `threads` when it is old.

    It is old after `seconds`, or after ten times what computing it took. Whoever waits for it
    does so in `waiting()`.
    """

    def __init__(
        self,
        compute: Callable[[], T],
        threads: ThreadPoolExecutor,
        *,
        clock: Clock,
        seconds: float = 1.0,
        waiting: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._compute = compute
        self._threads = threads
        self._clock = clock
        self._seconds = seconds
        self._waiting = waiting
        self._lock = threading.Lock()
        self._value: T | None = None
        self._expires_at = float("-inf")
        self._work: Future[None] | None = None

    def get(self, wait_seconds: float) -> T | None:
        """Return the value, waiting a little for a newer one; None before the first.

        Raises what `compute` raised.
        """
        with self._lock:
            if self._work is None and self._clock.monotonic() >= self._expires_at:
                self._work = self._threads.submit(self._run)
            work = self._work
        if work is not None:
            with self._waiting():
                done, _pending = wait([work], wait_seconds)
            if done:
                work.result()
        return self._value

    def expire(self) -> None:
        """Have the next call of `get` compute the value again."""
        self._expires_at = float("-inf")

    def _run(self) -> None:
        began = self._clock.monotonic()
        try:
            self._value = self._compute()
        finally:
            ended = self._clock.monotonic()
            with self._lock:
                self._expires_at = ended + max(self._seconds, (ended - began) / MAX_SHARE)
                self._work = None
