"""A question that is asked in a thread of its own, so that its answer can be late."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from ccsync_watch.cli.console import announce, shows_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
_NOTICE_SECONDS = 2.0
_WAITING = (
    "Waiting for the daemon, which is starting or importing; `ccsync-watch status` shows how far"
    " it is."
)


@contextlib.contextmanager
def waiting_for_daemon(*, notice_seconds: float = _NOTICE_SECONDS) -> Iterator[None]:
    """Say on a terminal what is waited for in this block, if that takes longer than a moment."""
    if not shows_progress(sys.stderr):
        yield
        return
    timer = threading.Timer(notice_seconds, announce, (_WAITING,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Later(Generic[T]):
    """The answer of a function that must not raise; it is abandoned if it takes too long."""

    def __init__(self, ask_it: Callable[[], T]) -> None:
        self._answers: queue.SimpleQueue[T] = queue.SimpleQueue()
        threading.Thread(target=lambda: self._answers.put(ask_it()), daemon=True).start()

    def get(self, seconds: float) -> T | None:
        """Return the answer, None if there is none after so many seconds."""
        try:
            return self._answers.get(timeout=max(seconds, 0.01))
        except queue.Empty:
            return None
