"""The state of the connection to the destination, as `status` and the flush see it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.errors import DestinationError
    from ccsync_watch.outgoing import BackendInfo


@dataclass(slots=True)
class Health:
    """What is known of the destination; shared by the workers and whoever reports.

    `backend_info` is None until a check passed, and again once the key or the address failed.
    `error` is the outage in progress and `since_ms` when it began.
    """

    backend_info: BackendInfo | None = None
    error: DestinationError | None = None
    since_ms: int | None = None
    rows_sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add_sent(self, rows: int) -> None:
        """Count rows that were acknowledged."""
        with self._lock:
            self.rows_sent += rows

    def set_failure(self, error: DestinationError, now_ms: int) -> bool:
        """Keep an error; return whether it is another one than before."""
        with self._lock:
            has_changed = type(self.error) is not type(error)
            self.error = error
            if self.since_ms is None:
                self.since_ms = now_ms
        return has_changed

    def clear_failure(self) -> bool:
        """Forget the error; return whether there was one."""
        with self._lock:
            previous, self.error, self.since_ms = self.error, None, None
        return previous is not None
