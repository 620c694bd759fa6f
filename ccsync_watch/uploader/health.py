"""The state of the connection to the destination, as `status` and the flush see it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.errors import DestinationError
    from ccsync_watch.outgoing import BackendInfo

# An error that may pass by itself is reported once it has lasted so long.
BRIEF_MS = 2000


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
    _reported: type[DestinationError] | None = field(default=None, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add_sent(self, rows: int) -> None:
        """Count rows that were acknowledged."""
        with self._lock:
            self.rows_sent += rows

    def set_failure(self, error: DestinationError, now_ms: int) -> bool:
        """Keep an error; return whether to report it.

        It is reported when it is of another kind than the last one that was, and not while it may
        be over in a moment: a backend that fails now and then is not an outage.
        """
        with self._lock:
            self.error = error
            if self.since_ms is None:
                self.since_ms = now_ms
            is_brief = error.is_passing and now_ms - self.since_ms < BRIEF_MS
            if is_brief or self._reported is type(error):
                return False
            self._reported = type(error)
        return True

    def clear_failure(self) -> bool:
        """Forget the error; return whether it had been reported."""
        with self._lock:
            reported, self._reported = self._reported, None
            self.error, self.since_ms = None, None
        return reported is not None
