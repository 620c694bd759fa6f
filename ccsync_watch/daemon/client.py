"""Ask the running daemon: the other end of the control socket."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.daemon.lock import is_alive, read_note
from ccsync_watch.errors import NotAnswering, NotRunning

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.daemon.lock import Note

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
    note = read_note(folder)
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
    """HTTP over the control socket. The standard library's: it is loaded in no time."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("daemon", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _exchange(
    note: Note, path: str, body: dict[str, Any] | None, seconds: float
) -> tuple[int, bytes]:
    connection = _Connection(str(note.socket), seconds)
    try:
        data = None if body is None else orjson.dumps(body)
        connection.request("GET" if data is None else "POST", path, data)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _listens(note: Note, seconds: float) -> bool:
    """Tell whether somebody has the socket: the process id may be another's by now."""
    if not is_alive(note.pid):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(seconds)
        try:
            probe.connect(str(note.socket))
        except TimeoutError:
            return True  # it does not accept: the greeting will tell
        except OSError:
            return False
    return True


def _answer(status: int, content: bytes, note: Note, folder: Path) -> dict[str, Any]:
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        answer = None
    if isinstance(answer, dict) and status == http.client.OK:
        return answer
    if isinstance(answer, dict) and status == http.client.SERVICE_UNAVAILABLE:
        raise NotAnswering(str(answer.get("error")), hint=str(answer.get("hint")))
    raise _silent(note, folder, f"failed to answer (HTTP {status})")


def _silent(note: Note, folder: Path, what: str) -> NotAnswering:
    return NotAnswering(
        f"ccsync-watch (process {note.pid}) {what}",
        hint=f"see {folder / 'log'}; `kill -9 {note.pid}` ends it, and nothing is lost",
    )
