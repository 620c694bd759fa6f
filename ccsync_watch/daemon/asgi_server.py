"""An ASGI app in a thread of its own, on sockets that listen already."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

import uvicorn

from ccsync_watch.daemon.http_connections import limited_connections

if TYPE_CHECKING:
    import socket

    from starlette.types import ASGIApp

    from ccsync_watch.daemon.http_connections import IsAccepted

_JOIN_SECONDS = 1.5
# A loop opens its selector and a pair of sockets.
_LOOP_FILES = 3


def _check_descriptors() -> None:
    """Raise OSError where a loop could not be made: a half-made one prints a traceback."""
    with contextlib.ExitStack() as opened:
        for _ in range(_LOOP_FILES):
            opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """Drop the traceback of a request whose answer was not ready when the server ended."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


class ServerThread:
    """Serves from construction to `stop`, in a thread called `name`.

    It has at most `most_connections`; a client that is slow loses its own, and `when_busy` answers
    those for whom there is none. `options` are further settings of uvicorn's. Raises OSError with
    too many open files: a thread could tell nobody.
    """

    def __init__(
        self,
        app: ASGIApp,
        listeners: list[socket.socket],
        *,
        name: str,
        most_connections: int,
        when_busy: ASGIApp,
        is_accepted: IsAccepted = lambda _client, _server: True,
        **options: Any,  # noqa: ANN401 - as uvicorn has them
    ) -> None:
        self._listeners = listeners
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                loop="asyncio",
                http=limited_connections(
                    most=most_connections, when_busy=when_busy, is_accepted=is_accepted
                ),
                ws="none",
                timeout_graceful_shutdown=1,
                **options,
            )
        )
        _check_descriptors()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._server.serve(sockets=self._listeners))
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def stop(self) -> None:
        """Stop listening, and close the sockets."""
        self._server.should_exit = True
        self._thread.join(_JOIN_SECONDS)
        for listener in self._listeners:
            listener.close()
