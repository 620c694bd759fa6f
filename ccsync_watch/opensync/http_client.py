"""Send requests to an OpenSync backend and check its answers; no retries, no state of rows.

Every outcome is an answer that was checked, or one of the errors of `errors.DestinationError`. The
key is sent in one header, is never shown, and never follows a redirect.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from ccsync_watch import __version__
from ccsync_watch.errors import (
    DestinationError,
    Rejected,
    Retryable,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.opensync.asked_pauses import MAX_PAUSE_SECONDS, pause_hint, read_pause
from ccsync_watch.opensync.backend_clock import BackendClock, header_date_ms
from ccsync_watch.opensync.backend_rules import NEWEST_SESSIONS
from ccsync_watch.opensync.bounded_answers import is_web_page, json_object, read_answer
from ccsync_watch.opensync.pace import Pace
from ccsync_watch.opensync.passing_errors import is_passing
from ccsync_watch.opensync.transport import CONNECTION_HINT, make_transport, request_error
from ccsync_watch.opensync.web_app import document_ids
from ccsync_watch.outgoing import BackendInfo
from ccsync_watch.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Secret
    from ccsync_watch.model import Redacted
    from ccsync_watch.opensync.wire import Endpoint, Payload

_TIMEOUT_SECONDS = 30.0
_CONNECT_SECONDS = 10.0
# The list of sessions is a hint; nothing is sent before it is there or given up.
_LIST_SECONDS = 5.0
_MAX_LIST_BYTES = 4 << 20
# Convex keeps connections open; a new one for each line would cost a TLS handshake. Routers
# forget connections that were idle for five minutes or so.
_KEEP_ALIVE_SECONDS = 240.0
# What the backend says of a request; other errors of 4xx are of what stands before it.
_STATUSES_OF_ROWS = frozenset({400, 409, 413, 422})
_MUST_LOG_IN = httpx.codes.NETWORK_AUTHENTICATION_REQUIRED
_MAX_SHOWN_CHARS = 160
_url = functools.lru_cache(maxsize=16)(httpx.URL)
_KEY_HINT = "set api_key to a key of this deployment (osk_…), or run `ccsync-watch login`"
_URL_HINT = "check convex_url: it should end in .convex.cloud and belong to a deployed OpenSync"
_LOGIN_HINT = "if this network has a login page, log in there with a browser: nothing is lost"
_PAGE_HINT = f"{_LOGIN_HINT}; else {_URL_HINT}"


class OpenSyncClient:
    """One backend; safe to use from several threads.

    `backend_clock` is what its answers show of its time; `pace` is that of a backlog;
    `document_ids` are those of sessions that answers named, until somebody takes them.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        api_key: Secret | None,
        *,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self.endpoint = endpoint
        self.host = endpoint.host
        self.backend_clock = BackendClock(clock)
        self.pace = Pace(clock)
        self.document_ids: dict[str, str] = {}
        self._clock = clock
        self._api_key = api_key
        # Not a dict: this type does not show the key.
        self._headers = httpx.Headers(
            {"Accept": "*/*", "User-Agent": f"ccsync-watch/{__version__}"}
        )
        if api_key is not None:
            self._headers["Authorization"] = f"Bearer {api_key.reveal()}"
        # The answers to writes are a few words, which are not worth compressing.
        self._json_headers = httpx.Headers(
            [
                *self._headers.raw,
                (b"Content-Type", b"application/json"),
                (b"Accept-Encoding", b"identity"),
            ]
        )
        self._headers["Accept-Encoding"] = "gzip, deflate"
        self._timeout = httpx.Timeout(
            timeout_seconds, connect=min(timeout_seconds, _CONNECT_SECONDS)
        )
        # Used directly: for each message of a backlog, an httpx.Client takes as long as this again,
        # for cookies, redirects and the like, of which none is wanted.
        self._transport = transport or make_transport(
            endpoint,
            limits=httpx.Limits(keepalive_expiry=_KEEP_ALIVE_SECONDS),
            answer_seconds=2 * timeout_seconds,
        )
        self._is_closed = False

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._is_closed = True
        self.pace.stop()
        self._transport.close()

    def check(self) -> BackendInfo:
        """Test address and key, with as little work for the backend as possible.

        Raises UnexpectedAnswer, Unauthorized or Retryable.
        """
        backend_info = self.check_address()
        self.check_key()
        return backend_info

    def check_address(self) -> BackendInfo:
        """Test the address and compare the clocks; /health answers ok whatever the key is."""
        self.pace.record_request()
        sent_ms = self._clock.steady_ms()
        with self._errors(), self._open("GET", "/health") as opened:
            response = self._read(opened)
        answered_ms, answer = self._clock.steady_ms(), self._parse_answer(response, "/health")
        if answer.get("status") != "ok":
            raise self._unexpected("its /health does not answer as OpenSync does")
        self.backend_clock.read(answer.get("timestamp"), response.headers, sent_ms, answered_ms)
        return BackendInfo(self.backend_clock.skew_seconds)

    def check_clock(self) -> None:
        """Compare the clocks again if one seems to have been set; raises as `check_address`."""
        if self.backend_clock.must_be_read():
            self.check_address()

    def check_key(self) -> None:
        """Test the key by a batch of nothing: the backend looks the key up, and stores nothing."""
        answer = self._request("POST", "/sync/batch", b'{"sessions":[],"messages":[]}')
        if answer.get("errors") != []:
            raise self._unexpected("its /sync/batch does not answer as OpenSync does")

    def list_sessions(self) -> frozenset[str]:
        """Return the ids of the sessions that the backend holds for this key.

        The backend reads every session whole for it, which fails or takes long with many of them;
        an answer that is too large or too late is Retryable.
        """
        until, limit = self._clock.monotonic() + _LIST_SECONDS, httpx.Timeout(_LIST_SECONDS)
        answer = self._request("GET", "/sync/sessions/list", timeout=limit, until=until)
        session_ids = answer.get("sessionIds")
        if not isinstance(session_ids, list):
            raise self._unexpected("its /sync/sessions/list does not answer as OpenSync does")
        return frozenset(session_id for session_id in session_ids if isinstance(session_id, str))

    def newest_sessions(self) -> dict[str, Payload]:
        """Return what the backend holds of the sessions that were written to last, by their ids."""
        answer = self._request("GET", f"/api/sessions?limit={NEWEST_SESSIONS}")
        sessions = answer.get("sessions")
        if not isinstance(sessions, list):
            raise self._unexpected("its /api/sessions does not answer as OpenSync does")
        return {str(held.get("externalId")): held for held in sessions if isinstance(held, dict)}

    def put_session(self, payload: Redacted[Payload]) -> int:
        """Send one session's state; return the bytes sent. Harmless when sent twice."""
        size, answer = self._put("/sync/session", payload.value)
        self.document_ids |= document_ids(payload.value, answer)
        return size

    def put_titled_session(self, payload: Redacted[Payload]) -> int:
        """Send one session's state so that its title replaces no search text; see `search_text`.

        Raises Rejected when the backend does not accept a field of it. Harmless when sent twice.
        """
        body = orjson.dumps({"sessions": [payload.value], "messages": []})
        errors = self._request("POST", "/sync/batch", body).get("errors")
        if not isinstance(errors, list):
            raise self._unexpected("its /sync/batch does not answer as OpenSync does")
        if errors:
            first = self._shorten(str(errors[0]))
            if is_passing(first):
                raise Retryable(f"the backend did not store a session ({first})", hint="")
            raise Rejected(f"the backend rejected a session ({first})", hint="")
        return len(body)

    def put_message(self, payload: Redacted[Payload]) -> int:
        """Send one message; return the bytes sent. Harmless when sent twice."""
        return self._put("/sync/message", payload.value)[0]

    def put_batch(self, payloads: Sequence[Redacted[Payload]]) -> int:
        """Send messages that were certainly never stored; return the bytes sent.

        Anything but an answer without errors and with the full count raises: Rejected when
        certainly none was stored, Retryable when some may have been.
        """
        body = orjson.dumps({"sessions": [], "messages": [payload.value for payload in payloads]})
        answer = self._request("POST", "/sync/batch", body)
        errors, count = answer.get("errors"), answer.get("messages")
        if errors == [] and count == len(payloads):
            return len(body)
        if not isinstance(errors, list) or not isinstance(count, int):
            raise self._unexpected("its /sync/batch does not answer as OpenSync does")
        first = self._shorten(str(errors[0])) if errors else "without naming an error"
        if first.startswith("Messages batch error") and len(errors) == 1 and not count:
            raise Rejected(f"the backend rejected a batch ({first})", hint="")
        raise Retryable(
            f"the backend stored {count} of {len(payloads)} messages ({first})",
            hint="they are sent again one by one",
        )

    def _put(self, path: str, payload: Payload) -> tuple[int, dict[str, Any]]:
        answer = self._request("POST", path, body := orjson.dumps(payload))
        if answer.get("ok") is not True:
            raise self._unexpected(f"its {path} does not answer as OpenSync does")
        return len(body), answer

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        timeout: httpx.Timeout | None = None,
        until: float | None = None,
    ) -> dict[str, Any]:
        self.pace.record_request()
        sent_ms = self._clock.steady_ms()
        with self._errors(), self._open(method, path, body, timeout=timeout) as response:
            whole = self._read(response, until)
        self.backend_clock.compare(whole.headers, sent_ms, self._clock.steady_ms())
        return self._parse_answer(whole, path)

    def _read(self, response: httpx.Response, until: float | None = None) -> httpx.Response:
        """Return an answer with its content, which is neither endless nor too large."""
        try:
            if until is None:
                whole = read_answer(response)
            else:
                is_late = lambda: self._clock.monotonic() > until  # noqa: E731 - short
                whole = read_answer(response, max_bytes=_MAX_LIST_BYTES, is_late=is_late)
        except UnexpectedAnswer as error:
            raise self._unexpected(error.message) from None
        if whole is None and until is not None:
            raise Retryable(f"{self.host} answers too much or too slowly", hint="")
        if whole is None:
            raise self._unexpected("its answer is too large")
        return whole

    @contextlib.contextmanager
    def _open(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        timeout: httpx.Timeout | None = None,
    ) -> Iterator[httpx.Response]:
        """Send a request and provide its answer, of which the content is not read yet."""
        if self._is_closed:
            raise Unsent(f"the connection to {self.host} is closed", hint="")
        request = httpx.Request(
            method,
            _url(f"{self.endpoint.base_url}{path}"),
            headers=self._headers if body is None else self._json_headers,
            content=body,
            extensions={"timeout": (timeout or self._timeout).as_dict()},
        )
        response = self._transport.handle_request(request)
        try:
            yield response
        finally:
            response.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise the errors of a request as this program's own."""
        try:
            yield
        except (httpx.HTTPError, RuntimeError, UnicodeError) as error:
            failure = request_error(error, self.host)
            if not isinstance(failure, Unsent):
                self.pace.record_refusal()
            raise failure from None

    def _parse_answer(self, response: httpx.Response, path: str) -> dict[str, Any]:
        status = response.status_code
        if status == httpx.codes.UNAUTHORIZED or (
            # A firewall that blocks an address, or words in a row, answers with a page.
            status == httpx.codes.FORBIDDEN and json_object(response) is not None
        ):
            raise Unauthorized(f"{self.host} does not accept the API key", hint=_KEY_HINT)
        if response.is_redirect:
            raise self._unexpected(f"it redirects (HTTP {status})", hint=_PAGE_HINT)
        if status == httpx.codes.NOT_FOUND:
            raise self._unexpected(f"{path} is missing")
        error_text = self._error_text(response)
        is_too_large = status == httpx.codes.REQUEST_ENTITY_TOO_LARGE
        is_of_row = status in _STATUSES_OF_ROWS and not is_passing(error_text)
        if is_too_large or (error_text and is_of_row):
            raise Rejected(
                f"{self.host} answered HTTP {status}{error_text}",
                hint="the row is kept and shown by `ccsync-watch status`",
            )
        if response.is_error:
            self.pace.record_refusal()
            # By the clock that the answer is dated by: ours may be hours away from it.
            answered_ms = header_date_ms(response.headers) or self.backend_clock.now_ms
            pause = read_pause(response.headers.get("Retry-After", ""), answered_ms)
            raise Retryable(
                f"{self.host} answered HTTP {status}{error_text}",
                hint=pause_hint(pause, self._clock.wall_ms()) if pause else _hint_of(status),
                retry_after=None if pause is None else min(pause, MAX_PAUSE_SECONDS),
                is_throttled=status == httpx.codes.TOO_MANY_REQUESTS,
            )
        answer = json_object(response)
        if answer is None and is_web_page(response):
            raise self._unexpected("it answers with a web page", hint=_PAGE_HINT)
        if answer is None:
            raise self._unexpected("its answer is not a JSON object")
        return answer

    def _unexpected(self, reason: str, *, hint: str = _URL_HINT) -> DestinationError:
        return UnexpectedAnswer(f"{self.host} is not an OpenSync deployment: {reason}", hint=hint)

    def _error_text(self, response: httpx.Response) -> str:
        """Return the backend's own description of the error, in brackets; empty without one."""
        text = (json_object(response) or {}).get("error")
        return f" ({self._shorten(text)})" if isinstance(text, str) and text else ""

    def _shorten(self, text: str) -> str:
        """Return the start of a text of the backend, without the key, should it repeat that.

        It may quote values of ours; those were redacted before they were sent.
        """
        if self._api_key is not None:
            text = text.replace(self._api_key.reveal(), "…")
        line = " ".join(plain_text(text).split())
        return line if len(line) <= _MAX_SHOWN_CHARS else f"{line[: _MAX_SHOWN_CHARS - 1]}…"


def _hint_of(status: int) -> str:
    return _LOGIN_HINT if status == _MUST_LOG_IN else CONNECTION_HINT
