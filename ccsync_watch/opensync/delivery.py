"""Send a session's messages in order: in batches where that is safe, one by one otherwise.

Rows are marked uncertain before they are sent and leave the outbox only with a checked
acknowledgement; uncertain rows go one by one (`single_rows`), by the path that can send twice
without harm.
"""

from __future__ import annotations

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
from ccsync_watch.opensync.row_dates import RowDates
from ccsync_watch.opensync.single_rows import SingleRows
from ccsync_watch.opensync.unanswered import record_messages
from ccsync_watch.outgoing import DeliveryStep, OutboxRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.http_client import OpenSyncClient
    from ccsync_watch.opensync.session_state import SessionState
    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.store.outbox import Outbox

# The longest wait for the turn of a backlog's batch; then other sessions may be due.
_PACE_SECONDS = 0.25
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
        self._dates = RowDates(client, clock)
        self._singles = SingleRows(
            client, outbox=outbox, clock=clock, dates=self._dates, state=state
        )
        self._accepts_dates: bool | None = None
        self._batch_limits: dict[str, int] = {}
        # Sessions of a common batch that was rejected: each goes alone, to find the row.
        self._alone: set[str] = set()

    def send_together(self, session_ids: Sequence[str]) -> Counter[str]:
        """Send what was just written in several sessions with one request.

        Return how many rows of each were acknowledged.

        Only rows that may go by batch are sent; `send_next` sends the others.
        """
        if self._accepts_dates is None:
            return Counter()  # the first batch of one session finds that out
        self._client.check_clock()
        now_ms = self._clock.steady_ms()
        rows: list[OutboxRow] = []
        for session_id in session_ids:
            state, limit = self._outbox.remote(session_id), rules.MAX_BATCH_ROWS - len(rows)
            is_limited = session_id in self._alone or session_id in self._batch_limits
            if is_limited or not state.is_acked or state.is_preexisting or limit <= 0:
                continue
            certain = _leading_certain(self._outbox.rows(session_id, now_ms, limit).value)
            rows += self._dates.leading_fresh(session_id, certain)
        if len(rows) < 2:  # noqa: PLR2004 - one row is sent with its own date
            return Counter()
        dates = [self._dates.date(row) if self._accepts_dates else None for row in rows]
        return self._send_batch(rows, dates)

    def send_next(self, session_id: str) -> DeliveryStep:
        """Send the session's next rows: with one request, or one after the other."""
        self._client.check_clock()
        now_ms = self._clock.steady_ms()
        rows = self._outbox.rows(session_id, now_ms, 1).value
        if not rows:
            return DeliveryStep(rows_acked=0, is_last=True)
        # A session that this store did not create may hold any of its messages.
        is_preexisting = self._outbox.remote(session_id).is_preexisting
        certain = [] if is_preexisting else _leading_certain(rows)
        fresh = self._dates.leading_fresh(session_id, certain)
        if certain and (fresh or self._accepts_dates is not False):
            certain = self._next_certain(session_id, now_ms)
            fresh = self._dates.leading_fresh(session_id, certain)
        if self._accepts_dates is not False and len(certain) > 1:
            step = self._send_dated_batch(certain, is_live=bool(fresh))
        elif len(fresh) > 1:
            rows_acked = self._send_batch(fresh, [None] * len(fresh)).total()
            step = DeliveryStep(rows_acked=rows_acked, is_last=False)
        else:
            step = self._send_singles(
                session_id, now_ms, is_preexisting=is_preexisting, is_live=bool(fresh)
            )
        self._alone.discard(session_id)
        return step

    def _send_singles(
        self, session_id: str, now_ms: int, *, is_preexisting: bool, is_live: bool
    ) -> DeliveryStep:
        """Send the rows before the first that may go by batch, and that one if it is the next."""
        rows = self._outbox.rows(session_id, now_ms, self._singles.limit).value

        def may_be_batched(row: OutboxRow) -> bool:
            has_date = self._accepts_dates is not False or self._dates.is_fresh(row)
            return row.is_certain and has_date and not is_preexisting

        count = next((at for at, row in enumerate(rows) if at and may_be_batched(row)), len(rows))
        step = self._singles.send(rows[:count], is_preexisting=is_preexisting, is_live=is_live)
        if step.is_rejected:
            self._batch_limits.pop(session_id, None)
        self._raise_limit(session_id, step.rows_acked)
        return step

    def _next_certain(self, session_id: str, now_ms: int) -> list[OutboxRow]:
        limit = self._batch_limits.get(session_id, rules.MAX_BATCH_ROWS)
        return _leading_certain(self._outbox.rows(session_id, now_ms, limit).value)

    def _send_dated_batch(self, rows: list[OutboxRow], *, is_live: bool) -> DeliveryStep:
        """Send rows with their own dates, which not every version of the backend accepts."""
        if not is_live and not self._client.pace.wait(_PACE_SECONDS):
            return DeliveryStep(rows_acked=0, is_last=False)
        is_probe = not self._accepts_dates
        if is_probe:
            rows = rows[:2]  # enough to find out, and if it is rejected it has stored nothing
        try:
            dates = [self._dates.date(row) for row in rows]
            rows_acked = self._send_batch(rows, dates, is_probe=is_probe)
        except Rejected:
            self._accepts_dates = False
            return DeliveryStep(rows_acked=0, is_last=False)
        self._accepts_dates = True
        return DeliveryStep(rows_acked=rows_acked.total(), is_last=False)

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
                date_floor_ms=self._dates.latest_ms() if is_dated_there else 0,
            )
        try:
            self._put_batch(payloads, sessions)
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
                    self._clock.steady_ms() + rules.YOUNG_MS,
                    date_floor_ms=self._dates.latest_ms() if is_dated_there else 0,
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

    def _put_batch(self, payloads: list[Redacted[Payload]], sessions: BatchedSessions) -> None:
        """Send a batch; record in the ledger what leaves without being acknowledged."""
        try:
            self._client.put_batch(payloads)
        except DestinationError as error:
            record_messages(
                self._outbox,
                {session_id: own for session_id, (_rows, own) in sessions.items()},
                error,
                host=self._client.endpoint.host,
                now_ms=self._clock.steady_ms(),
                at_ms=self._clock.wall_ms(),
            )
            raise

    def _ack(
        self,
        rows: list[OutboxRow],
        payloads: Sequence[Redacted[Payload]],
        *,
        is_dated_there: bool,
    ) -> int:
        session_id = rows[0].message.session_id
        self._outbox.ack(
            session_id,
            rows,
            host=self._client.endpoint.host,
            size=wire.total_size(payloads),
            now_ms=self._clock.steady_ms(),
            at_ms=self._clock.wall_ms(),
            date_floor_ms=self._dates.latest_ms() if is_dated_there else 0,
            removed=count_removed(payloads),
        )
        self._raise_limit(session_id, len(rows))
        return len(rows)

    def _raise_limit(self, session_id: str, rows: int) -> None:
        """Try twice as many rows next time, if as many as were allowed have been accepted."""
        if rows >= self._batch_limits.get(session_id, rules.MAX_BATCH_ROWS):
            limit = self._batch_limits.pop(session_id, rules.MAX_BATCH_ROWS) * 2
            if limit < rules.MAX_BATCH_ROWS:
                self._batch_limits[session_id] = limit


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


def _leading_certain(rows: list[OutboxRow]) -> list[OutboxRow]:
    """Return the rows before the first that the backend may already hold."""
    count = next((at for at, row in enumerate(rows) if not row.is_certain), len(rows))
    return rows[:count]
