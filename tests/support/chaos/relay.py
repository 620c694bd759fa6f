"""A proxy before the backend that cuts, delays and reorders requests and answers, by a seed."""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from typing_extensions import Self

_WAYS = (
    "cut-before",  # the request never arrives
    "cut-request",  # half of the request arrives
    "cut-after",  # it is carried out, and nothing is answered
    "cut-answer",  # half of the answer arrives
    "delay-request",
    "delay-answer",
    "reorder",  # the answer waits for that of a later request
    "trickle",  # the answer comes byte by byte
)
_OWN_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_REORDER_SECONDS = 1.0
_TARGET_SECONDS = 30.0


@dataclass
class ChaosProxy:
    """Passes requests on to `target`; a share of `rate` goes wrong, in ways that `seed` decides.

    `counts` has how often each did. `bodies` has what arrived here, by the `sender` of that time:
    also requests that never reach the backend have left the machine.
    """

    target: str
    seed: str
    sender: str = ""
    rate: float = 0.0
    longest_seconds: float = 2.0
    counts: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, list[bytes]] = field(default_factory=dict)
    _numbers: int = 0
    _answered: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="chaos-proxy"
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; requests under way are cut."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The address to configure."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def decide(self, body: bytes) -> tuple[int, str | None, random.Random]:
        """Keep a request, and return its number and what happens to it."""
        with self._changed:
            self.bodies.setdefault(self.sender, []).append(body)
            self._numbers += 1
            number = self._numbers
            chance = random.Random(f"proxy {self.seed} {number}")  # noqa: S311 - repeatable
            way = chance.choice(_WAYS) if chance.random() < self.rate else None
            if way:
                self.counts[way] = self.counts.get(way, 0) + 1
            return number, way, chance

    def note_answer(self, number: int) -> None:
        """Let answers go that wait for this one."""
        with self._changed:
            self._answered = max(self._answered, number)
            self._changed.notify_all()

    def wait_for_later(self, number: int) -> None:
        """Wait until a later request was answered, or for a second."""
        with self._changed:
            self._changed.wait_for(lambda: self._answered > number, _REORDER_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, proxy: ChaosProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as inherited
        """Say nothing: clients are killed at any moment."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Say nothing."""

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        proxy = self.server.proxy
        number, way, chance = proxy.decide(body)
        if way == "cut-before":
            return self._cut()
        if way == "delay-request":
            threading.Event().wait(chance.uniform(0, proxy.longest_seconds))
        try:
            if way == "cut-request":
                self._send_half(body)
                return self._cut()
            status, headers, answer = self._ask(body)
        except (OSError, http.client.HTTPException):
            return self._cut()  # as the backend did
        if way == "cut-after":
            return self._cut()
        if way == "delay-answer":
            threading.Event().wait(chance.uniform(0, proxy.longest_seconds))
        elif way == "reorder":
            proxy.wait_for_later(number)
        self._answer(status, headers, answer, way)
        proxy.note_answer(number)
        return None

    do_GET = do_POST = handle_request  # noqa: N815 - the base class's names

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        address = urlsplit(self.server.proxy.target)
        connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=_TARGET_SECONDS
        )
        with contextlib.closing(connection):
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in _OWN_HEADERS
            }
            connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()

    def _send_half(self, body: bytes) -> None:
        """Send the request without the second half of its body, and hang up."""
        address = urlsplit(self.server.proxy.target)
        place = (address.hostname or "", address.port or 0)
        with socket.create_connection(place, _TARGET_SECONDS) as connection:
            head = f"{self.command} {self.path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            key = self.headers.get("Authorization", "")
            head += f"Authorization: {key}\r\nContent-Length: {len(body) or 10}\r\n\r\n"
            connection.sendall(head.encode() + body[: len(body) // 2])

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, way: str | None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if way == "cut-answer":
            self.wfile.write(body[: len(body) // 2])
            self._cut()
        elif way == "trickle":
            for at in range(0, len(body), 20):
                self.wfile.write(body[at : at + 20])
                threading.Event().wait(0.01)
        else:
            self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
