"""Send rows one after the other, marked together before and acknowledged together afterwards.

Each of the two is a commit that waits for the disk: for one row they take longer than its request.
A crash in between leaves all these rows uncertain, sent or not: they are sent once more, alone.
"""

from __future__ import annotations

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
from ccsync_watch.model import Redacted
from ccsync_watch.opensync import backend_rules as rules
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.removed_secrets import count_removed
from ccsync_watch.opensync.search_text import can_be_split
from ccsync_watch.opensync.unanswered import record_messages
from ccsync_watch.outgoing import DeliveryStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.http_client import OpenSyncClient
    from ccsync_watch.opensync.row_dates import RowDates
    from ccsync_watch.opensync.session_state import SessionState
    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.outgoing import OutboxRow
    from ccsync_watch.store.outbox import Outbox

log = logging.getLogger(__name__)

# So long are rows sent until they are acknowledged. Shorter, and the commits of several workers
# would keep the disk busy; longer, and a stop of the program would leave more rows uncertain.
_STEP_SECONDS = 1.0
_FIRST_ROWS, MAX_ROWS = 8, 100
_REFUSED_HINT = (
    "a session's state is refused as its rows are, so something refuses every request: look for a"
    " proxy or a limit before the backend; unsent data is kept and sent later"
)
# The longest wait for the turn of the first; then other sessions may be due.
_PACE_SECONDS = 0.25


class SingleRows:
    """Sends rows by the path that can send twice without harm; a session's by one thread at a time.

    `limit` is how many rows the backend is likely to take within a step.
    """

    def __init__(
        self,
        client: OpenSyncClient,
        *,
        outbox: Outbox,
        clock: Clock,
        dates: RowDates,
        state: SessionState,
    ) -> None:
        self.limit = _FIRST_ROWS
        self._client = client
        self._outbox = outbox
        self._clock = clock
        self._dates = dates
        self._state = state

    def send(
        self, rows: Sequence[OutboxRow], *, is_preexisting: bool, is_live: bool
    ) -> DeliveryStep:
        """Send rows of one session, as many as a step has time for.

        Of a backlog not faster than its pace. Raises the error that ended it if no row was
        acknowledged before, else the step has it.
        """
        session_id = rows[0].message.session_id
        marked = [row.message.seq for row in rows if row.is_certain]
        if not is_live and not self._client.pace.wait(_PACE_SECONDS):
            return DeliveryStep(rows_acked=0, is_last=False)
        # Also if there is nothing to mark: no row leaves before it is on the disk here.
        self._outbox.mark_uncertain(session_id, marked)
        payloads, error = self._send_each(rows, is_live=is_live)
        sent, rest = rows[: len(payloads)], rows[len(payloads) :]
        if error is not None and (is_preexisting or not isinstance(error, (Unsent, Unauthorized))):
            rest = rest[1:]  # but for the one that may have arrived, or be there from before
        unsent = [row.message.seq for row in rest if row.is_certain]
        if sent:
            self._ack(
                sent,
                payloads,
                unsent=unsent,
                is_resent=is_preexisting or not all(row.is_certain for row in sent),
            )
        elif unsent:
            self._outbox.restore_certain(unsent)
        remaining = (
            self._reject_or_return(rows[len(payloads)], error) if error is not None else None
        )
        if remaining is not None and not sent:
            raise remaining
        is_rejected = error is not None and remaining is None
        return DeliveryStep(len(sent), is_last=False, error=remaining, is_rejected=is_rejected)

    def _send_each(
        self, rows: Sequence[OutboxRow], *, is_live: bool
    ) -> tuple[list[Redacted[Payload]], DestinationError | None]:
        """Return the payloads of the rows that were answered, and the error of the next one."""
        payloads: list[Redacted[Payload]] = []
        floor_ms = self._outbox.remote(rows[0].message.session_id).date_floor_ms
        began = self._clock.monotonic()
        for row in rows:
            seconds_left = began + _STEP_SECONDS - self._clock.monotonic()
            if payloads and (
                seconds_left <= 0
                or not (is_live or self._client.pace.wait(seconds_left))
                # What is to be sent may have changed meanwhile, or is not to be sent any more.
                or not self._outbox.is_current(row)
                or self._client.backend_clock.must_be_read()
            ):
                self.limit = max(len(payloads), _FIRST_ROWS)
                return payloads, None
            payload = wire.message_payload(
                Redacted(row.message), self._dates.date_alone(row, floor_ms)
            )
            try:
                self._client.put_message(payload)
            except DestinationError as error:
                record_messages(
                    self._outbox,
                    {row.message.session_id: [payload]},
                    error,
                    host=self._client.endpoint.host,
                    now_ms=self._clock.steady_ms(),
                    at_ms=self._clock.wall_ms(),
                )
                return payloads, error
            payloads.append(payload)
        if self._clock.monotonic() - began < _STEP_SECONDS / 2 and len(rows) >= self.limit:
            self.limit = min(2 * self.limit, MAX_ROWS)
        return payloads, None

    def _ack(
        self,
        rows: Sequence[OutboxRow],
        payloads: Sequence[Redacted[Payload]],
        *,
        unsent: Sequence[int],
        is_resent: bool,
    ) -> None:
        self._outbox.ack(
            rows[0].message.session_id,
            rows,
            host=self._client.endpoint.host,
            size=wire.total_size(payloads),
            now_ms=self._clock.steady_ms(),
            at_ms=self._clock.wall_ms(),
            removed=count_removed(payloads),
            is_search_stale=is_resent,
            unsent=unsent,
        )

    def _reject_or_return(self, row: OutboxRow, error: DestinationError) -> DestinationError | None:
        """Return the error of a row, None if it was the row's own, which is rejected."""
        if isinstance(error, Unsent) or not isinstance(
            error, (Rejected, Retryable, UnexpectedAnswer)
        ):
            return error
        try:
            if not isinstance(error, Rejected):
                return self._count_attempt(row, error)
            # What stands before the backend may refuse everything, for a while.
            self._state.touch(row.message.session_id)
        except Rejected as other:
            return Retryable(other.message, hint=_REFUSED_HINT)
        except DestinationError as other:
            return other
        self._reject(row, error.message)
        return None

    def _count_attempt(
        self, row: OutboxRow, error: Retryable | UnexpectedAnswer
    ) -> DestinationError | None:
        """Return the error, unless the backend accepts everything but this row: then reject it."""
        if isinstance(error, Retryable) and (error.retry_after is not None or error.is_throttled):
            return error
        self._outbox.count_attempt(row)
        message = Redacted(row.message)
        if row.attempts and can_be_split(
            wire.searched_text(wire.message_payload(message, 0).value)
        ):
            self._state.fill_search_text(row.message.session_id, message)
        if row.attempts + 1 < rules.MAX_ATTEMPTS:
            return error
        try:
            self._state.touch(row.message.session_id)
        except Retryable:
            self._outbox.reset_attempts(row)
            raise
        if row.attempts + 1 == rules.MAX_ATTEMPTS:
            return error  # the earlier attempts may have met an outage that has just ended
        self._reject(row, error.message)
        return None

    def _reject(self, row: OutboxRow, reason: str) -> None:
        """Set a row aside."""
        log.error("the backend rejects message %s: %s", row.message.id, reason)
        self._outbox.reject(row, reason)
