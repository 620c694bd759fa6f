"""Send a session's messages in order: in batches where that is safe, one by one otherwise.

Rows are marked uncertain before they are sent and leave the outbox only with a checked
acknowledgement; uncertain rows go one by one, by the path that can send twice without harm.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from ccsync_watch.errors import (
    DestinationError,
    Rejected,
    Retryable,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.model import Redacted
from ccsync_watch.opensync import backend_rules as rules
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.removed_secrets import count_removed
from ccsync_watch.opensync.search_text import can_be_split
from ccsync_watch.opensync.unanswered import record_unanswered
from ccsync_watch.outgoing import DeliveryStep, OutboxRow
from ccsync_watch.store.egress_ledger import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.http_client import OpenSyncClient
    from ccsync_watch.opensync.session_state import SessionState
    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.store.outbox import Outbox

log = logging.getLogger(__name__)

# The rows of one request, and their payloads, by session.
BatchedSessions: TypeAlias = "dict[str, tuple[list[OutboxRow], list[Redacted[Payload]]]]"


class MessageDelivery:
    """Sends rows; a session's by one thread at a time."""

    def __init__(
        self,
        client: OpenSyncClient,
        *,
        outbox: Outbox,
        clock: Clock,
        state: SessionState,
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._clock = clock
        self._state = state
        self._accepts_dates: bool | None = None
        self._batch_limits: dict[str, int] = {}
        self._last_dates: dict[str, int] = {}
        # Sessions of a common batch that was rejected: each goes alone, to find the row.
        self._alone: set[str] = set()

    def send_together(self, session_ids: Sequence[str]) -> Counter[str]:
        """Send what was just written in several sessions with one request.

        Return how many rows of each were acknowledged.

        Only rows that may go by batch are sent; `send_next` sends the others.
        """
        if self._accepts_dates is None:
            return Counter()  # the first batch of one session finds that out
        now_ms = self._clock.wall_ms()
        rows: list[OutboxRow] = []
        for session_id in session_ids:
            state, limit = self._outbox.remote(session_id), rules.MAX_BATCH_ROWS - len(rows)
            is_limited = session_id in self._alone or session_id in self._batch_limits
            if is_limited or not state.is_acked or state.is_preexisting or limit <= 0:
                continue
            certain = _leading_certain(self._outbox.rows(session_id, now_ms, limit).value)
            rows += self._leading_fresh(session_id, certain, now_ms)
        if len(rows) < 2:  # noqa: PLR2004 - one row is sent with its own date
            return Counter()
        dates = [self._date(row) if self._accepts_dates else None for row in rows]
        return self._send_batch(rows, dates)

    def send_next(self, session_id: str) -> DeliveryStep:
        """Send the session's next rows with one request."""
        now_ms = self._clock.wall_ms()
        rows = self._outbox.rows(session_id, now_ms, 1).value
        if not rows:
            return DeliveryStep(rows_acked=0, is_last=True)
        # A session that this store did not create may hold any of its messages.
        is_preexisting = self._outbox.remote(session_id).is_preexisting
        certain = [] if is_preexisting else _leading_certain(rows)
        fresh = self._leading_fresh(session_id, certain, now_ms)
        # The rows after one that goes alone are read in their turn, not with each row before them.
        if certain and (fresh or self._accepts_dates is not False):
            certain = self._next_certain(session_id, now_ms)
            fresh = self._leading_fresh(session_id, certain, now_ms)
        if self._accepts_dates is not False and len(certain) > 1:
            rows_acked = self._send_dated_batch(certain).total()
        elif len(fresh) > 1:
            rows_acked = self._send_batch(fresh, [None] * len(fresh)).total()
        else:
            rows_acked = self._send_one((certain or rows)[0], is_certain=bool(certain))
        self._alone.discard(session_id)
        return DeliveryStep(rows_acked=rows_acked, is_last=False)

    def _next_certain(self, session_id: str, now_ms: int) -> list[OutboxRow]:
        limit = self._batch_limits.get(session_id, rules.MAX_BATCH_ROWS)
        return _leading_certain(self._outbox.rows(session_id, now_ms, limit).value)

    def _send_dated_batch(self, rows: list[OutboxRow]) -> Counter[str]:
        """Send rows with their own dates, which not every version of the backend accepts."""
        if self._accepts_dates:
            return self._send_batch(rows, [self._date(row) for row in rows])
        rows = rows[:2]  # a probe: enough to find out, and if it is rejected it has stored nothing
        try:
            dates = [self._date(row) for row in rows]
            rows_acked = self._send_batch(rows, dates, is_probe=True)
        except Rejected:
            self._accepts_dates = False
            return Counter()
        self._accepts_dates = True
        return rows_acked

    def _send_batch(
        self, rows: list[OutboxRow], dates: Sequence[int | None], *, is_probe: bool = False
    ) -> Counter[str]:
        """Send rows at once; a date of None leaves it to the backend.

        Return how many of each session were acknowledged. Rows may be of several sessions.
        """
        payloads = _fit_into_batch(rows, dates)
        rows = rows[: len(payloads)]
        sessions = _by_session(rows, payloads)
        seqs = [row.message.seq for row in rows]
        is_dated_there = dates[0] is None
        for session_id, (own_rows, _) in sessions.items():
            self._outbox.mark_uncertain(
                session_id,
                [row.message.seq for row in own_rows],
                date_floor_ms=self._latest_ms() if is_dated_there else 0,
            )
        try:
            with self._recording(sessions):
                self._client.put_batch(payloads)
        except (Unsent, Unauthorized):
            self._outbox.restore_certain(seqs)
            raise
        except Rejected:
            # Nothing of it was stored.
            self._outbox.restore_certain(seqs)
            if is_probe:
                raise
            self._narrow_down(sessions)
            return Counter()
        except (Retryable, UnexpectedAnswer):
            # Some may be stored without their parts. While those are young, the backend would
            # ignore the complete ones.
            for session_id in sessions:
                self._outbox.block(
                    session_id,
                    self._clock.wall_ms() + rules.YOUNG_MS,
                    date_floor_ms=self._latest_ms() if is_dated_there else 0,
                )
            raise
        return Counter(
            {
                session_id: self._ack(own_rows, own_payloads, is_dated_there=is_dated_there)
                for session_id, (own_rows, own_payloads) in sessions.items()
            }
        )

    def _narrow_down(self, sessions: BatchedSessions) -> None:
        """Prepare to find the row that a batch was rejected for: in its session, then by halves."""
        if len(sessions) > 1:
            self._alone.update(sessions)
            return
        for session_id, (rows, _) in sessions.items():
            self._batch_limits[session_id] = max(1, len(rows) // 2)

    def _send_one(self, row: OutboxRow, *, is_certain: bool) -> int:
        date_ms = self._date(row)
        # A row that follows a batch dated by the backend is moved up to it: the viewer sorts by
        # date.
        floor_ms = self._outbox.remote(row.message.session_id).date_floor_ms
        if floor_ms - rules.MAX_DATE_SHIFT_MS < date_ms < floor_ms:
            date_ms = floor_ms
        self._last_dates[row.message.session_id] = date_ms
        self._outbox.mark_uncertain(row.message.session_id, [row.message.seq])
        payload = wire.message_payload(Redacted(row.message), date_ms)
        try:
            with self._recording(_by_session([row], [payload])):
                self._client.put_message(payload)
        except (Unsent, Unauthorized):
            if is_certain:
                self._outbox.restore_certain([row.message.seq])
            raise
        except Rejected as error:
            self._reject(row, error.message)
            return 0
        except (Retryable, UnexpectedAnswer) as error:
            self._count_attempt(row, error)
            return 0
        return self._ack([row], [payload], is_resent=not is_certain)

    def _count_attempt(self, row: OutboxRow, error: Retryable | UnexpectedAnswer) -> None:
        """Raise the error, unless the backend accepts everything but this row: then reject it."""
        if isinstance(error, Retryable) and error.retry_after is not None:
            raise error
        self._outbox.count_attempt(row)
        message = Redacted(row.message)
        if row.attempts and can_be_split(
            wire.searched_text(wire.message_payload(message, 0).value)
        ):
            self._state.fill_search_text(row.message.session_id, message)
        if row.attempts + 1 < rules.MAX_ATTEMPTS:
            raise error
        try:
            self._state.touch(row.message.session_id)
        except Retryable:
            self._outbox.reset_attempts(row)
            raise
        if row.attempts + 1 == rules.MAX_ATTEMPTS:
            raise error  # the earlier attempts may have met an outage that has just ended
        self._reject(row, error.message)

    def _leading_fresh(
        self, session_id: str, rows: list[OutboxRow], now_ms: int
    ) -> list[OutboxRow]:
        """Return the rows that the backend may date by its own clock without harm."""
        skew = self._client.clock_skew_seconds
        last_ms = self._last_dates.get(session_id, 0)
        if skew is None or abs(skew) > rules.MAX_BATCH_CLOCK_SKEW_SECONDS:
            return []
        if now_ms + round(skew * 1000) < last_ms + rules.MIN_GAP_MS:
            return []

        def is_fresh(row: OutboxRow) -> bool:
            timestamp_ms = row.message.timestamp_ms
            return timestamp_ms is not None and abs(now_ms - timestamp_ms) <= rules.FRESH_MS

        count = next((at for at, row in enumerate(rows) if not is_fresh(row)), len(rows))
        return rows[:count]

    def _date(self, row: OutboxRow) -> int:
        """Return a row's date, which must not lie in the backend's future: it would stay young."""
        backend_ms = self._backend_ms()
        return (
            backend_ms
            if row.message.timestamp_ms is None
            else min(row.message.timestamp_ms, backend_ms)
        )

    def _latest_ms(self) -> int:
        """Return the latest date that the backend can have given to what it has just received."""
        return max(self._clock.wall_ms(), self._backend_ms())

    def _backend_ms(self) -> int:
        return self._clock.wall_ms() + round((self._client.clock_skew_seconds or 0) * 1000)

    @contextlib.contextmanager
    def _recording(self, sessions: BatchedSessions) -> Iterator[None]:
        """Record in the ledger what leaves in this block without being acknowledged."""
        try:
            yield
        except DestinationError as error:
            for session_id, (rows, payloads) in sessions.items():
                entry = LedgerEntry(
                    at_ms=self._clock.wall_ms(),
                    host=self._client.endpoint.host,
                    session_id=session_id,
                    kind="messages",
                    rows=len(rows),
                    size=_total_size(payloads),
                    removed=count_removed(payloads),
                    is_acked=False,
                )
                record_unanswered(self._outbox, entry, error, write_ms=entry.at_ms)
            raise

    def _ack(
        self,
        rows: list[OutboxRow],
        payloads: Sequence[Redacted[Payload]],
        *,
        is_dated_there: bool = False,
        is_resent: bool = False,
    ) -> int:
        session_id = rows[0].message.session_id
        self._outbox.ack(
            session_id,
            rows,
            host=self._client.endpoint.host,
            size=_total_size(payloads),
            now_ms=self._clock.wall_ms(),
            date_floor_ms=self._latest_ms() if is_dated_there else 0,
            removed=count_removed(payloads),
            is_search_stale=is_resent,
        )
        if len(rows) >= self._batch_limits.get(session_id, rules.MAX_BATCH_ROWS):
            # The limit was used in full and accepted: try twice as many next time.
            limit = self._batch_limits.pop(session_id, rules.MAX_BATCH_ROWS) * 2
            if limit < rules.MAX_BATCH_ROWS:
                self._batch_limits[session_id] = limit
        return len(rows)

    def _reject(self, row: OutboxRow, reason: str) -> None:
        log.error("the backend rejects message %s: %s", row.message.id, reason)
        self._outbox.reject(row, reason)
        self._batch_limits.pop(row.message.session_id, None)


def _fit_into_batch(rows: list[OutboxRow], dates: Sequence[int | None]) -> list[Redacted[Payload]]:
    """Return the payloads of as many rows as fit into one batch, at least one."""
    payloads: list[Redacted[Payload]] = []
    bytes_left = rules.MAX_BATCH_BYTES
    for row, date_ms in zip(rows, dates, strict=True):
        payload = wire.message_payload(Redacted(row.message), date_ms)
        bytes_left -= wire.size(payload.value)
        if payloads and bytes_left < 0:
            break
        payloads.append(payload)
    return payloads


def _by_session(rows: list[OutboxRow], payloads: Sequence[Redacted[Payload]]) -> BatchedSessions:
    """Return the rows and payloads of each session."""
    sessions: BatchedSessions = {}
    for row, payload in zip(rows, payloads, strict=True):
        own_rows, own_payloads = sessions.setdefault(row.message.session_id, ([], []))
        own_rows.append(row)
        own_payloads.append(payload)
    return sessions


def _total_size(payloads: Sequence[Redacted[Payload]]) -> int:
    return sum(wire.size(payload.value) for payload in payloads)


def _leading_certain(rows: list[OutboxRow]) -> list[OutboxRow]:
    """Return the rows before the first that the backend may already hold."""
    count = next((at for at, row in enumerate(rows) if not row.is_certain), len(rows))
    return rows[:count]
