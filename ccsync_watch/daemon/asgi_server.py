"""An ASGI app in a thread of its own, on sockets that listen already."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import uvicorn

from ccsync_watch.daemon.http_connections import limited_connections

if TYPE_CHECKING:
    import socket

    from starlette.types import ASGIApp

    from ccsync_watch.daemon.http_connections import IsAccepted

_JOIN_SECONDS = 1.5


class ServerThread:
    """Serves from construction to `stop`, in a thread called `name`.

    It has at most `most_connections`; a client that is slow loses its own. `options` are further
    settings of uvicorn's.
    """

    def __init__(
        self,
        app: ASGIApp,
        listeners: list[socket.socket],
        *,
        name: str,
        most_connections: int,
        is_accepted: IsAccepted = lambda _client, _server: True,
        **options: Any,  # noqa: ANN401 - as uvicorn has them
    ) -> None:
        self._listeners = listeners
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                loop="asyncio",
                http=limited_connections(most=most_connections, is_accepted=is_accepted),
                ws="none",
                timeout_graceful_shutdown=1,
                **options,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=(listeners,), name=name, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and close the sockets."""
        self._server.should_exit = True
        self._thread.join(_JOIN_SECONDS)
        for listener in self._listeners:
            listener.close()
