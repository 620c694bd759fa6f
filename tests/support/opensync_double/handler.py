"""One connection to the double: requests in, the plan's and the backend's word out."""

from __future__ import annotations

import contextlib
import gzip
import socket
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from support.opensync_double.faults import Fault, Reply, spoil, with_errors
from support.opensync_double.records import Answer
from support.opensync_double.wire import row_counts

if TYPE_CHECKING:
    from support.opensync_double.server import Listener

ELSEWHERE = "/elsewhere"


class Handler(BaseHTTPRequestHandler):
    """One connection; requests follow each other until either side closes."""

    protocol_version = "HTTP/1.1"
    server_version = "opensync-double"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write per answer
    server: Listener

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the date of an answer: the backend's, not this machine's."""
        now = self.server.double.backend.clock() if timestamp is None else timestamp
        return formatdate(now, usegmt=True)

    def handle_request(self) -> None:
        """Read one request, ask the plan, ask the backend, answer."""
        double = self.server.double
        path = urlsplit(self.path).path
        body = self._read_body()
        if path.startswith(ELSEWHERE):
            self._record(path, body, None)
            self._send(_ok_to_everything(path, body))
            return
        fault = double.decide(path)
        self._record(path, body, fault)
        answer = self._carried_out(path, body, fault)
        if fault is None:
            self._send(answer)
            return
        if fault.delay_seconds:
            self.server.stopping.wait(fault.delay_seconds)
        self._reply(fault, answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = handle_request  # noqa: N815 - the base class's names

    def _carried_out(self, path: str, body: bytes, fault: Fault | None) -> Answer:
        if fault is not None and not fault.stores:
            return Answer(fault.status, fault.body, fault.content_type)
        errors: list[str] = []
        if fault is not None:
            body, errors = spoil(fault, body)
        backend = self.server.double.backend
        target = path if path.startswith(ELSEWHERE) else self.path
        answer = backend.answer(self.command, target, self.headers["Authorization"], body)
        return with_errors(answer, errors)

    def _reply(self, fault: Fault, answer: Answer) -> None:
        if fault.reply is Reply.NOTHING:
            self._hang_up()
        elif fault.reply is Reply.GENUINE:
            self._send(answer)
        elif fault.reply is Reply.HALF:
            self._send(answer, body=answer.body[: len(answer.body) // 2])
            self.wfile.flush()
            self._hang_up()
        else:
            made_up = Answer(fault.status, fault.body, fault.content_type)
            self._send(made_up, headers=self._fault_headers(fault))

    def _fault_headers(self, fault: Fault) -> dict[str, str]:
        headers: dict[str, str] = {}
        if fault.retry_after_seconds is not None:
            wait = fault.retry_after_seconds
            # A date is read against the client's clock, which the double's own stands for.
            date = formatdate(self.server.double.backend.clock() + wait, usegmt=True)
            headers["Retry-After"] = date if fault.retry_after_is_date else str(wait)
        if fault.redirects:
            # Another host name for the same socket: a client that follows is caught red-handed.
            port = self.server.server_address[1]
            headers["Location"] = f"http://localhost:{port}{ELSEWHERE}{self.path}"
        return headers

    def _send(
        self, answer: Answer, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> None:
        # As what stands before the hosted backend may do for clients that accept it.
        is_compressed = (
            body is None
            and answer.status != 204
            and "gzip" in self.headers.get("Accept-Encoding", "")
        )
        whole = gzip.compress(answer.body, 1) if is_compressed else answer.body
        self.send_response(answer.status)
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(whole)))
        if is_compressed:
            self.send_header("Content-Encoding", "gzip")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(whole if body is None else body)

    def _record(self, path: str, body: bytes, fault: Fault | None) -> None:
        self.server.double.backend.record(
            self.command,
            path,
            self.headers["Authorization"],
            body,
            fault=fault.name if fault else None,
        )

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return b"".join(iter(self._read_chunk, b""))
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            # The client gave up half-way: nothing of a cut body may be taken for a request.
            raise ConnectionResetError("the request's body was cut")
        return body

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _hang_up(self) -> None:
        self.close_connection = True
        cut(self.connection)


def cut(connection: socket.socket) -> None:
    """End a connection from any thread; both sides see it closed."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _ok_to_everything(path: str, body: bytes) -> Answer:
    """Say what a full acknowledgement would say; keep nothing."""
    sessions, messages = row_counts(path, body)
    return Answer.of({"ok": True, "sessions": sessions, "messages": messages, "errors": []})
