"""A question that is asked in a thread of its own, so that its answer can be late."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


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
