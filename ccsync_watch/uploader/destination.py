"""What the uploader needs of a backend, and what it tells of one."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.errors import DestinationError
    from ccsync_watch.model import BackendInfo, Redacted
    from ccsync_watch.opensync.wire import Endpoint, Payload


class Destination(Protocol):
    """A backend. Methods raise children of `DestinationError`, and return the bytes sent."""

    endpoint: Endpoint

    def check(self) -> BackendInfo:
        """Test address and key."""
        ...

    def put_session(self, payload: Redacted[Payload]) -> int:
        """Send one session's state; harmless when sent twice."""
        ...

    def put_message(self, payload: Redacted[Payload]) -> int:
        """Send one message; harmless when sent twice."""
        ...

    def put_batch(self, payloads: Sequence[Redacted[Payload]]) -> int:
        """Send messages that were certainly never stored."""
        ...


@dataclass(slots=True)
class Health:
    """How the backend does, as `status` shows it. `since_ms` is when the error began."""

    is_checked: bool = False
    error: DestinationError | None = None
    since_ms: int | None = None
    clock_skew_seconds: float | None = None
    rows_sent: int = 0
    bytes_sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def note_sent(self, rows: int, size: int) -> None:
        """Count what left."""
        with self._lock:
            self.rows_sent += rows
            self.bytes_sent += size

    def note_failure(self, error: DestinationError, now_ms: int) -> bool:
        """Keep an error; return whether it is news."""
        with self._lock:
            is_news = type(self.error) is not type(error)
            self.error = error
            if self.since_ms is None:
                self.since_ms = now_ms
        return is_news

    def note_success(self) -> bool:
        """Forget an error; return whether there was one."""
        with self._lock:
            was_down, self.error, self.since_ms = self.error, None, None
        return was_down is not None
