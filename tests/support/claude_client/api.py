"""A scripted Messages API on loopback: the only model that the client reaches in tests.

The prompts contain its answers (see `script`). It records the requests, its answers, and how often
each reply was requested, so that an error can be temporary. It makes no request itself.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from support.claude_client.playback import (
    Event,
    Json,
    Turn,
    find_part,
    message_events,
    next_turn,
    whole_message,
)
from support.claude_client.recorded import MESSAGES_PATH, RecordedAnswer, RecordedRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from support.claude_client.script import Part

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass
class ScriptedMessagesApi:
    """Serve scripted answers on a free loopback port for as long as the context lasts.

    `clock` is the time of the records, which a test may set to that of a client whose clock is
    another.
    """

    requests: list[RecordedRequest] = field(default_factory=list)
    answers: list[RecordedAnswer] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    clock: Callable[[], float] = time.time
    _attempts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_closing: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Bind the port, so that `url` is known before the server runs."""
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """The address for ANTHROPIC_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def messages_requests(self) -> list[RecordedRequest]:
        """The requests to the model, in order."""
        return [request for request in list(self.requests) if request.is_messages]

    def __enter__(self) -> Self:
        """Start the server."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server, ending delays early; raise the first error inside it."""
        self._is_closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self.failures and error is None:
            raise self.failures[0]

    def record(self, request: RecordedRequest) -> None:
        """Record a request."""
        with self._lock:
            self.requests.append(request)

    def record_answer(self, answer: RecordedAnswer) -> None:
        """Record what is being answered."""
        with self._lock:
            self.answers.append(answer)

    def pause(self, seconds: float) -> None:
        """Wait, unless the server is closing."""
        self._is_closing.wait(seconds)

    def is_spent(self, part: Part, key: str) -> bool:
        """Count an attempt at `key`; return whether the part was played all its `times`."""
        with self._lock:
            self._attempts[key] += 1
            return part["times"] is not None and self._attempts[key] > part["times"]


class _Server(ThreadingHTTPServer):
    """Give each connection to a handler that knows the API."""

    # A client that keeps an idle connection open must not delay the end of a test.
    daemon_threads = True
    # Ten clients at the same moment wait for none of them.
    request_queue_size = 128

    def __init__(self, api: ScriptedMessagesApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - as inherited
        """Record a defect for the test; a client that disconnects is not a defect."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError):
            self.api.failures.append(error)


class _Handler(BaseHTTPRequestHandler):
    """Answer one request."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Answer requests for the root; any other path is a 404."""
        self._record()
        self._json(200, {}) if self.path == "/" else self._error(404)

    do_HEAD = do_DELETE = do_OPTIONS = do_PATCH = do_PUT = do_GET  # noqa: N815 - their names

    def do_CONNECT(self) -> None:
        """Answer as the client's proxy: only a tunnel to the API itself is opened.

        A request to any other address comes here. Clients before 2.0 send all of them here,
        NO_PROXY or not; what follows on the connection is then an ordinary request.
        """
        if self.path == self.server.api.url.removeprefix("http://"):
            self.send_response_only(200, "Connection Established")
            self.end_headers()
            self.close_connection = False
        else:
            self.do_GET()

    def do_POST(self) -> None:
        """Answer a request for messages or for a count of tokens."""
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self._path == MESSAGES_PATH:
            self._messages(json.loads(raw))
            return
        self._record()
        if self._path == f"{MESSAGES_PATH}/count_tokens":
            self._json(200, {"input_tokens": max(1, len(raw) // 4)})
        else:
            self._error(404)

    @property
    def _path(self) -> str:
        return self.path.partition("?")[0]

    @property
    def _session_id(self) -> str:
        return self.headers.get("x-claude-code-session-id", "")

    def _record(self) -> None:
        self.server.api.record(RecordedRequest(self.command, self._path, self.server.api.clock()))

    def _messages(self, body: Json) -> None:
        api, model = self.server.api, body["model"]
        try:
            turn = next_turn(body)
        except Exception as defect:  # noqa: BLE001 - the test reports it, whatever it is
            # A final status, because the client would retry a broken connection for minutes.
            api.failures.append(defect)
            self._error(400)
            return
        request = RecordedRequest.of_messages(self._session_id, body, turn, api.clock())
        api.record(request)
        key = f"{self._session_id} {turn}"
        error, cut = find_part(turn.reply, "error"), find_part(turn.reply, "cut")
        if error is not None and not api.is_spent(error, f"error {key}"):
            self._error(error["status"])
            return
        is_cut = cut is not None and not api.is_spent(cut, f"cut {key}")
        answer = RecordedAnswer(request, api.clock())
        api.record_answer(answer)
        if body.get("stream"):
            self._stream(turn, answer, is_cut=is_cut)
        elif is_cut:
            self.close_connection = True
        else:
            message = whole_message(turn.reply, model)
            answer.add_whole(message)
            self._json(200, message)

    def _stream(self, turn: Turn, answer: RecordedAnswer, *, is_cut: bool) -> None:
        self._head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        for event in message_events(turn.reply, answer.request.model, is_cut=is_cut):
            if isinstance(event, Event):
                answer.add(event)
                data = json.dumps({"type": event.name, **event.data})
                self._chunk(f"event: {event.name}\ndata: {data}\n\n".encode())
            else:
                self.server.api.pause(event.seconds)
        if not is_cut:
            self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _error(self, status: int) -> None:
        kind = ERROR_TYPES.get(status, "api_error")
        answer = {"type": kind, "message": f"scripted {status}"}
        self._json(status, {"type": "error", "error": answer})

    def _json(self, status: int, answer: Json) -> None:
        data = json.dumps(answer).encode()
        self._head(status, {"content-type": "application/json", "content-length": str(len(data))})
        if self.command != "HEAD":
            self.wfile.write(data)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        identity = {"request-id": f"req_{uuid.uuid4().hex[:24]}", "connection": "close"}
        for name, value in {**identity, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Print nothing."""
