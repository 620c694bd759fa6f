"""HTTP connections with limits against slow clients: how long a request may take to arrive.

uvicorn lets a client send half a request and keep its connection for ever; with a few hundred of
those, any program on this machine prevents all others from being answered. Where all connections
are busy with answers, a new client is answered so, and keeps its connection until then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp, Receive, Scope, Send

IsAccepted: TypeAlias = Callable[[tuple[str, int], tuple[str, int]], bool]
"""Whether a connection is accepted, by the addresses of its client and of the server."""

REQUEST_SECONDS = 10.0
STALL_SECONDS = 30.0
BUSY_HEADERS = {"connection": "close", "retry-after": "2"}
"""Of an answer that comes because all connections are busy."""
# One of so many is for those whose answer is that the others are busy.
_SPARE_SHARE = 8


class LimitedConnection(H11Protocol):
    """A connection that is closed when its client takes too long; see `limited_connections`.

    `waiting` are those of one server that wait for their clients, the first of them the longest;
    `opened` are all that are not closed yet, but for those that are answered that others are busy.
    """

    most: ClassVar[int]
    request_seconds: ClassVar[float]
    stall_seconds: ClassVar[float]
    waiting: ClassVar[dict[LimitedConnection, None]]
    opened: ClassVar[set[LimitedConnection]]
    _deadline: asyncio.TimerHandle | None = None
    _is_stalled = False

    @staticmethod
    def is_accepted(_client: tuple[str, int], _server: tuple[str, int]) -> bool:
        """Return whether a connection is accepted; see `limited_connections`."""
        return True

    @staticmethod
    async def when_busy(_scope: Scope, _receive: Receive, _send: Send) -> None:
        """Answer while all connections are busy; see `limited_connections`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as inherited
        """Begin; of too many connections close the one that has waited for the longest time."""
        super().connection_made(transport)
        if not self._is_accepted():
            self.close()
            return
        self.opened.add(self)
        self._update()
        if len(self.opened) > self.most and self.waiting:
            next(iter(self.waiting)).close()

    def data_received(self, data: bytes) -> None:
        """Read what came; it may complete a request."""
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]  # at first
            # What answers a request is decided when it begins, and not by the rest of its body.
            busy = len(self.opened) - len(self.waiting)
            is_full = busy >= self.most - self.most // _SPARE_SHARE
            self.app = self._answer_busy if is_full else self.config.loaded_app
        super().data_received(data)
        self._update()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._update()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._is_stalled = True
        self._update()

    def resume_writing(self) -> None:
        """Continue: the client has read."""
        super().resume_writing()
        self._is_stalled = False
        self._stop_waiting()
        self._update()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_waiting()
        self.opened.discard(self)
        super().connection_lost(exc)

    def close(self) -> None:
        """Close the connection at once, whatever has not arrived or was not sent."""
        self._stop_waiting()
        self.opened.discard(self)
        self.transport.abort()

    async def _answer_busy(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say that all are busy, once the request has arrived whole.

        A connection that is closed before its client has sent everything is reset, and the answer
        is lost.
        """
        while (await receive()).get("more_body"):
            pass
        await self.when_busy(scope, receive, send)

    def _is_accepted(self) -> bool:
        if self.client is None or self.server is None or self.server[1] is None:
            return True  # not of a network
        return self.is_accepted(self.client, (self.server[0], self.server[1]))

    def _update(self) -> None:
        """Limit the time from now on if it is the client's turn, to send or to read."""
        is_incomplete = self.conn.their_state in {h11.IDLE, h11.SEND_BODY}
        if self.app == self._answer_busy and not is_incomplete:
            self.opened.discard(self)  # gone in a moment: no new one has to be closed for it
        if not (is_incomplete or self._is_stalled) or self.transport.is_closing():
            self._stop_waiting()
        elif self._deadline is None:
            seconds = self.stall_seconds if self._is_stalled else self.request_seconds
            self._deadline = self.loop.call_later(seconds, self.close)
            self.waiting[self] = None

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self.waiting.pop(self, None)


def limited_connections(
    *,
    most: int,
    when_busy: ASGIApp,
    request_seconds: float = REQUEST_SECONDS,
    stall_seconds: float = STALL_SECONDS,
    is_accepted: IsAccepted = lambda _client, _server: True,
) -> type[LimitedConnection]:
    """Return the protocol of a server that has at most so many connections.

    A request must arrive completely within `request_seconds`, and a client must not stop reading
    its answer for `stall_seconds`. Of too many connections the one is closed that has waited for
    its client for the longest time, so that a new one is served. While seven of eight are busy
    with answers, further requests are answered by `when_busy`, which must close the connection.
    Those that are not accepted, by the addresses of both ends, are closed at once.
    """
    limits = {
        "most": most,
        "when_busy": staticmethod(when_busy),
        "request_seconds": request_seconds,
        "stall_seconds": stall_seconds,
        "waiting": {},
        "opened": set(),
        "is_accepted": staticmethod(is_accepted),
    }
    return type("LimitedConnection", (LimitedConnection,), limits)
