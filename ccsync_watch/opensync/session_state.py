"""A session's own state at the backend: sent when first seen, and until it certainly is the last.

The backend drops some upserts that follow closely on a write, and answers ok. And every upsert
costs its owner an embedding job: so a state goes out rarely, but the last one certainly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.accounting import session_accounts as accounts
from ccsync_watch.errors import DestinationError, Unsent
from ccsync_watch.model import Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.removed_secrets import removed_from
from ccsync_watch.store.egress_ledger import LedgerEntry
from ccsync_watch.store.session_writer import SETTLE_MS

if TYPE_CHECKING:
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.store.remote_sessions import RemoteState
    from ccsync_watch.uploader.destination import Destination, Health


class SessionState:
    """Sends the states of sessions, one session by one thread at a time."""

    def __init__(
        self,
        *,
        database: Database,
        outbox: Outbox,
        sink: Destination,
        clock: Clock,
        health: Health,
        prices: PriceList,
    ) -> None:
        self._database = database
        self._prices = prices
        self._outbox = outbox
        self._sink = sink
        self._clock = clock
        self._health = health

    def settle(self, session_id: str) -> int | None:
        """Send the session's state if it changed and the backend would take it.

        Return None when the backend certainly has the last state, else when to try again.
        """
        state = self._outbox.remote(session_id)
        payload = self._payload(session_id)
        if payload is None:
            return None
        models = accounts.models(self._database, session_id)
        if _text(payload) == state.applied and not self._prices.unknown(models):
            return None
        now_ms = self._clock.wall_ms()
        quiet_ms = (state.write_ms or 0) + SETTLE_MS
        next_ms = (state.upsert_ms or 0) + SETTLE_MS
        due_ms = min(quiet_ms, next_ms) if _is_sudden(payload, state) else quiet_ms
        if now_ms < due_ms:
            return due_ms
        # Looking prices up takes a moment, once for each model; here nothing is live.
        self._prices.learn(models)
        payload = self._payload(session_id)
        if payload is not None and _text(payload) != state.applied:
            self.upsert(session_id)
        return None

    def upsert(self, session_id: str) -> None:
        """Send the session's state; it counts as applied when no rule can have dropped it."""
        state = self._outbox.remote(session_id)
        payload = self._payload(session_id)
        if payload is None:
            return
        text = _text(payload)
        now_ms = self._clock.wall_ms()
        is_first = state.sent is None and not state.is_preexisting
        is_quiet = state.write_ms is not None and now_ms >= state.write_ms + SETTLE_MS
        is_applied = is_first or is_quiet or _is_sudden(payload, state)
        self._outbox.mark_upsert_started(session_id, text, now_ms)
        removed = removed_from([Redacted(payload)])
        try:
            size = self._sink.put_session(Redacted(payload))
        except DestinationError as error:
            if not isinstance(error, Unsent):
                host, size = self._sink.endpoint.host, wire.size(payload)
                self._outbox.record_unanswered(
                    LedgerEntry(
                        now_ms, host, session_id, "session", 1, size, removed, is_acked=False
                    )
                )
            raise
        self._outbox.ack_session(
            session_id,
            text,
            is_applied=is_applied,
            host=self._sink.endpoint.host,
            size=size,
            now_ms=self._clock.wall_ms(),
            removed=removed,
        )
        self._health.note_sent(0, size)

    def _payload(self, session_id: str) -> Payload | None:
        """Return the state to send; None when the session is not to be sent at all."""
        summary = accounts.summary(self._database, session_id, self._prices)
        return None if summary is None else wire.session_payload(summary).value


def _text(payload: Payload) -> str:
    return orjson.dumps(payload).decode()


def _is_sudden(payload: Payload, state: RemoteState) -> bool:
    """Tell whether the backend takes this state although it was written to a moment ago.

    It compares with what it holds: the last state it certainly took, or one sent since of which
    nobody knows; a change against both is one against either.
    """
    if state.applied is None:
        return False
    return all(
        wire.survives_quiet_period(payload, orjson.loads(each))
        for each in {state.applied, state.sent or state.applied}
    )
