"""How a backend is reached, by the proxy and certificates of the environment, or why it is not.

What cannot be used of that is an error of each request, and none of the program: transcripts are
stored all the same.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
import ssl
import urllib.request
from typing import TYPE_CHECKING

import httpx

from ccsync_watch.errors import Retryable, Unsent
from ccsync_watch.opensync.bounded_answers import limit_answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.errors import DestinationError
    from ccsync_watch.opensync.wire import Endpoint

CONNECTION_HINT = (
    "check that your Convex deployment is running, that convex_url is correct (it should"
    " end in .convex.cloud), and the network; unsent data is kept and sent later"
)
_PROXY_HINT = "set HTTPS_PROXY to an http:// or https:// proxy, or NO_PROXY to the backend's host"
_PROXY_DOWN_HINT = (
    "check the proxy and the network, or set NO_PROXY to the backend's host; unsent data is kept"
    " and sent later"
)
_PROXY_LOGIN_HINT = (
    "it asks for a name and password: set HTTPS_PROXY to http://NAME:PASSWORD@HOST:PORT"
)
_CERTIFICATES_HINT = (
    "set SSL_CERT_FILE to a readable file of certificates in PEM format, or unset it"
)
# Used where the operating system does not name an error.
_REASONS = {
    "ConnectError": "it cannot be connected to",
    "RemoteProtocolError": "its answer is not HTTP",
    "ReadError": "the connection broke",
    "WriteError": "the connection broke",
}
_TLS = "TLS: "


# What the HTTP library says of a connection that was closed; all else is of what was sent on it.
_CLOSED = re.compile(r"disconnected|closed connection|complete message|incomplete chunked")
# Python names an error of TLS by a constant of OpenSSL's.
_TLS_REASONS = {
    "WRONG_VERSION_NUMBER": "what answers there does not speak it",
    "UNEXPECTED_EOF_WHILE_READING": "the connection was closed",
    "TLSV1_ALERT_PROTOCOL_VERSION": "its version is not supported there",
}


class UnusableTransport(httpx.BaseTransport):
    """Sends nothing, and says why."""

    def __init__(self, message: str, *, hint: str) -> None:
        self._message = message
        self._hint = hint

    def handle_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002 - as inherited
        """Raise Unsent."""
        raise Unsent(self._message, hint=self._hint)


class _ProxyTransport(httpx.HTTPTransport):
    """Reaches a host through a proxy, and says of failures which are the proxy's."""

    def __init__(
        self,
        host: str,
        variable: str,
        *,
        proxy: str,
        verify: ssl.SSLContext,
        limits: httpx.Limits,
    ) -> None:
        super().__init__(proxy=proxy, verify=verify, limits=limits)
        self._host = host
        self._variable = variable

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises Unsent where there was no way through the proxy."""
        try:
            return super().handle_request(request)
        except httpx.ProxyError as error:
            # The first request is for a way to the host, and has nothing of ours.
            said = status[0] if (status := re.match(r"\d{3}\b", str(error))) else None
            is_login = said == str(httpx.codes.PROXY_AUTHENTICATION_REQUIRED.value)
            reason = f"refuses with HTTP {said}" if said else "refuses"
            raise self._unsent(
                reason, _PROXY_LOGIN_HINT if is_login else _PROXY_DOWN_HINT
            ) from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            reason = failure_reason(error)
            if reason.startswith(_TLS):
                raise  # it is between us and the host: the proxy let us through
            raise self._unsent(f"cannot be reached: {reason}", _PROXY_DOWN_HINT) from None

    def _unsent(self, reason: str, hint: str) -> Unsent:
        message = f"cannot reach {self._host} (the proxy in {self._variable} {reason})"
        return Unsent(message, hint=hint)


def make_transport(
    endpoint: Endpoint, *, limits: httpx.Limits, answer_seconds: float
) -> httpx.BaseTransport:
    """Return what sends requests to a backend, whose answers must be there in so many seconds.

    One on loopback is reached directly, even if the environment names a proxy, which would see the
    key.
    """
    if endpoint.base_url.startswith("http://"):
        direct = httpx.HTTPTransport(limits=limits, trust_env=False)
        limit_answers(direct, answer_seconds)
        return direct
    try:
        certificates = httpx.create_ssl_context()
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
        shown = str(reason).replace("_", " ").lower()
        return UnusableTransport(
            f"cannot reach {endpoint.host} (SSL_CERT_FILE: {shown})",
            hint=_CERTIFICATES_HINT,
        )
    variable, proxy = _proxy_of(endpoint.host)
    try:
        transport = (
            httpx.HTTPTransport(verify=certificates, limits=limits)
            if proxy is None
            else _ProxyTransport(
                endpoint.host, variable, proxy=proxy, verify=certificates, limits=limits
            )
        )
    except (ValueError, httpx.InvalidURL):
        reason = "not the address of a proxy"
    except ImportError:
        reason = "SOCKS is not supported"
    else:
        limit_answers(transport, answer_seconds)
        return transport
    return UnusableTransport(
        f"cannot reach {endpoint.host} ({variable}: {reason})", hint=_PROXY_HINT
    )


def request_error(error: Exception, host: str) -> DestinationError:
    """Return how a request failed without an answer."""
    if isinstance(error, UnicodeError):
        return Unsent(f"cannot reach {host} (not the name of a host)", hint=CONNECTION_HINT)
    if isinstance(error, RuntimeError):
        # The daemon stops, and has closed the connections while a worker was using them.
        return Unsent(f"the connection to {host} is closed", hint="")
    reason = failure_reason(error)
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return Unsent(f"cannot reach {host} ({reason})", hint=CONNECTION_HINT)
    return Retryable(f"no answer from {host} ({reason})", hint=CONNECTION_HINT)


def failure_reason(error: BaseException) -> str:
    """Return what went wrong with a connection: the operating system's words where it has some."""
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    if isinstance(error, httpx.RemoteProtocolError) and _CLOSED.search(str(error)):
        return "it closed the connection"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", "") or getattr(cause, "reason", "")
            return f"{_TLS}{_TLS_REASONS.get(reason, reason) or 'it failed'}"
        if isinstance(cause, socket.gaierror):
            return "no such host"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
        cause = cause.__cause__ or cause.__context__
    return _REASONS.get(type(error).__name__, type(error).__name__)


def _proxy_of(host: str) -> tuple[str, str | None]:
    """Return the proxy for a host, with the variable that names it; None to reach it directly."""
    proxies = urllib.request.getproxies()
    name = next((name for name in ("https", "all") if proxies.get(name)), None)
    if name is None or _is_direct(host, proxies.get("no", "")):
        return "", None
    proxy = proxies[name]
    return f"{name.upper()}_PROXY", proxy if "://" in proxy else f"http://{proxy}"


def _is_direct(host: str, no_proxy: str) -> bool:
    """Return whether NO_PROXY names a host: as an address, a network, a domain or a name."""
    with contextlib.suppress(ValueError):  # it is a name, not an address
        address = ipaddress.ip_address(httpx.URL(f"https://{host}").host)
        if any(address in network for network in _networks(no_proxy)):
            return True
    return bool(urllib.request.proxy_bypass(host))


def _networks(no_proxy: str) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for name in no_proxy.split(","):
        with contextlib.suppress(ValueError):
            yield ipaddress.ip_network(name.strip(" []"), strict=False)
