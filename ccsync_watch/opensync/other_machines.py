"""Read what the backend holds of sessions to which another machine may have written.

Reading costs its owner as much as a write. So it is done before the first rows and before each
state of a session that another machine is known to have, and of others after a while only.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ccsync_watch.errors import DestinationError, Retryable, Unauthorized, Unsent
from ccsync_watch.opensync import held_state
from ccsync_watch.opensync.backend_rules import ELSEWHERE_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.clock import Clock
    from ccsync_watch.opensync.http_client import OpenSyncClient
    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.store.remote_sessions import RemoteState

log = logging.getLogger(__name__)

# At 30 % errors, that many in a row are one time in fifteen thousand.
_MAX_FAILURES = 8


class OtherMachines:
    """Reads states at the backend; where it cannot be read from, uploads continue without."""

    def __init__(self, client: OpenSyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._read_ms: dict[str, int] = {}
        # Totals above ours though no row is missing here, and since when they are known.
        self._unclear: dict[str, tuple[Payload, int]] = {}
        self._failures = 0

    def may_have_written(self, state: RemoteState, own_ms: int | None) -> bool:
        """Return whether to read a session; `own_ms` is the wall time when it was only ours.

        That is not known where a policy has removed what was sent.
        """
        own_age_ms = self._clock.wall_ms() - (own_ms or 0)
        read_age_ms = self._clock.steady_ms() - self._read_ms.get(state.session_id, 0)
        # What is in the future was written down while the machine's clock was wrong.
        is_old = not any(0 <= age_ms <= ELSEWHERE_MS for age_ms in (own_age_ms, read_age_ms))
        is_unknown = state.sent is not None and not held_state.knows_totals(state)
        return state.is_preexisting or is_old or is_unknown

    def wait_for(self, session_id: str, held: Payload) -> int:
        """Return until when another machine may continue to send a session that it began to send.

        It sends its totals before its rows; after a longer pause it reads what is there itself.
        """
        now_ms, written = self._clock.steady_ms(), held_state.written(held)
        before, since_ms = self._unclear.get(session_id, (None, now_ms))
        if before != written or since_ms > now_ms:
            since_ms = now_ms
        self._unclear[session_id] = written, since_ms
        updated_ms, age_ms = held.get("updatedAt"), None
        if isinstance(updated_ms, (int, float)):
            age_ms = self._client.backend_clock.age_ms(updated_ms)
        if age_ms is not None:
            since_ms = min(since_ms, now_ms - age_ms)
        return since_ms + ELSEWHERE_MS

    def forget(self, session_id: str) -> None:
        """Forget for how long a state is known: ours has replaced it."""
        self._unclear.pop(session_id, None)

    def read(self, session_id: str) -> Mapping[str, Payload] | None:
        """Return the states of the newest sessions, by id; None if they cannot be read.

        Raises Retryable, Unauthorized or Unsent where it may be possible later.
        """
        try:
            held = self._client.newest_sessions()
        except Unsent:
            raise
        except DestinationError as error:
            self._failures += 1
            if self._failures > _MAX_FAILURES:
                return None
            if self._failures == _MAX_FAILURES:
                log.warning("totals of other machines may be replaced by older ones (%s)", error)
            if isinstance(error, Retryable | Unauthorized):
                raise
            raise Retryable(error.message, hint=error.hint) from None
        self._failures = 0
        now_ms = self._clock.steady_ms()
        recent = {name: at for name, at in self._read_ms.items() if now_ms - at <= ELSEWHERE_MS}
        self._read_ms = {**recent, session_id: now_ms}
        return held
