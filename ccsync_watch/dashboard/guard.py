"""Who may see the pages: this machine's user, in a browser that has shown the one-time link.

A request must name a host of ours (a page of another site that had its name point here does not),
bear the cookie that a one-time link gave, and, if it changes anything, come from a page of ours
with that page's token. Everything else is refused before any page is made.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINK_SECONDS = 600.0
ENTER = "/enter"
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
_LOCKED = """This page shows your Claude Code sessions, and needs a key.

Run `ccsync-watch dashboard`: it opens the page with a link that works once.
"""


class Keys:
    """The cookie, the page's token and the one-time links; made of a secret of the installation.

    The cookie outlives restarts, as long as the secret does. `now` gives monotonic seconds.
    """

    def __init__(self, secret: bytes, *, now: Callable[[], float] = time.monotonic) -> None:
        self._secret = secret
        self._now = now
        self._links: dict[str, float] = {}

    @property
    def cookie(self) -> str:
        """What a browser shows that has entered."""
        return self._derived("cookie")

    @property
    def token(self) -> str:
        """What a page of ours shows with a request that changes something."""
        return self._derived("token")

    def _derived(self, name: str) -> str:
        return hmac.new(self._secret, f"dashboard/{name}".encode(), hashlib.sha256).hexdigest()

    def new_link(self) -> str:
        """Return a token that lets one browser in, within ten minutes."""
        now = self._now()
        self._links = {link: end for link, end in self._links.items() if end > now}
        while len(self._links) >= _MAX_LINKS:
            del self._links[next(iter(self._links))]
        made = secrets.token_urlsafe(24)
        self._links[made] = now + LINK_SECONDS
        return made

    def take_link(self, shown: str) -> bool:
        """Tell whether this link lets in; it does so once."""
        end = self._links.pop(shown, None)
        return end is not None and end > self._now()


class Guard:
    """An ASGI middleware round all pages. `port` is the one that is listened on."""

    def __init__(self, app: ASGIApp, *, keys: Keys, port: int) -> None:
        self._app = app
        self._keys = keys
        self._port = port
        self._hosts = {f"{name}:{port}" for name in _LOOPBACK}
        # Cookies know no ports: another program's on this machine must not overwrite ours.
        self._cookie = f"ccsync-watch-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        answer = self._refusal(scope, headers)
        await (answer or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> ASGIApp | None:
        if headers.get("host", "").lower() not in self._hosts:
            return PlainTextResponse("This address is not one of ccsync-watch's.\n", 421)
        if scope["path"] == ENTER and scope["method"] == "GET":
            return self._entered(scope)
        if not self._is_known(headers.get("cookie", "")):
            return PlainTextResponse(_LOCKED, 403)
        if scope["method"] in {"GET", "HEAD"}:
            return None
        if not self._is_ours(headers):
            return PlainTextResponse("This request does not come from a page of ours.\n", 403)
        return None

    def _entered(self, scope: Scope) -> ASGIApp:
        shown = parse_qs(scope["query_string"].decode("latin-1")).get("link", [""])[0]
        if not self._keys.take_link(shown):
            return PlainTextResponse("This link was used, or is too old.\n\n" + _LOCKED, 403)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            self._cookie,
            self._keys.cookie,
            max_age=_YEAR_SECONDS,
            httponly=True,
            samesite="strict",
        )
        return answer

    def _is_known(self, shown: str) -> bool:
        try:
            cookies = SimpleCookie(shown)
        except CookieError:
            return False
        found = cookies.get(self._cookie)
        # Bytes, as a comparison of strings raises for what is not ASCII.
        return found is not None and hmac.compare_digest(
            found.value.encode("utf-8", "replace"), self._keys.cookie.encode()
        )

    def _is_ours(self, headers: dict[str, str]) -> bool:
        """Tell whether a request that changes something was made by a page of ours.

        The page's token stands in the form, which the handler reads; here the origin is asked for,
        which a browser never lets a page choose.
        """
        origin = headers.get("origin") or headers.get("referer") or ""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme == "http" and parts.netloc.lower() == headers["host"].lower()


def _with_headers(send: Send) -> Send:
    """Return a `send` that adds what every answer bears."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _value in message["headers"]}
            made = dict(_HEADERS)
            if b"cache-control" not in names:
                made["Cache-Control"] = "no-store"
            message["headers"] = [
                *message["headers"],
                *((name.lower().encode(), value.encode()) for name, value in made.items()),
            ]
        await send(message)

    return sent
