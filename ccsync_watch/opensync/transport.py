"""How a backend is reached, by the proxy and certificates of the environment, or why it is not.

What cannot be used of that is an error of each request, and none of the program: transcripts are
stored all the same.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import ssl
import urllib.request
from typing import TYPE_CHECKING

import httpx

from ccsync_watch.errors import Unsent
from ccsync_watch.opensync.bounded_answers import limit_answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.opensync.wire import Endpoint

CONNECTION_HINT = (
    "check that your Convex deployment is running, that convex_url is correct (it should"
    " end in .convex.cloud), and the network; unsent data is kept and sent later"
)
_PROXY_HINT = "set HTTPS_PROXY to an http:// or https:// proxy, or NO_PROXY to the backend's host"
_CERTIFICATES_HINT = (
    "set SSL_CERT_FILE to a readable file of certificates in PEM format, or unset it"
)
# Used where the operating system does not name an error.
_REASONS = {
    "ConnectError": "it cannot be connected to",
    "RemoteProtocolError": "it closed the connection",
    "ReadError": "the connection broke",
    "WriteError": "the connection broke",
    "ProxyError": "the proxy refused",
}


class UnusableTransport(httpx.BaseTransport):
    """Sends nothing, and says why."""

    def __init__(self, message: str, *, hint: str) -> None:
        self._message = message
        self._hint = hint

    def handle_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002 - as inherited
        """Raise Unsent."""
        raise Unsent(self._message, hint=self._hint)


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
        transport = httpx.HTTPTransport(verify=certificates, proxy=proxy, limits=limits)
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


def failure_reason(error: BaseException) -> str:
    """Return what went wrong with a connection: the operating system's words where it has some."""
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", "") or getattr(cause, "reason", "")
            return f"TLS: {reason or 'it failed'}"
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
