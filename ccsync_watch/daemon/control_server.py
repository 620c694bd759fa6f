"""Serve the control API on a Unix socket, in a thread of its own.

Where there are no Unix sockets, on a loopback port, to whoever shows the token that the daemon's
note holds: the note is as private as the socket would be.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response

from ccsync_watch.daemon.asgi_server import ServerThread
from ccsync_watch.errors import StateError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HAS_UNIX = hasattr(socket, "AF_UNIX")
SOCKET_NAME = "control.sock"
# The kernel's limit is 108 bytes on Linux and 104 on macOS, the closing NUL included.
_MAX_SOCKET_PATH = 100
_BACKLOG = 64
_TEMPORARY_PREFIX = "ccsync-"


def socket_path(folder: Path) -> Path:
    """Return where the control socket stands: in the state folder if its path is short enough.

    Else in a private folder for temporary files, which the daemon's note then names.
    """
    path = folder / SOCKET_NAME
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        return path
    made = Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX)) / SOCKET_NAME
    if len(os.fsencode(made)) <= _MAX_SOCKET_PATH:
        return made
    made.parent.rmdir()
    return Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX, dir="/tmp")) / SOCKET_NAME


def _bound(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        # Whoever binds holds the state folder's lock: a socket found here is a dead daemon's.
        path.unlink(missing_ok=True)
        made.bind(str(path))
        # From here on a caller waits to be accepted instead of being refused.
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise StateError(
            f"cannot make the control socket {path}: {error.strerror or error}",
            hint="make its folder writable, or set CCSYNC_WATCH_HOME to one on a local disk",
        ) from None
    finally:
        os.umask(before)
    return made


def _guarded(app: ASGIApp, token: str) -> ASGIApp:
    """Return the app for those who show the token, and 401 for the others."""
    expected = f"Bearer {token}".encode()

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        shown = dict(scope.get("headers") or ()).get(b"authorization", b"")
        if secrets.compare_digest(shown, expected):
            await app(scope, receive, send)
        else:
            await Response(status_code=401)(scope, receive, send)

    return guarded


class ControlServer:
    """The server thread; it listens from construction to `stop`. Raises StateError.

    `address` is what the daemon's note says: a socket's path, or a loopback port with its token.
    """

    def __init__(self, app: ASGIApp, folder: Path, *, is_unix: bool = HAS_UNIX) -> None:
        self.path: Path | None = socket_path(folder) if is_unix else None
        self._is_temporary = self.path is not None and self.path.parent != folder
        if self.path is not None:
            listening = _bound(self.path)
            self.address = str(self.path)
        else:
            token = secrets.token_urlsafe(32)
            listening = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
            self.address = f"127.0.0.1:{listening.getsockname()[1]}/{token}"
            app = _guarded(app, token)
        self._serving = ServerThread(app, listening, name="control", log_level="warning")

    def stop(self) -> None:
        """Stop listening and take the socket away."""
        self._serving.stop()
        if self.path is None:
            return
        with contextlib.suppress(OSError):
            self.path.unlink()
            if self._is_temporary:
                self.path.parent.rmdir()
