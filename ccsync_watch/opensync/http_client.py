"""Send redacted rows to an OpenSync backend and judge its answers; no retries, no state of rows.

Every outcome is an answer that was checked, or one of the errors of `errors.DestinationError`. The
key travels in one header, is never shown, and never follows a redirect.
"""

from __future__ import annotations

import email.utils
import os
import socket
import ssl
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from ccsync_watch.errors import (
    DestinationError,
    Rejected,
    Retryable,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.model import BackendInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Secret
    from ccsync_watch.model import Redacted
    from ccsync_watch.opensync.wire import Endpoint, Payload

_TIMEOUT_SECONDS = 30.0
_CONNECT_SECONDS = 10.0
_RETRIED_STATUSES = frozenset({408, 425, 429})
_MAX_RETRY_AFTER = 600.0
_MAX_SHOWN = 160
# Where the system names no error.
_REASONS = {
    "ConnectError": "it cannot be connected to",
    "RemoteProtocolError": "it ended the connection",
    "ReadError": "the connection broke",
    "WriteError": "the connection broke",
    "ProxyError": "the proxy refuses",
}
_KEY_HINT = "check api_key, or run `ccsync-watch login`"
_URL_HINT = "check convex_url (it should end in .convex.cloud) and that the deployment is running"


class OpenSyncClient:
    """One backend; safe to use from several threads."""

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
        self._clock = clock
        self._api_key = api_key
        headers = {"User-Agent": "ccsync-watch"}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key.reveal()}"
        self._client = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, _CONNECT_SECONDS)),
            follow_redirects=False,
            transport=transport,
            # A loopback backend is reached directly, whatever proxy the environment names.
            trust_env=not endpoint.base_url.startswith("http://"),
        )

    def close(self) -> None:
        """Close the connections; the sink cannot be used afterwards."""
        self._client.close()

    def check(self) -> BackendInfo:
        """Test address and key; a green /health alone would say nothing of the key.

        Raises UnexpectedAnswer, Unauthorized or Retryable.
        """
        before_ms = self._clock.wall_ms()
        answer = self._request("GET", "/health")
        after_ms = self._clock.wall_ms()
        if answer.get("status") != "ok":
            raise self._stranger("its /health does not answer as OpenSync does")
        found = self._request("GET", "/sync/sessions/list").get("sessionIds")
        if not isinstance(found, list):
            raise self._stranger("its session list is none")
        stamp = answer.get("timestamp")
        # The stamp was made about half-way between the question and its answer.
        middle_ms = (before_ms + after_ms) / 2
        ahead = (stamp - middle_ms) / 1000 if isinstance(stamp, (int, float)) else None
        return BackendInfo(ahead, frozenset(each for each in found if isinstance(each, str)))

    def put_session(self, payload: Redacted[Payload]) -> int:
        """Send one session's state; return the bytes sent. Harmless when sent twice."""
        return self._put("/sync/session", payload.value)

    def put_message(self, payload: Redacted[Payload]) -> int:
        """Send one message; return the bytes sent. Harmless when sent twice."""
        return self._put("/sync/message", payload.value)

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
            raise self._stranger("its /sync/batch does not answer as OpenSync does")
        first = self._shown(str(errors[0])) if errors else "no error named"
        if first.startswith("Messages batch error") and len(errors) == 1 and not count:
            raise Rejected(f"the backend refused a batch ({first})", hint="")
        raise Retryable(
            f"the backend stored {count} of {len(payloads)} messages ({first})",
            hint="each is sent again on its own",
        )

    def _put(self, path: str, payload: Payload) -> int:
        body = orjson.dumps(payload)
        if self._request("POST", path, body).get("ok") is not True:
            raise self._stranger(f"its {path} does not answer as OpenSync does")
        return len(body)

    def _request(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            response = self._client.request(
                method, f"{self.endpoint.base_url}{path}", content=body, headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unsent(
                f"cannot reach {self.endpoint.host} ({_reason(error)})", hint=_URL_HINT
            ) from None
        except RuntimeError:
            # The daemon ends, and has closed the connections under a worker's hands.
            raise Unsent(f"the connection to {self.endpoint.host} is closed", hint="") from None
        except httpx.HTTPError as error:
            raise Retryable(
                f"no answer from {self.endpoint.host} ({_reason(error)})", hint=_URL_HINT
            ) from None
        return self._judged(response, path)

    def _judged(self, response: httpx.Response, path: str) -> dict[str, Any]:
        status = response.status_code
        if status in {401, 403}:
            raise Unauthorized(f"{self.endpoint.host} refuses the API key", hint=_KEY_HINT)
        if response.is_redirect:
            raise self._stranger(f"it redirects (HTTP {status})")
        if status == httpx.codes.NOT_FOUND:
            raise self._stranger(f"it has no {path}")
        if status in _RETRIED_STATUSES or response.is_server_error:
            raise Retryable(
                f"{self.endpoint.host} answered HTTP {status}{self._told(response)}",
                hint="it is tried again",
                retry_after=self._retry_after(response),
            )
        if response.is_client_error:
            raise Rejected(
                f"{self.endpoint.host} answered HTTP {status}{self._told(response)}",
                hint="the row is kept and shown in `ccsync-watch status`",
            )
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise self._stranger("its answer is no JSON object")
        return answer

    def _stranger(self, what: str) -> DestinationError:
        return UnexpectedAnswer(
            f"{self.endpoint.host} is not an OpenSync deployment: {what}", hint=_URL_HINT
        )

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Return the seconds that the backend asks us to wait, from either form of the header."""
        value = response.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return min(float(value), _MAX_RETRY_AFTER)
        try:
            asked = email.utils.parsedate_to_datetime(value).timestamp()
        except (ValueError, TypeError, OverflowError):
            return None
        return min(max(asked - self._clock.wall_ms() / 1000, 0.0), _MAX_RETRY_AFTER)

    def _told(self, response: httpx.Response) -> str:
        try:
            told = orjson.loads(response.content).get("error")
        except (orjson.JSONDecodeError, AttributeError):
            return ""
        return f" ({self._shown(told)})" if isinstance(told, str) and told else ""

    def _shown(self, text: str) -> str:
        """Return the start of what the backend says, without the key, should it repeat it.

        It may quote values of ours, which are redacted ones.
        """
        if self._api_key is not None:
            text = text.replace(self._api_key.reveal(), "…")
        line = " ".join(text.split())
        return line if len(line) <= _MAX_SHOWN else f"{line[: _MAX_SHOWN - 1]}…"


def _reason(error: BaseException) -> str:
    """Return in a few words what went wrong on the way: the system's own where it has some."""
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            told = getattr(cause, "verify_message", "") or getattr(cause, "reason", "")
            return f"TLS: {told or 'it failed'}"
        if isinstance(cause, socket.gaierror):
            return "no such host"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
        cause = cause.__cause__ or cause.__context__
    return _REASONS.get(type(error).__name__, type(error).__name__)
