"""A value that takes a while to make: the last one is shown while the next one is made."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

# Making it may take this share of one core's time while pages are asked for.
SHARE = 0.1
# Counting goes on a little even while pages are opened without a pause.
_MOST_WAITED = 0.2


class Way:
    """Lets pages go first: a thread that counts would take the interpreter from them.

    Python gives it to a thread that waits for it after 5 ms only, and a page asks for it anew with
    every row that it reads.
    """

    def __init__(self) -> None:
        self._pages = 0
        self._lock = threading.Lock()
        self._is_free = threading.Event()
        self._is_free.set()

    def give(self) -> None:
        """Wait while a page is made, but not for ever. Costs nothing while none is."""
        if self._pages:
            self._is_free.wait(_MOST_WAITED)

    @contextlib.contextmanager
    def page(self) -> Iterator[None]:
        """Have others wait while the block runs."""
        with self._lock:
            self._pages += 1
            self._is_free.clear()
        try:
            yield
        finally:
            with self._lock:
                self._pages -= 1
                if not self._pages:
                    self._is_free.set()


class Cached(Generic[T]):
    """Keeps what `make` returned, and makes it anew in a thread of `threads` when it is old.

    It is old after `seconds`, or after ten times what making it took.
    """

    def __init__(
        self, make: Callable[[], T], threads: ThreadPoolExecutor, *, seconds: float = 1.0
    ) -> None:
        self._make = make
        self._threads = threads
        self._seconds = seconds
        self._lock = threading.Lock()
        self._value: T | None = None
        self._due = 0.0
        self._work: Future[None] | None = None

    def get(self, wait_seconds: float) -> T | None:
        """Return the value, waiting a little for a newer one; None while there is none yet.

        Raises what `make` raised.
        """
        with self._lock:
            if self._work is None and time.monotonic() >= self._due:
                self._work = self._threads.submit(self._run)
            work = self._work
        if work is not None:
            done, _waiting = wait([work], wait_seconds)
            if done:
                work.result()
        return self._value

    def expire(self) -> None:
        """Have the next one who asks get a new one."""
        self._due = 0.0

    def _run(self) -> None:
        began = time.monotonic()
        try:
            self._value = self._make()
        finally:
            ended = time.monotonic()
            with self._lock:
                self._due = ended + max(self._seconds, (ended - began) / SHARE)
                self._work = None
