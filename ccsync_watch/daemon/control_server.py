"""Serve the control API on the state folder's address, in a thread of its own."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from ccsync_watch.control.address import HAS_UNIX, listen, remove_socket
from ccsync_watch.daemon.asgi_server import ServerThread
from ccsync_watch.daemon.http_connections import BUSY_HEADERS
from ccsync_watch.disk_faults import state_error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_BACKLOG = 64
_MAX_CONNECTIONS = 200
_BUSY = {
    "error": "ccsync-watch is busy with other requests",
    "hint": "wait until some of them have ended, such as `ccsync-watch sync-now`, and try again",
}


class ControlServer:
    """The server thread; it listens from construction to `stop`. Raises StateError."""

    def __init__(self, app: ASGIApp, folder: Path, *, is_unix: bool = HAS_UNIX) -> None:
        self._folder = folder
        try:
            listener, self.address = listen(folder, _BACKLOG, is_unix=is_unix)
        except OSError as error:
            where = Path(error.filename or folder)
            raise state_error(where, error, doing="make the control socket") from None
        if self.address.authorization is not None:
            app = _require_token(app, self.address.authorization)
        try:
            self._server = ServerThread(
                app,
                [listener],
                name="control",
                most_connections=_MAX_CONNECTIONS,
                when_busy=JSONResponse(_BUSY, 503, BUSY_HEADERS),
                log_level="warning",
            )
        except OSError as error:
            listener.close()
            remove_socket(self.address, folder)
            raise state_error(folder, error, doing="serve the control socket in") from None

    def stop(self) -> None:
        """Stop listening, and remove the socket."""
        self._server.stop()
        with contextlib.suppress(OSError):
            remove_socket(self.address, self._folder)


def _require_token(app: ASGIApp, authorization: str) -> ASGIApp:
    """Return an app that answers 401 to requests without this Authorization header."""
    expected = authorization.encode()

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        header = dict(scope.get("headers") or ()).get(b"authorization", b"")
        if secrets.compare_digest(header, expected):
            await app(scope, receive, send)
        else:
            await Response(status_code=401)(scope, receive, send)

    return guarded
