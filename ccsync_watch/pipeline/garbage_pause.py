"""No search for cyclic garbage while the rows of a chunk are made or stored.

They have no cycles, and there are tens of thousands: Python would look through them again and again
for what it could free. What becomes garbage meanwhile is found right afterwards.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Pauses:
    """Those that have begun and not ended; the last to end restores what the first found.

    If each restored what it had found, one that began within another and ended after it would leave
    the search switched off.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._was_enabled = False

    def begin(self) -> None:
        with self._lock:
            if self._running == 0:
                self._was_enabled = gc.isenabled()
                gc.disable()
            self._running += 1

    def end(self) -> None:
        with self._lock:
            self._running -= 1
            if self._running == 0 and self._was_enabled:
                gc.enable()


_PAUSES = _Pauses()


@contextlib.contextmanager
def garbage_pause() -> Iterator[None]:
    """Search for no garbage meanwhile, in any thread: for something short. May be nested."""
    _PAUSES.begin()
    try:
        yield
    finally:
        _PAUSES.end()
