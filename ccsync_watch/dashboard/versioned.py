"""Keep what was computed last of a few things, as long as their versions are the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Versioned(Generic[T]):
    """Caches the values of at most so many keys, those that were asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[str, tuple[object, T]] = OrderedDict()

    def get(self, key: str, version: object, compute: Callable[[], T]) -> T:
        """Return the value of a key at this version; two threads may compute the same one."""
        with self._lock:
            cached = self._values.get(key)
        value = cached[1] if cached is not None and cached[0] == version else compute()
        with self._lock:
            self._values[key] = (version, value)
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value
