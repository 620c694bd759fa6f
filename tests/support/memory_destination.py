"""A destination in memory that keeps the uploader's contract, and fails on demand."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

import orjson

from ccsync_watch.accounting.priced_summaries import PricedSummaries
from ccsync_watch.errors import DestinationError, Retryable, Unauthorized, Unsent
from ccsync_watch.outgoing import BackendInfo, DeliveryStep
from ccsync_watch.store.egress_ledger import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.model import JsonValue
    from ccsync_watch.outgoing import OutboxRow, SessionSummary
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.store.session_summaries import Summaries
    from support.fakes import FakeClock
    from support.storing import World

OFFLINE = Unsent("cannot reach memory", hint="")
UNAUTHORIZED = Unauthorized("memory does not accept the API key", hint="")
HOST = "memory"


class MemoryDestination:
    """Keeps sessions and rows by id; `calls` names the requests that were made.

    A request is `check`, `state` or `rows`; at most `step_rows` rows are sent with one. Rows of a
    role in `rejected_roles` are never accepted. `failures` are raised one by one, None for none,
    and `failure` after them; `is_lossy` makes it store first and lose the answer. `on_call` runs
    when a request arrives, `on_answer` when it was carried out, each with its name.
    """

    address = "memory://"
    resend_delay_ms = 0

    def __init__(self, *, step_rows: int = 100) -> None:
        self.states: dict[str, SessionSummary] = {}
        self.rows: dict[str, OutboxRow] = {}
        self.calls: list[str] = []
        self.step_rows = step_rows
        self.rejected_roles = {"alien"}
        self.failures: list[DestinationError | None] = []
        self.failure: DestinationError | None = None
        self.is_lossy = False
        self.is_closed = False
        self.on_call: Callable[[str], None] = lambda _name: None
        self.on_answer: Callable[[str], None] = lambda _name: None
        self._outbox: Outbox
        self._clock: FakeClock
        self._summaries: Summaries

    def deliver_from(self, outbox: Outbox, summaries: Summaries, clock: FakeClock) -> None:
        """Connect the destination to a store; it keeps what it holds from another one."""
        self._outbox, self._summaries, self._clock = outbox, summaries, clock

    clock_skew_seconds = 0.0

    def check(self) -> BackendInfo:
        """Say that its clock is ours."""
        self._arrive("check")
        return BackendInfo(0.0)

    def deliver(self, session_id: str) -> DeliveryStep:
        """Send the session's state if it was never sent, then some rows with one request."""
        if not self._outbox.remote(session_id).is_acked:
            self._send_state(session_id)
        rows = self._outbox.rows(session_id, self._clock.steady_ms(), self.step_rows).value
        if not rows:
            return DeliveryStep(rows_acked=0, is_last=True)
        rejected = [row for row in rows if row.message.role in self.rejected_roles]
        accepted = [row for row in rows if row not in rejected]
        for row in rejected:
            self._outbox.reject(row, "memory does not accept this role")
        if accepted:
            self._send_rows({session_id: accepted})
        return DeliveryStep(rows_acked=len(accepted), is_last=False)

    def deliver_together(self, session_ids: Sequence[str]) -> Counter[str]:
        """Send some rows of each session with one request."""
        now_ms = self._clock.steady_ms()
        rows = {name: self._outbox.rows(name, now_ms, self.step_rows).value for name in session_ids}
        rows = {name: own for name, own in rows.items() if own and self._accepts(own)}
        if rows:
            self._send_rows(rows)
        return Counter({session_id: len(own) for session_id, own in rows.items()})

    def _accepts(self, rows: list[OutboxRow]) -> bool:
        return not any(row.message.role in self.rejected_roles for row in rows)

    def settle(self, session_id: str) -> int | None:
        """Send the session's state if it differs from the one it holds."""
        text = self._state_text(session_id)
        if text is not None and text != self._outbox.remote(session_id).applied:
            self._send_state(session_id)
        return None

    def close(self) -> None:
        """Refuse everything from now on."""
        self.is_closed = True

    def _send_rows(self, rows: dict[str, list[OutboxRow]]) -> None:
        together = [row for own in rows.values() for row in own]
        certain = [row.message.seq for row in together if row.is_certain]
        for session_id, own in rows.items():
            self._outbox.mark_uncertain(session_id, [row.message.seq for row in own])
        try:
            self._arrive("rows")
            self.rows.update({row.message.id: row for row in together})
            self._answer("rows")
        except DestinationError as error:
            if isinstance(error, (Unsent, Unauthorized)):
                self._outbox.restore_certain(certain)
            for session_id, own in rows.items():
                self._record(error, session_id, "messages", len(own), _size(own))
            raise
        now_ms, at_ms = self._clock.steady_ms(), self._clock.wall_ms()
        for session_id, own in rows.items():
            self._outbox.ack(
                session_id, own, host=HOST, size=_size(own), now_ms=now_ms, at_ms=at_ms
            )

    def _send_state(self, session_id: str) -> None:
        summary, text = self._summaries.summary(session_id), self._state_text(session_id)
        if summary is None or text is None:
            return
        now_ms, at_ms = self._clock.steady_ms(), self._clock.wall_ms()
        self._outbox.mark_upsert_started(session_id, text, now_ms)
        try:
            self._arrive("state")
            self.states[session_id] = summary.value
            self._answer("state")
        except DestinationError as error:
            self._record(error, session_id, "session", 1, len(text))
            raise
        self._outbox.ack_session(
            session_id,
            text,
            is_applied=True,
            host=HOST,
            size=len(text),
            now_ms=now_ms,
            at_ms=at_ms,
        )

    def _state_text(self, session_id: str) -> str | None:
        summary = self._summaries.summary(session_id)
        return None if summary is None else orjson.dumps(summary.value).decode()

    def _record(
        self,
        error: DestinationError,
        session_id: str,
        kind: Literal["messages", "session"],
        rows: int,
        size: int,
    ) -> None:
        if not isinstance(error, Unsent):
            at_ms = self._clock.wall_ms()
            entry = LedgerEntry(at_ms, HOST, session_id, kind, rows, size, {}, is_acked=False)
            self._outbox.record_unanswered(entry, write_ms=self._clock.steady_ms())

    def _arrive(self, name: str) -> None:
        if self.is_closed:
            raise Unsent("the connection to memory is closed", hint="")
        self.calls.append(name)
        self.on_call(name)
        failure = self.failures.pop(0) if self.failures else self.failure
        if failure is not None:
            raise failure

    def _answer(self, name: str) -> None:
        if self.is_lossy:
            raise Retryable("no answer", hint="")
        self.on_answer(name)


def _size(rows: list[OutboxRow]) -> int:
    return sum(len(repr(row)) for row in rows)


def texts_of(row: OutboxRow) -> list[JsonValue]:
    """Return the contents of a row's parts."""
    return [part.content for part in row.message.parts]


def connect_memory(world: World, memory: MemoryDestination | None = None) -> MemoryDestination:
    """Let a world's uploader deliver to memory, by default to a new one."""
    memory = memory or MemoryDestination()
    summaries = PricedSummaries(world.database, world.prices)
    memory.deliver_from(world.outbox, summaries, world.clock)
    world.connect(memory)
    return memory
