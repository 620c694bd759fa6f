"""Gives memory back to the system after a backlog or pages: the C library keeps what was freed.

Only glibc can be asked to; elsewhere nothing is done.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

READ_BYTES = 8 * 2**20
"""After so many bytes were read."""
PAGES_SECONDS = 2.0
"""So long after a page was requested."""


class FreeMemory:
    """Decides when to give memory back. `trim` does it, None: where the system has a way.

    `release` is called before that: it frees what is not used at present.
    """

    def __init__(
        self,
        trim: Callable[[], object] | None = None,
        *,
        release: Callable[[], object] = lambda: None,
    ) -> None:
        self._release = release
        self._trim = trim or _find_trim()
        # The start itself takes much: compiled rules are read, and all transcripts are listed.
        self._next_at = 0

    def turn(self, bytes_read: int) -> None:
        """Give memory back if much was read since the last time; call it before a pause."""
        if bytes_read >= self._next_at:
            self._next_at = bytes_read + READ_BYTES
            self._release()
            self._trim()


class FreeMemoryAfterPages:
    """Gives memory back a while after requests; used on the event loop that serves them."""

    def __init__(self, trim: Callable[[], object] | None = None) -> None:
        self._trim = trim or _find_trim()
        self._timer: asyncio.TimerHandle | None = None

    def turn(self) -> None:
        """Give memory back in a while, unless another request comes before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(PAGES_SECONDS, self._trim)


def _find_trim() -> Callable[[], object]:
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):
            return lambda: library.malloc_trim(0)
    return lambda: None
