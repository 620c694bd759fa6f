"""Let pages go first: a background thread that counts would take the interpreter from them.

Python hands the interpreter to a waiting thread after 5 ms only, and a page asks for it again with
every row that it reads.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.clock import Clock

# Background work makes some progress even while pages are opened without a pause.
_MAX_PAUSE_SECONDS = 0.2


class PagePriority:
    """Knows whether a page is being made, and pauses background work until it is done."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pages = 0
        self._lock = threading.Lock()
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._thread = threading.local()

    def yield_to_pages(self) -> None:
        """Wait while a page is made, but not forever. Costs nothing while none is."""
        if self._pages:
            self._clock.wait(self._is_idle, _MAX_PAUSE_SECONDS)

    @contextlib.contextmanager
    def page(self) -> Iterator[None]:
        """Have background work pause while the block runs, in this thread."""
        self._begin()
        try:
            yield
        finally:
            self._end()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Have background work continue while the block waits for it.

        A page that is made in this thread pauses it again afterwards.
        """
        is_page = getattr(self._thread, "is_page", False)
        if is_page:
            self._end()
        try:
            yield
        finally:
            if is_page:
                self._begin()

    def _begin(self) -> None:
        self._thread.is_page = True
        with self._lock:
            self._pages += 1
            self._is_idle.clear()

    def _end(self) -> None:
        self._thread.is_page = False
        with self._lock:
            self._pages -= 1
            if not self._pages:
                self._is_idle.set()
