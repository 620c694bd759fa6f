"""The OpenSync backend as the uploader's destination: its client, messages and session states.

It meets `uploader.destination.Destination`, whose comments are the contract, by its shape alone:
this package does not import the uploader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.opensync.backend_rules import RESEND_DELAY_MS
from ccsync_watch.opensync.delivery import MessageDelivery
from ccsync_watch.opensync.session_state import SessionState

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.http_client import OpenSyncClient
    from ccsync_watch.outgoing import BackendInfo, DeliveryStep
    from ccsync_watch.store.outbox import Outbox
    from ccsync_watch.store.session_summaries import Summaries


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
        self._held_sessions: frozenset[str] = frozenset()

    def check(self) -> BackendInfo:
        """Test address and key, and find out which sessions the backend holds already.

        Sessions that it holds and that this store never sent (another machine's, or those of a
        store that was lost) may hold any of our messages: theirs are uncertain.
        """
        backend_info = self._client.check()
        self._held_sessions = backend_info.session_ids
        self._messages.clock_skew_seconds = backend_info.clock_skew_seconds
        return backend_info

    def deliver(self, session_id: str) -> DeliveryStep:
        """Send the session's next messages, before the first of them its own state."""
        state = self._outbox.remote(session_id)
        if not state.is_acked:
            if state.sent is None and session_id in self._held_sessions:
                self._outbox.mark_preexisting(session_id)
            # The backend dates a session by its first state or message, and never changes that.
            self._state.send(session_id)
        return self._messages.send_next(session_id)

    def settle(self, session_id: str) -> int | None:
        """Send the session's own state when it is due; return when to call again."""
        return self._state.settle(session_id)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
