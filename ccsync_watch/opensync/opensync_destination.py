"""The OpenSync backend as the uploader's destination: its client, messages and session states.

It meets `uploader.destination.Destination`, whose comments are the contract, by its shape alone:
this package does not import the uploader.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.errors import DestinationError, Unauthorized, Unsent
from ccsync_watch.opensync.backend_rules import NEW_SESSION_MS, RESEND_DELAY_MS
from ccsync_watch.opensync.delivery import MessageDelivery
from ccsync_watch.opensync.session_state import SessionState

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.http_client import OpenSyncClient
    from ccsync_watch.outgoing import BackendInfo, DeliveryStep
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.store.session_summaries import Summaries

log = logging.getLogger(__name__)


class OpenSyncDestination:
    """Delivers sessions, one session by one thread at a time."""

    resend_delay_ms = RESEND_DELAY_MS

    def __init__(
        self, client: OpenSyncClient, *, outbox: Outbox, clock: Clock, summaries: Summaries
    ) -> None:
        self.address = client.endpoint.base_url
        self._client = client
        self._outbox = outbox
        self._state = SessionState(client, outbox=outbox, clock=clock, summaries=summaries)
        self._messages = MessageDelivery(client, outbox=outbox, clock=clock, state=self._state)
        self._clock = clock
        self._summaries = summaries
        # The sessions that the backend held at the start, None if it did not say which.
        self._held_sessions: frozenset[str] | None = None
        self._asked_ms: int | None = None
        self._missing_sessions = 0

    @property
    def clock_skew_seconds(self) -> float | None:
        """Its clock minus ours, as both are now; None while that is not known."""
        return self._client.backend_clock.skew_seconds

    def check(self) -> BackendInfo:
        """Test address and key; the first time, ask which sessions the backend holds already.

        Sessions that it holds and that this store never sent (another machine's, or those of a
        store that was lost) may hold any of our messages: theirs are uncertain. Without an answer
        that is assumed of all sessions that began before.
        """
        backend_info = self._client.check_address()
        if self._asked_ms is None:
            self._ask_for_sessions()
        else:
            self._client.check_key()
        return replace(backend_info, missing_sessions=self._missing_sessions)

    def _ask_for_sessions(self) -> None:
        """Ask once: the backend reads all of every session for its answer, or fails at that."""
        now_ms = self._clock.steady_ms()
        try:
            self._held_sessions = self._client.list_sessions()
        except (Unsent, Unauthorized):
            raise
        except DestinationError as error:
            self._client.check_key()
            log.info("older sessions are sent row by row: no list of sessions (%s)", error)
        else:
            self._missing_sessions = self._outbox.queue_missing(self._held_sessions)
        if self._missing_sessions:
            log.warning(
                "%d sessions that were uploaded are not at %s any more: they are sent again",
                self._missing_sessions,
                self._client.host,
            )
        self._asked_ms = now_ms

    def deliver(self, session_id: str) -> DeliveryStep:
        """Send the session's next messages, before the first of them its own state."""
        state = self._outbox.remote(session_id)
        if not state.is_acked:
            if state.sent is None and self._may_hold(session_id):
                self._outbox.mark_preexisting(session_id)
            # The backend dates a session by its first state or message, and never changes that.
            self._state.open(session_id)
        else:
            self._state.find_other_machines(session_id, state)
        return self._messages.send_next(session_id)

    def deliver_together(self, session_ids: Sequence[str]) -> Counter[str]:
        """Send what was just written in these sessions by one batch, where that is safe."""
        return self._messages.send_together(session_ids)

    def _may_hold(self, session_id: str) -> bool:
        """Return whether the backend may hold a session that this store never sent."""
        asked_ms = self._asked_ms or 0
        # A session is dated by the machine's clock, as that was set at its beginning.
        until_ms = max(asked_ms, asked_ms + self._clock.wall_ms() - self._clock.steady_ms())
        if self._held_sessions is not None:
            if session_id in self._held_sessions:
                return True
            # Another machine may have sent it since.
            is_old = self._clock.steady_ms() - asked_ms > NEW_SESSION_MS
            until_ms = self._clock.wall_ms() - NEW_SESSION_MS if is_old else 0
        summary = self._summaries.summary(session_id)
        started_ms = summary.value.started_ms if summary else None
        return started_ms is None or started_ms < until_ms

    def settle(self, session_id: str) -> int | None:
        """Send the session's own state when it is due; return when to call again."""
        return self._state.settle(session_id)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
