"""Send a session's rows in order: in batches while it is safe, one by one otherwise.

Rows are marked uncertain before they are sent and leave the outbox only with a checked
acknowledgement; uncertain rows go one by one, by the path that can send twice without harm.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from ccsync_watch.errors import (
    DestinationError,
    Rejected,
    Retryable,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.model import OutboxRow, Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.removed_secrets import removed_from
from ccsync_watch.store.egress_ledger import LedgerEntry
from ccsync_watch.store.message_writer import REORDER_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.session_state import SessionState
    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.uploader.destination import Destination, Health

log = logging.getLogger(__name__)

MAX_BATCH_ROWS = 100
MAX_BATCH_BYTES = 1 << 20
# A batch is dated by the backend's clock at its arrival: right for what was just written, if that
# clock is right, and if the row before it, which bears its own date, is not about as young.
FRESH_MS = 5_000
_MAX_AHEAD_SECONDS = 2.0
# Half a round trip to a far backend, by which its clock may be misjudged, and as much for drift.
# Rows that gather for `worker.GATHER_SECONDS` after one that went alone are past it.
_MIN_GAP_MS = 300
# The backend ignores a message that it has, and that is younger than 5 s, whatever is in it.
_YOUNG_MS = 6_000
# A row that the backend fails on this often, while it takes others, is parked.
MAX_ATTEMPTS = 12


class MessageDelivery:
    """Sends rows, one session's by one thread at a time."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        sink: Destination,
        clock: Clock,
        health: Health,
        state: SessionState,
    ) -> None:
        self._outbox = outbox
        self._sink = sink
        self._clock = clock
        self._health = health
        self._state = state
        self._takes_dates: bool | None = None
        self._batch_limits: dict[str, int] = {}
        self._last_dates: dict[str, int] = {}

    def send_next(self, session_id: str) -> bool:
        """Send the session's next rows; return whether there were any."""
        now_ms = self._clock.wall_ms()
        limit = self._batch_limits.get(session_id, MAX_BATCH_ROWS)
        rows = self._outbox.rows(session_id, now_ms, limit).value
        if not rows:
            return False
        # A session that is not of this store's making may hold any of its messages.
        is_preexisting = self._outbox.remote(session_id).is_preexisting
        certain = [] if is_preexisting else _leading_certain(rows)
        fresh = self._leading_fresh(session_id, certain, now_ms)
        if self._takes_dates is not False and len(certain) > 1:
            self._send_dated_batch(session_id, certain)
        elif len(fresh) > 1:
            self._send_batch(session_id, fresh, [None] * len(fresh))
        else:
            self._send_one(rows[0], is_certain=bool(certain))
        return True

    def _send_dated_batch(self, session_id: str, rows: list[OutboxRow]) -> None:
        """Send rows with their own dates, which not every version of the backend allows."""
        if self._takes_dates:
            self._send_batch(session_id, rows, [self._date(row) for row in rows])
            return
        rows = rows[:2]  # a probe: enough to tell, and a refusal has stored nothing
        try:
            self._send_batch(session_id, rows, [self._date(row) for row in rows], is_probe=True)
        except Rejected:
            self._takes_dates = False
        else:
            self._takes_dates = True

    def _send_batch(
        self,
        session_id: str,
        rows: list[OutboxRow],
        dates: Sequence[int | None],
        *,
        is_probe: bool = False,
    ) -> None:
        payloads = _fitting(rows, dates)
        rows = rows[: len(payloads)]
        seqs = [row.message.seq for row in rows]
        is_dated_there = dates[0] is None
        self._outbox.mark_uncertain(
            session_id, seqs, dated_ms=self._latest_ms() if is_dated_there else 0
        )
        try:
            with self._leaving(rows, payloads):
                size = self._sink.put_batch(payloads)
        except (Unsent, Unauthorized):
            self._outbox.restore_certain(seqs)
            raise
        except Rejected:
            # Nothing of it was stored. Which row was it? Half of them will tell.
            self._outbox.restore_certain(seqs)
            if is_probe:
                raise
            self._batch_limits[session_id] = max(1, len(rows) // 2)
            return
        except (Retryable, UnexpectedAnswer):
            # Some may be stored without their parts. While they are young the backend would
            # ignore the whole ones.
            dated_ms = self._latest_ms() if is_dated_there else 0
            self._outbox.block(session_id, self._clock.wall_ms() + _YOUNG_MS, dated_ms=dated_ms)
            raise
        self._ack(rows, payloads, size, is_dated_there=is_dated_there)

    def _send_one(self, row: OutboxRow, *, is_certain: bool) -> None:
        date = self._date(row)
        # A row that follows such a batch is moved up to it: the viewer sorts by date.
        dated = self._outbox.remote(row.message.session_id).dated_ms
        if dated - REORDER_MS < date < dated:
            date = dated
        self._last_dates[row.message.session_id] = date
        self._outbox.mark_uncertain(row.message.session_id, [row.message.seq])
        payload = wire.message_payload(Redacted(row.message), date)
        try:
            with self._leaving([row], [payload]):
                size = self._sink.put_message(payload)
        except (Unsent, Unauthorized):
            if is_certain:
                self._outbox.restore_certain([row.message.seq])
            raise
        except Rejected as error:
            self._reject_row(row, error.message)
        except Retryable as error:
            self._note_attempt(row, error)
        else:
            self._ack([row], [payload], size)

    def _note_attempt(self, row: OutboxRow, error: Retryable) -> None:
        """Raise the error, unless the backend takes everything but this row: then park it."""
        if error.retry_after is not None:
            raise error
        self._outbox.count_attempt(row)
        if row.attempts + 1 < MAX_ATTEMPTS:
            raise error
        try:
            self._state.upsert(row.message.session_id)
        except Retryable:
            self._outbox.reset_attempts(row)
            raise
        if row.attempts + 1 == MAX_ATTEMPTS:
            raise error  # the earlier ones may have met an outage, which ends just now
        self._reject_row(row, error.message)

    def _leading_fresh(
        self, session_id: str, rows: list[OutboxRow], now_ms: int
    ) -> list[OutboxRow]:
        """Return the rows that the backend may date by its own clock without harm."""
        ahead = self._health.clock_skew_seconds
        last_ms = self._last_dates.get(session_id, 0)
        if ahead is None or abs(ahead) > _MAX_AHEAD_SECONDS:
            return []
        if now_ms + round(ahead * 1000) < last_ms + _MIN_GAP_MS:
            return []

        def is_fresh(row: OutboxRow) -> bool:
            return (
                row.message.timestamp_ms is not None
                and abs(now_ms - row.message.timestamp_ms) <= FRESH_MS
            )

        count = next((at for at, row in enumerate(rows) if not is_fresh(row)), len(rows))
        return rows[:count]

    def _date(self, row: OutboxRow) -> int:
        """Return a row's date, which must not lie in the backend's future: it would stay young."""
        there_ms = self._there_ms()
        return (
            there_ms
            if row.message.timestamp_ms is None
            else min(row.message.timestamp_ms, there_ms)
        )

    def _latest_ms(self) -> int:
        """Return the latest date that the backend can have given to what it has just received."""
        return max(self._clock.wall_ms(), self._there_ms())

    def _there_ms(self) -> int:
        return self._clock.wall_ms() + round((self._health.clock_skew_seconds or 0) * 1000)

    @contextlib.contextmanager
    def _leaving(
        self, rows: list[OutboxRow], payloads: Sequence[Redacted[Payload]]
    ) -> Iterator[None]:
        """Note in the ledger what leaves in this block without being acknowledged."""
        try:
            yield
        except DestinationError as error:
            if not isinstance(error, Unsent):
                size = sum(wire.size(payload.value) for payload in payloads)
                self._outbox.record_unanswered(
                    LedgerEntry(
                        at_ms=self._clock.wall_ms(),
                        host=self._sink.endpoint.host,
                        session_id=rows[0].message.session_id,
                        kind="messages",
                        rows=len(rows),
                        size=size,
                        removed=removed_from(payloads),
                        is_acked=False,
                    )
                )
            raise

    def _ack(
        self,
        rows: list[OutboxRow],
        payloads: Sequence[Redacted[Payload]],
        size: int,
        *,
        is_dated_there: bool = False,
    ) -> None:
        session_id = rows[0].message.session_id
        self._outbox.ack(
            session_id,
            rows,
            host=self._sink.endpoint.host,
            size=size,
            now_ms=self._clock.wall_ms(),
            dated_ms=self._latest_ms() if is_dated_there else 0,
            removed=removed_from(payloads),
        )
        if len(rows) >= self._batch_limits.get(session_id, MAX_BATCH_ROWS):
            # It went well: try twice as many next time.
            limit = self._batch_limits.pop(session_id, MAX_BATCH_ROWS) * 2
            if limit < MAX_BATCH_ROWS:
                self._batch_limits[session_id] = limit
        self._health.note_sent(len(rows), size)

    def _reject_row(self, row: OutboxRow, reason: str) -> None:
        log.error("the backend refuses message %s: %s", row.message.id, reason)
        self._outbox.reject(row, reason)
        self._batch_limits.pop(row.message.session_id, None)


def _fitting(rows: list[OutboxRow], dates: Sequence[int | None]) -> list[Redacted[Payload]]:
    """Return the payloads of as many rows as fit into one batch, at least one."""
    payloads: list[Redacted[Payload]] = []
    room = MAX_BATCH_BYTES
    for row, date in zip(rows, dates, strict=True):
        payload = wire.message_payload(Redacted(row.message), date)
        room -= wire.size(payload.value)
        if payloads and room < 0:
            break
        payloads.append(payload)
    return payloads


def _leading_certain(rows: list[OutboxRow]) -> list[OutboxRow]:
    count = next((at for at, row in enumerate(rows) if not row.is_certain), len(rows))
    return rows[:count]
