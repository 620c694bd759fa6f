"""A session's own state at the backend: sent first, and again until the last one is certainly held.

The backend drops some states that closely follow a write, and answers ok. And every state that
is sent costs its owner an embedding job: so it is sent rarely, but the last one certainly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.errors import DestinationError
from ccsync_watch.model import Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.backend_rules import SETTLE_MS
from ccsync_watch.opensync.removed_secrets import count_removed
from ccsync_watch.opensync.unanswered import record_unanswered
from ccsync_watch.store.egress_ledger import LedgerEntry

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.http_client import OpenSyncClient
    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.store.remote_sessions import RemoteState
    from ccsync_watch.store.session_summaries import Summaries


class SessionState:
    """Sends the states of sessions; a session's by one thread at a time."""

    def __init__(
        self, client: OpenSyncClient, *, outbox: Outbox, clock: Clock, summaries: Summaries
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._clock = clock
        self._summaries = summaries

    def settle(self, session_id: str) -> int | None:
        """Send the session's state if it changed and the backend would not drop it.

        Return None when the backend certainly holds the last state, else when to try again.
        """
        state = self._outbox.remote(session_id)
        payload = self._payload(session_id)
        if payload is None:
            return None
        has_changed = _text(payload) != state.applied
        if not has_changed and not self._summaries.has_unknown_prices(session_id):
            return None
        now_ms = self._clock.wall_ms()
        due_ms = _due_ms(payload, state)
        if now_ms < due_ms:
            return due_ms
        # Looking prices up takes a moment, once for each model; no line is being written now.
        self._summaries.look_up_prices(session_id)
        payload = self._payload(session_id)
        if payload is not None and _text(payload) != state.applied:
            self.send(session_id)
        return None

    def send(self, session_id: str) -> None:
        """Send the session's state; it counts as applied when no rule can have dropped it."""
        state = self._outbox.remote(session_id)
        payload = self._payload(session_id)
        if payload is None:
            return
        text = _text(payload)
        now_ms = self._clock.wall_ms()
        is_first = state.sent is None and not state.is_preexisting
        is_quiet = state.write_ms is not None and now_ms >= state.write_ms + SETTLE_MS
        is_applied = is_first or is_quiet or _survives_quiet_period(payload, state)
        self._outbox.mark_upsert_started(session_id, text, now_ms)
        host = self._client.endpoint.host
        removed = count_removed([Redacted(payload)])
        try:
            size = self._client.put_session(Redacted(payload))
        except DestinationError as error:
            size = wire.size(payload)
            entry = LedgerEntry(
                now_ms, host, session_id, "session", 1, size, removed, is_acked=False
            )
            record_unanswered(self._outbox, entry, error, write_ms=self._clock.wall_ms())
            raise
        self._outbox.ack_session(
            session_id,
            text,
            is_applied=is_applied,
            host=host,
            size=size,
            now_ms=self._clock.wall_ms(),
            removed=removed,
        )

    def _payload(self, session_id: str) -> Payload | None:
        summary = self._summaries.summary(session_id)
        return None if summary is None else wire.session_payload(summary).value


def _text(payload: Payload) -> str:
    return orjson.dumps(payload).decode()


def _due_ms(payload: Payload, state: RemoteState) -> int:
    """Return when the backend will certainly not drop this state."""
    quiet_ms = (state.write_ms or 0) + SETTLE_MS
    next_ms = (state.upsert_ms or 0) + SETTLE_MS
    return min(quiet_ms, next_ms) if _survives_quiet_period(payload, state) else quiet_ms


def _survives_quiet_period(payload: Payload, state: RemoteState) -> bool:
    """Return whether the backend accepts this state although it was written to a moment ago.

    It compares with what it holds: the last state it certainly accepted, or one sent since of
    which that is not known; the new state must differ from both.
    """
    if state.applied is None:
        return False
    return all(
        wire.survives_quiet_period(payload, orjson.loads(text))
        for text in {state.applied, state.sent or state.applied}
    )
