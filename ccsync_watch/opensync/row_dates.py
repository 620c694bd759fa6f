"""The date that a row is sent with, in the terms of the backend's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.opensync import backend_rules as rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.http_client import OpenSyncClient
    from ccsync_watch.outgoing import OutboxRow


class RowDates:
    """Dates rows; `last_ms` has the date of the last one of each session that was sent alone."""

    def __init__(self, client: OpenSyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._last_ms: dict[str, int] = {}

    def date(self, row: OutboxRow) -> int:
        """Return a row's date, which must not lie in the backend's future: it would stay young."""
        if row.message.timestamp_ms is None:
            return self._client.backend_clock.now_ms
        return min(row.message.timestamp_ms, self.latest_ms())

    def date_alone(self, row: OutboxRow, floor_ms: int) -> int:
        """Return the date of a row that is sent alone.

        One that follows a batch dated by the backend is moved up to it: the viewer sorts by date.
        """
        date_ms = self.date(row)
        if floor_ms - rules.MAX_DATE_SHIFT_MS < date_ms < floor_ms:
            date_ms = floor_ms
        self._last_ms[row.message.session_id] = date_ms
        return date_ms

    def is_fresh(self, row: OutboxRow) -> bool:
        """Return whether a row was written so short a time ago that its arrival is its date."""
        timestamp_ms = row.message.timestamp_ms
        if timestamp_ms is None:
            return False
        return abs(self._clock.wall_ms() - timestamp_ms) <= rules.FRESH_MS

    def leading_fresh(self, session_id: str, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
        """Return the rows that the backend may date by its own clock without harm."""
        backend = self._client.backend_clock
        skew = backend.skew_seconds
        if skew is None or abs(skew) > rules.MAX_BATCH_CLOCK_SKEW_SECONDS:
            return []
        if backend.now_ms < self._last_ms.get(session_id, 0) + rules.MIN_GAP_MS:
            return []
        count = next((at for at, row in enumerate(rows) if not self.is_fresh(row)), len(rows))
        return list(rows[:count])

    def latest_ms(self) -> int:
        """Return the latest date that the backend can have given to what it has just received."""
        return self._client.backend_clock.latest_ms
