"""Where the daemon listens: a Unix socket, or a loopback port with a token where there are none.

The daemon chooses it, the pidfile carries it as one string, and the client connects to it. The
token replaces the socket's file mode: the pidfile is as private as the socket would be.
"""

from __future__ import annotations

import os
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path

HAS_UNIX = hasattr(socket, "AF_UNIX")
SOCKET_NAME = "control.sock"
_LOCALHOST = "127.0.0.1"
_LOOPBACK = re.compile(r"127\.0\.0\.1:([0-9]{1,5})/([0-9A-Za-z_-]+)")
# The kernel's limit is 108 bytes on Linux and 104 on macOS, the closing NUL included.
_MAX_SOCKET_PATH = 100
_TEMPORARY_PREFIX = "ccsync-"
_RETRY_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class ControlAddress:
    """A socket's `path`, or, where that is None, a loopback `port` and its `token`."""

    path: Path | None = None
    port: int = 0
    token: str | None = None

    @classmethod
    def parse(cls, text: str) -> ControlAddress:
        """Read an address from a pidfile."""
        loopback = _LOOPBACK.fullmatch(text)
        if loopback:
            return cls(port=int(loopback[1]), token=loopback[2])
        return cls(path=Path(text))

    def __str__(self) -> str:
        """Return the address as a pidfile carries it."""
        return str(self.path) if self.path else f"{_LOCALHOST}:{self.port}/{self.token}"

    @property
    def authorization(self) -> str | None:
        """The value of the Authorization header that every request needs; None for a socket."""
        return f"Bearer {self.token}" if self.token else None

    def is_there(self) -> bool:
        """Return whether the socket was not deleted."""
        return self.path is None or self.path.exists()

    def connect(self, seconds: float) -> socket.socket:
        """Connect, waiting at most so long for each operation. Raises OSError."""
        if self.path is None:
            return socket.create_connection((_LOCALHOST, self.port), seconds)
        until = time.monotonic() + seconds
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(seconds)
            try:
                connection.connect(str(self.path))
            except BlockingIOError:
                # Many others are not accepted yet. With a time limit, connecting does not wait.
                connection.close()
                if time.monotonic() >= until:
                    raise TimeoutError from None
                time.sleep(_RETRY_SECONDS)
            except OSError:
                connection.close()
                raise
            else:
                return connection


def listen(
    folder: Path, backlog: int, *, is_unix: bool = HAS_UNIX
) -> tuple[socket.socket, ControlAddress]:
    """Choose the address for a state folder and listen there. Raises OSError.

    The caller holds the state folder's lock.
    """
    if not is_unix:
        # Loaded here: only who listens needs it, and no client.
        import secrets  # noqa: PLC0415 - see above

        listener = socket.create_server((_LOCALHOST, 0), backlog=backlog)
        port = int(listener.getsockname()[1])
        return listener, ControlAddress(port=port, token=secrets.token_urlsafe(32))
    path = socket_path(folder)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o177)
    try:
        # The caller holds the lock: a socket found here belongs to a daemon that died.
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        # From here on a client waits to be accepted instead of being refused.
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        error.filename = str(path)
        raise
    finally:
        os.umask(umask)
    return listener, ControlAddress(path=path)


def socket_path(folder: Path) -> Path:
    """Return the control socket's path: in the state folder if that path is short enough.

    Otherwise it is in a private temporary folder, and clients find it through the pidfile.
    """
    path = folder / SOCKET_NAME
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        return path
    # Loaded here: only who listens needs it, and no client.
    import tempfile  # noqa: PLC0415 - see above

    path = Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX)) / SOCKET_NAME
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        return path
    path.parent.rmdir()
    return Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX, dir="/tmp")) / SOCKET_NAME


def remove_socket(address: ControlAddress, folder: Path) -> None:
    """Remove a socket, and the temporary folder that was made for it. Raises OSError."""
    if address.path is None:
        return
    address.path.unlink()
    if address.path.parent != folder:
        address.path.parent.rmdir()
