"""Who may see the pages: this machine's user, in a browser that used a one-time link.

A request must name one of our hosts (a page of another site whose name was made to point here does
not), carry the cookie that a one-time link set, and, if it changes anything, come from one of our
own pages with that page's token. Every other request is rejected before a page is made.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ccsync_watch.clock import Clock

LINK_SECONDS = 600.0
ENTER_PATH = "/enter"
_MAX_LINKS = 32
_YEAR_SECONDS = 365 * 86_400
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_LOCKED = """This page shows your Claude Code sessions. It needs a one-time link.

Run `ccsync-watch dashboard`: it opens the page with such a link.
"""


class Keys:
    """The cookie, the form token and the one-time links, derived from the installation's secret.

    The cookie stays valid over restarts, as long as the secret does; links do not.
    """

    def __init__(self, secret: bytes, *, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock
        self._links: dict[str, float] = {}

    @property
    def cookie(self) -> str:
        """What a browser sends once it has used a link."""
        return self._derive("cookie")

    @property
    def token(self) -> str:
        """What our pages send with a request that changes something."""
        return self._derive("token")

    def _derive(self, name: str) -> str:
        return hmac.new(self._secret, f"dashboard/{name}".encode(), hashlib.sha256).hexdigest()

    def new_link(self) -> str:
        """Return a secret that lets one browser in, within ten minutes."""
        now = self._clock.monotonic()
        self._links = {link: expires for link, expires in self._links.items() if expires > now}
        while len(self._links) >= _MAX_LINKS:
            del self._links[next(iter(self._links))]
        link = secrets.token_urlsafe(24)
        self._links[link] = now + LINK_SECONDS
        return link

    def use_link(self, link: str) -> bool:
        """Return whether this link lets in; it does so once."""
        expires = self._links.pop(link, None)
        return expires is not None and expires > self._clock.monotonic()


class Guard:
    """An ASGI middleware around all pages. `port` is the one that the server listens on."""

    def __init__(self, app: ASGIApp, *, keys: Keys, port: int) -> None:
        self._app = app
        self._keys = keys
        self._hosts = {f"{name}:{port}" for name in _LOOPBACK}
        # Cookies know no ports: another program's on this machine must not overwrite ours.
        self._cookie = f"ccsync-watch-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        response = self._check(scope, headers)
        await (response or self._app)(scope, receive, _with_security_headers(send))

    def _check(self, scope: Scope, headers: dict[str, str]) -> ASGIApp | None:
        """Return the answer to a request that may not pass, None for one that may."""
        if headers.get("host", "").lower() not in self._hosts:
            return PlainTextResponse("This address does not belong to ccsync-watch.\n", 421)
        if scope["path"] == ENTER_PATH and scope["method"] == "GET":
            return self._enter(scope)
        if not self._has_cookie(headers.get("cookie", "")):
            return PlainTextResponse(_LOCKED, 403)
        if scope["method"] in {"GET", "HEAD"} or self._is_same_origin(headers):
            return None
        return PlainTextResponse("This request does not come from a page of ccsync-watch.\n", 403)

    def _enter(self, scope: Scope) -> ASGIApp:
        link = parse_qs(scope["query_string"].decode("latin-1")).get("link", [""])[0]
        if not self._keys.use_link(link):
            return PlainTextResponse("This link was used before, or is too old.\n\n" + _LOCKED, 403)
        response = RedirectResponse("/", 303)
        response.set_cookie(
            self._cookie,
            self._keys.cookie,
            max_age=_YEAR_SECONDS,
            httponly=True,
            samesite="strict",
        )
        return response

    def _has_cookie(self, header: str) -> bool:
        try:
            cookies = SimpleCookie(header)
        except CookieError:
            return False
        cookie = cookies.get(self._cookie)
        # Bytes, as a comparison of strings raises for what is not ASCII.
        return cookie is not None and hmac.compare_digest(
            cookie.value.encode("utf-8", "replace"), self._keys.cookie.encode()
        )

    def _is_same_origin(self, headers: dict[str, str]) -> bool:
        """Return whether a page of ours made this request.

        The handler checks the token in the form; this checks the origin, which a browser never
        lets a page choose.
        """
        origin = headers.get("origin") or headers.get("referer") or ""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme == "http" and parts.netloc.lower() == headers["host"].lower()


def _with_security_headers(send: Send) -> Send:
    """Return a `send` that adds the headers of every response."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _value in message["headers"]}
            added = dict(_HEADERS)
            if b"cache-control" not in names:
                added["Cache-Control"] = "no-store"
            message["headers"] = [
                *message["headers"],
                *((name.lower().encode(), value.encode()) for name, value in added.items()),
            ]
        await send(message)

    return send_with_headers
