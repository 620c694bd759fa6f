"""Read what the backend holds of sessions to which another machine may have written.

Reading costs its owner as much as a write. So it is done before the first rows and before each
state of a session that another machine is known to have, and of others after a while only.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ccsync_watch.errors import DestinationError, Retryable, Unauthorized, Unsent
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
        self._failures = 0

    def may_have_written(self, state: RemoteState, own_ms: int | None) -> bool:
        """Return whether to read a session; `own_ms` is when it was certainly only ours."""
        last_ms = max(own_ms or 0, self._read_ms.get(state.session_id, 0))
        is_old = self._clock.wall_ms() - last_ms > ELSEWHERE_MS
        return state.is_preexisting or is_old

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
        now_ms = self._clock.wall_ms()
        recent = {name: at for name, at in self._read_ms.items() if now_ms - at <= ELSEWHERE_MS}
        self._read_ms = {**recent, session_id: now_ms}
        return held
