"""A session's own state at the backend: sent first, and again until the last one is certainly held.

The backend drops some states that closely follow a write, and answers ok. Each that is sent costs
its owner an embedding job: so it is sent rarely, but the last one certainly. A new title replaces
the search text: they are written together (`search_text`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.errors import DestinationError, Rejected
from ccsync_watch.model import Redacted
from ccsync_watch.opensync import held_state, wire
from ccsync_watch.opensync.backend_rules import ACTIVE_UPSERT_MS, SETTLE_MS
from ccsync_watch.opensync.other_machines import OtherMachines
from ccsync_watch.opensync.removed_secrets import count_removed
from ccsync_watch.opensync.search_text import (
    UNTITLED,
    clearing_steps,
    is_full,
    search_text,
    writing_steps,
)
from ccsync_watch.opensync.unanswered import record_unanswered
from ccsync_watch.store.egress_ledger import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.http_client import OpenSyncClient
    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.store.remote_sessions import RemoteState
    from ccsync_watch.store.session_summaries import Summaries

log = logging.getLogger(__name__)


class SessionState:
    """Sends the states of sessions; a session's by one thread at a time."""

    def __init__(
        self, client: OpenSyncClient, *, outbox: Outbox, clock: Clock, summaries: Summaries
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._clock = clock
        self._summaries = summaries
        # When each active session's state may be sent again, once it was sent a second time.
        self._next_ms: dict[str, int] = {}
        self._other_machines = OtherMachines(client, clock)

    def settle(self, session_id: str) -> int | None:
        """Send the session's state if it changed and the backend would not drop it.

        Return None when the backend certainly holds the last state, else when to try again.
        """
        state = self._outbox.remote(session_id)
        payload = self._payload(session_id)
        if payload is None:
            return None
        # While rows are still to be sent again, the search text would be spoiled once more.
        is_stale = state.is_search_stale and not self._outbox.has_rows(session_id)
        has_changed = _text(payload) != state.applied
        if not (has_changed or is_stale or self._summaries.has_unknown_prices(session_id)):
            return None
        now_ms = self._clock.steady_ms()
        due_ms = max(_due_ms(payload, state), self._next_ms.get(session_id, 0))
        if now_ms < due_ms and not (is_stale and state.is_recalled):
            return due_ms
        # This takes a moment, once for each model; no line is being written now.
        self._summaries.look_up_prices(session_id)
        # Attempts that failed say nothing of what others wrote meanwhile.
        upsert_ms = (state.upsert_ms or 0) + self._clock.wall_ms() - now_ms
        own_ms = min(upsert_ms, state.ack_ms or 0)
        return self._replace(session_id, self._held(session_id, own_ms))

    def _replace(self, session_id: str, held: Payload | None) -> int | None:
        """Replace the state at the backend, of which `held` is known, unless that is newer.

        Return when to try again, None when nothing is left to do.
        """
        now_ms = self._clock.steady_ms()
        state = self._outbox.remote(session_id)
        payload = self._payload(session_id)
        if payload is None:
            return None
        if held is not None and held_state.may_supersede(held, payload, state):
            due_ms = self._leave_newer(session_id, payload, state, held)
            if due_ms is None or due_ms > now_ms:
                self._postpone(session_id, now_ms)
                return due_ms
        is_stale = state.is_search_stale and not self._outbox.has_rows(session_id)
        if is_stale or _changes_title(payload, state, held):
            self._write_search_text(session_id, payload, is_stale=is_stale)
        elif _text(payload) != state.applied and not self.send(session_id, held=held):
            return self._clock.steady_ms() + SETTLE_MS
        self._other_machines.forget(session_id)
        self._postpone(session_id, now_ms)
        return None

    def open(self, session_id: str) -> None:
        """Send a session's first state, before its first row.

        Of one that another machine may have sent only if the backend has nothing of it.
        """
        state = self._outbox.remote(session_id)
        held = self._held(session_id, None) if state.is_preexisting else None
        if held is None:
            self.send(session_id)
        elif held_state.is_empty(held):
            self._outbox.mark_created(session_id)
            self.send(session_id, held=held)
        else:
            self._outbox.mark_held(session_id, self._clock.wall_ms())

    def find_other_machines(self, session_id: str, state: RemoteState) -> None:
        """Find out, before rows are sent, whether another machine has written to a session."""
        if not state.is_preexisting and self._outbox.has_rows(session_id):
            self._held(session_id, state.ack_ms)

    def _held(self, session_id: str, own_ms: int | None) -> Payload | None:
        """Return what the backend holds of a session, None if that need or can not be known.

        Mark the session if another machine wrote that. Its rows may then be there, too.
        """
        state = self._outbox.remote(session_id)
        is_ours = not self._other_machines.may_have_written(state, own_ms)
        if is_ours or self._payload(session_id) is None:
            return None
        newest = self._other_machines.read(session_id)
        if newest is not None and session_id not in newest:
            self.touch(session_id)
            newest = self._other_machines.read(session_id)
        held = newest.get(session_id) if newest is not None else None
        if held and not state.is_preexisting and held_state.is_of_another(held, state):
            log.info("session %s is also sent by another machine", session_id)
            self._outbox.mark_preexisting(session_id)
        return held

    def touch(self, session_id: str) -> None:
        """Make a session one of the newest, without changing it; create it if it is not there."""
        if (payload := self._payload(session_id)) is None:
            return
        state, opening = self._outbox.remote(session_id), Redacted(held_state.opening(payload))
        now_ms = self._clock.steady_ms()
        self._outbox.mark_upsert_started(session_id, state.sent or "{}", now_ms)
        size = self._request(session_id, self._client.put_session, opening)
        self._ack(session_id, "", opening, size, is_applied=False)

    def _leave_newer(
        self, session_id: str, payload: Payload, state: RemoteState, held: Payload
    ) -> int | None:
        """Leave a newer state, but for words that must go, if it is of a longer copy.

        Return None if it is, else when ours is to be sent all the same.
        """
        if self._outbox.has_rows(session_id):
            return self._clock.steady_ms() + SETTLE_MS  # it is not known yet which are there
        if state.is_recalled:
            words = held_state.without_totals(payload)
            self._write_search_text(session_id, words, is_stale=True)
        if held_state.has_more_rows(held, self._outbox.count_sent(session_id)):
            self._outbox.mark_superseded(session_id, _text(payload))
            return None
        return self._other_machines.wait_for(session_id, held)

    def _postpone(self, session_id: str, now_ms: int) -> None:
        """Let a minute pass until the next state of a session, whatever is written meanwhile."""
        self._next_ms = {name: at for name, at in self._next_ms.items() if at > now_ms}
        self._next_ms[session_id] = now_ms + ACTIVE_UPSERT_MS

    def send(self, session_id: str, *, held: Payload | None = None) -> bool:
        """Send the session's state; it counts as applied when no rule can have dropped it.

        Return whether it does. `held` is what the backend holds, where that is known.
        """
        state = self._outbox.remote(session_id)
        payload = self._payload(session_id)
        if payload is None:
            return True
        text = _text(payload)
        now_ms = self._clock.steady_ms()
        is_first = state.sent is None and not state.is_preexisting
        is_quiet = state.write_ms is not None and now_ms >= state.write_ms + SETTLE_MS
        differs = (
            _survives_quiet_period(payload, state)
            if held is None
            else wire.survives_quiet_period(payload, held)
        )
        is_applied = is_first or is_quiet or differs
        self._outbox.mark_upsert_started(
            session_id, text, now_ms, is_search_stale=_changes_title(payload, state, held)
        )
        size = self._request(session_id, self._client.put_session, Redacted(payload))
        self._ack(session_id, text, Redacted(payload), size, is_applied=is_applied)
        return is_applied

    def _write_search_text(self, session_id: str, payload: Payload, *, is_stale: bool) -> None:
        """Send the session's state together with its whole search text, in two steps."""
        title = str(payload.get("title") or UNTITLED)
        written = search_text(title, self._outbox.sent_messages(session_id))
        if written != title:
            steps = writing_steps(payload, written)
            self._send_steps(session_id, payload, steps, self._client.put_titled_session)
        elif is_stale or "title" not in payload:
            steps = clearing_steps(payload)
            self._send_steps(session_id, payload, steps, self._client.put_session)
        else:
            self.send(session_id)  # the title is all that can be searched

    def fill_search_text(self, session_id: str, message: Redacted[StoredMessage]) -> None:
        """Make the search text full with a message that is not sent yet, if that is too long.

        What is appended after it is cut nowhere.
        """
        if (payload := self._payload(session_id)) is None:
            return
        state = self._outbox.remote(session_id)
        held = self._held(session_id, None) if state.is_preexisting else None
        if held is not None and held_state.may_supersede(held, payload, state):
            payload = held_state.without_totals(payload)
            if not state.is_recalled:
                payload["title"] = held.get("title")
        title = str(payload.get("title") or UNTITLED)
        messages = (*self._outbox.sent_messages(session_id), message)
        text = search_text(title, messages)
        if not is_full(text):
            text = search_text(title, messages[:-1])
        if text != title:
            steps = writing_steps(payload, text)
            self._send_steps(session_id, payload, steps, self._client.put_titled_session)

    def _send_steps(
        self,
        session_id: str,
        payload: Payload,
        steps: tuple[Redacted[Payload], Redacted[Payload]],
        put_title: Callable[[Redacted[Payload]], int],
    ) -> None:
        """Send both; one of them is certainly applied, as their titles differ.

        After a failure they are sent again, both, when the session settles.
        """
        text = _text(payload)
        now_ms = self._clock.steady_ms()
        self._outbox.mark_upsert_started(session_id, text, now_ms, is_search_stale=True)
        size = self._request(session_id, self._client.put_session, steps[0])
        self._ack(session_id, text, steps[0], size, is_applied=False)
        try:
            size = self._request(session_id, put_title, steps[1])
        except Rejected as error:
            # A title that anybody can read is worth more than what a search finds.
            log.warning("search text of session %s: %s", session_id, error.message)
            size = self._request(session_id, self._client.put_session, steps[1])
        self._ack(session_id, text, steps[1], size, is_applied=True, is_search_written=True)

    def _request(
        self,
        session_id: str,
        put: Callable[[Redacted[Payload]], int],
        payload: Redacted[Payload],
    ) -> int:
        """Send one request; record it if it may have left without being acknowledged."""
        try:
            return put(payload)
        except DestinationError as error:
            entry = LedgerEntry(
                self._clock.wall_ms(),
                self._client.endpoint.host,
                session_id,
                "session",
                1,
                wire.size(payload.value),
                count_removed([payload]),
                is_acked=False,
            )
            record_unanswered(self._outbox, entry, error, write_ms=self._clock.steady_ms())
            raise

    def _ack(
        self,
        session_id: str,
        text: str,
        payload: Redacted[Payload],
        size: int,
        *,
        is_applied: bool,
        is_search_written: bool = False,
    ) -> None:
        self._outbox.ack_session(
            session_id,
            text,
            is_applied=is_applied,
            host=self._client.endpoint.host,
            size=size,
            now_ms=self._clock.steady_ms(),
            at_ms=self._clock.wall_ms(),
            removed=count_removed([payload]),
            is_search_written=is_search_written,
            document_id=self._client.document_ids.pop(session_id, None),
        )

    def _payload(self, session_id: str) -> Payload | None:
        summary = self._summaries.summary(session_id) or self._outbox.recalled_summary(session_id)
        if summary is None:
            return None
        return wire.session_payload(self._outbox.sendable_summary(summary)).value


def _text(payload: Payload) -> str:
    return orjson.dumps(payload).decode()


def _due_ms(payload: Payload, state: RemoteState) -> int:
    """Return when the backend will certainly not drop this state."""
    quiet_ms = (state.write_ms or 0) + SETTLE_MS
    next_ms = (state.upsert_ms or 0) + ACTIVE_UPSERT_MS
    return min(quiet_ms, next_ms) if _survives_quiet_period(payload, state) else quiet_ms


def _changes_title(payload: Payload, state: RemoteState, held: Payload | None) -> bool:
    """Return whether a title that the backend holds, or may hold, would be replaced.

    Where a title was removed, that is the one that we sent.
    """
    sent = {orjson.loads(text).get("title") for text in (state.applied, state.sent) if text}
    if "title" not in payload:
        return bool(sent - {None, UNTITLED})
    return bool((sent if held is None else {held.get("title")}) - {payload["title"]})


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
