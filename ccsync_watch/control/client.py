"""Ask the running daemon: the other end of the control socket."""

from __future__ import annotations

import http.client
import re
import socket
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.control.pidfile import is_alive, read_pidfile
from ccsync_watch.errors import NotAnswering, NotRunning

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.control.pidfile import Pidfile

# Where there are no Unix sockets: a port of this machine's, and the token it asks for.
_LOOPBACK = re.compile(r"127\.0\.0\.1:([0-9]{1,5})/([0-9A-Za-z_-]+)")
# A daemon that is well says hello in milliseconds, whatever else it does.
HELLO_SECONDS = 3.0


def ask(
    folder: Path,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    seconds: float = 30.0,
    hello_seconds: float = HELLO_SECONDS,
) -> dict[str, Any]:
    """Return the daemon's answer to a GET, or to a POST of `body`.

    Raises NotRunning when none runs, NotAnswering when it hangs, fails, or takes longer than
    `seconds`.
    """
    note = read_pidfile(folder)
    if note is None or note.socket is None or not _listens(note, hello_seconds):
        raise NotRunning("ccsync-watch is not running", hint="start `ccsync-watch`")
    try:
        _exchange(note, "/v1/hello", None, hello_seconds)
        status, content = _exchange(note, path, body, seconds)
    except TimeoutError:
        raise _silent(note, folder, "does not answer") from None
    except (OSError, http.client.HTTPException):
        raise _silent(note, folder, "ended while it was asked") from None
    return _answer(status, content, note, folder)


class _Connection(http.client.HTTPConnection):
    """HTTP to where the daemon listens. The standard library's: it is loaded in no time."""

    def __init__(self, address: str, seconds: float) -> None:
        super().__init__("daemon", timeout=seconds)
        self._address = address

    def connect(self) -> None:
        self.sock = _connected(self._address, self.timeout or HELLO_SECONDS)


def _connected(address: str, seconds: float) -> socket.socket:
    """Connect to a socket's path, or to a loopback port. Raises OSError."""
    port = _LOOPBACK.fullmatch(address)
    if port:
        return socket.create_connection(("127.0.0.1", int(port[1])), seconds)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(seconds)
    try:
        made.connect(address)
    except OSError:
        made.close()
        raise
    return made


def _exchange(
    note: Pidfile, path: str, body: dict[str, Any] | None, seconds: float
) -> tuple[int, bytes]:
    connection = _Connection(str(note.socket), seconds)
    try:
        data = None if body is None else orjson.dumps(body)
        token = _LOOPBACK.fullmatch(str(note.socket))
        headers = {"Authorization": f"Bearer {token[2]}"} if token else {}
        connection.request("GET" if data is None else "POST", path, data, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _listens(note: Pidfile, seconds: float) -> bool:
    """Tell whether somebody has the socket: the process id may be another's by now."""
    if not is_alive(note.pid):
        return False
    try:
        _connected(str(note.socket), seconds).close()
    except TimeoutError:
        return True  # it does not accept: the backend_info will tell
    except OSError:
        return False
    return True


def _answer(status: int, content: bytes, note: Pidfile, folder: Path) -> dict[str, Any]:
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        answer = None
    if isinstance(answer, dict) and status == http.client.OK:
        return answer
    if isinstance(answer, dict) and status == http.client.SERVICE_UNAVAILABLE:
        raise NotAnswering(str(answer.get("error")), hint=str(answer.get("hint")))
    raise _silent(note, folder, f"failed to answer (HTTP {status})")


def _silent(note: Pidfile, folder: Path, what: str) -> NotAnswering:
    return NotAnswering(
        f"ccsync-watch (process {note.pid}) {what}",
        hint=f"see {folder / 'log'}; `kill -9 {note.pid}` ends it, and nothing is lost",
    )
