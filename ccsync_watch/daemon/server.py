"""Serve the control API on a Unix socket, in a thread of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from ccsync_watch.errors import StateError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SOCKET_NAME = "control.sock"
# The kernel's limit is 108 bytes on Linux and 104 on macOS, the closing NUL included.
_MAX_SOCKET_PATH = 100
_JOIN_SECONDS = 1.5
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


class ControlServer:
    """The server thread; it listens from construction to `stop`. Raises StateError."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self.path = socket_path(folder)
        self._is_temporary = self.path.parent != folder
        self._socket = _bound(self.path)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="warning",
                access_log=False,
                lifespan="off",
                loop="asyncio",
                http="h11",
                ws="none",
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="control", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and take the socket away."""
        self._server.should_exit = True
        self._thread.join(_JOIN_SECONDS)
        self._socket.close()
        with contextlib.suppress(OSError):
            self.path.unlink()
            if self._is_temporary:
                self.path.parent.rmdir()
