"""Who may see the pages: this machine's user, in a browser that used a one-time link.

A request must name the installation's own host, which no other page and no other program knows,
carry the cookie that a one-time link set, and, if it changes anything, come from one of our own
pages with its session's token. Metrics are for a program with the token of the settings. Every
other request is rejected before a page is made.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from hmac import compare_digest
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from ccsync_watch.dashboard.browser_access import IDLE_SECONDS
from ccsync_watch.dashboard.metrics import METRICS_PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ccsync_watch.config import Secret
    from ccsync_watch.dashboard.browser_access import BrowserAccess

ENTER_PATH = "/enter"
COOKIE = "ccsync-watch"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# A page of ours as an address has it; a text that a shell does not interpret.
_PAGE_PATH = re.compile(r"/(?:[A-Za-z0-9._~-][A-Za-z0-9._~/-]*)?")
_PAGE = re.compile(r"/(?:[A-Za-z0-9._~%-][A-Za-z0-9._~%/-]*)?(?:\?[A-Za-z0-9._~%&=+:,-]*)?")
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
_NEEDS_LINK = "This page shows your Claude Code sessions. It needs a one-time link."
_IS_USED = "This link was used before, or is too old."
_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;"
    "place-items:center;background:Canvas;color:CanvasText}"
    "main{max-width:38rem;padding:2rem}h1{font-size:1.3rem;margin:0 0 .6rem}p{margin:.4rem 0}"
    "code{display:block;font:.95rem/1.5 ui-monospace,monospace;padding:.7rem 1rem;margin:.7rem 0;"
    "border:1px solid GrayText;border-radius:8px;overflow-wrap:anywhere;user-select:all}"
)
# The sheet of the pages is theirs alone: this one is in the page, and the policy allows no other.
_LOCKED_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    f" style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; img-src data:"
)
_LOCKED_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sign in · ccsync-watch</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Sign in to ccsync-watch</h1>
<p>{{reason}}</p>
<p>Run this in a terminal; it opens the page with such a link:</p>
<code>{{command}}</code>
<p>Links are for one browser and last ten minutes.</p>
</main>
</body>
</html>
"""


def page_of(address: str) -> str | None:
    """Return the page that an address of ours, or its path, names; None for any other text."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme:
        host = parts.hostname or ""
        if parts.scheme != "http" or not host.endswith(("localhost", "127.0.0.1")):
            return None
        page = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    else:
        page = address.partition("#")[0]
    # Never one that a browser takes for another host's.
    return page if _PAGE.fullmatch(page) else None


class Guard:
    """An ASGI middleware around all pages. `port` is the one that the server listens on.

    Inside, `scope["state"]` has the cookie of the session.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: BrowserAccess,
        port: int,
        metrics_token: Callable[[], Secret | None],
    ) -> None:
        self._app = app
        self._access = access
        self._port = port
        self._metrics_token = metrics_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        if self._is_scrape(scope, headers):
            await self._app(scope, receive, _with_headers(send, dict(_HEADERS)))
            return
        cookie = _read_cookie(headers.get("cookie", ""))
        response = self._check(scope, headers, cookie)
        added = dict(_HEADERS)
        if response is None and (seconds := self._access.renew(cookie)) is not None:
            added["Set-Cookie"] = _cookie_header(cookie, seconds)
        scope.setdefault("state", {})["cookie"] = cookie
        await (response or self._app)(scope, receive, _with_headers(send, added))

    def _is_scrape(self, scope: Scope, headers: dict[str, str]) -> bool:
        """Return whether a program with the token of the settings asks for the metrics.

        It is not a browser: it needs no cookie, and the token says more than a host name.
        """
        if scope["path"] != METRICS_PATH or scope["method"] not in {"GET", "HEAD"}:
            return False
        token = self._metrics_token()
        scheme, _, presented = headers.get("authorization", "").partition(" ")
        return (
            token is not None
            and scheme.lower() == "bearer"
            and compare_digest(presented.strip().encode(), token.reveal().encode())
        )

    def _check(self, scope: Scope, headers: dict[str, str], cookie: str) -> ASGIApp | None:
        """Return the answer to a request that may not pass, None for one that may."""
        host = headers.get("host", "").lower()
        if host != f"{self._access.host}:{self._port}":
            if host in {f"{name}:{self._port}" for name in _LOOPBACK}:
                # It does not say the name: any program on this machine can ask here.
                return _locked(_address_of(scope), headers)
            return PlainTextResponse("This address does not belong to ccsync-watch.\n", 421)
        if scope["path"] == ENTER_PATH and scope["method"] == "GET":
            return self._enter(scope, headers, cookie)
        if not self._access.is_signed_in(cookie):
            return _locked(_address_of(scope), headers)
        if scope["method"] in {"GET", "HEAD"} or self._is_same_origin(headers):
            return None
        return PlainTextResponse("This request does not come from a page of ccsync-watch.\n", 403)

    def _enter(self, scope: Scope, headers: dict[str, str], old_cookie: str) -> ASGIApp:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        page = page_of(query.get("to", ["/"])[0]) or "/"
        cookie = self._access.use_link(query.get("link", [""])[0])
        if cookie is None and self._access.is_signed_in(old_cookie):
            return RedirectResponse(_with_fragment(page), 303)
        if cookie is None:
            return _locked(page, headers, _IS_USED)
        self._access.sign_out(old_cookie)
        added = {"Set-Cookie": _cookie_header(cookie, IDLE_SECONDS)}
        return RedirectResponse(_with_fragment(page), 303, headers=added)

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


def sign_out_headers() -> dict[str, str]:
    """Return the headers that remove the cookie."""
    return {"Set-Cookie": _cookie_header("", 0)}


def _cookie_header(value: str, seconds: int) -> str:
    # For exactly this host: without a domain, and not for requests that other sites make.
    return f"{COOKIE}={value}; HttpOnly; Max-Age={seconds}; Path=/; SameSite=Strict"


def _read_cookie(header: str) -> str:
    try:
        cookie = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie is not None else ""


def _address_of(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])


def _with_fragment(page: str) -> str:
    """Return the address of a page with the place of the message that it names."""
    name = parse_qs(urlsplit(page).query).get("at", [""])[0]
    return f"{page}#m-{quote(name)}" if name else page


def _locked(page: str, headers: dict[str, str], reason: str = _NEEDS_LINK) -> Response:
    """Return the answer to a browser that is not let in, which says how to open its page."""
    command = _open_command(page)
    if "text/html" not in headers.get("accept", ""):
        return PlainTextResponse(f"{reason}\n\nRun `{command}`: it opens the page.\n", 403)
    text = _LOCKED_PAGE.replace("{reason}", reason).replace("{command}", escape(command))
    return HTMLResponse(text, 403, headers={"Content-Security-Policy": _LOCKED_POLICY})


def _open_command(page: str) -> str:
    """Return the command that opens a page, with as much of its address as a shell leaves alone."""
    path = page.partition("?")[0]
    if path in {"/", ENTER_PATH} or not _PAGE_PATH.fullmatch(path):
        return "ccsync-watch dashboard"
    if path != page and _PAGE.fullmatch(page):
        return f"ccsync-watch dashboard '{page}'"
    return f"ccsync-watch dashboard {path}"


def _with_headers(send: Send, added: dict[str, str]) -> Send:
    """Return a `send` that adds headers to every response."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _value in message["headers"]}
            missing = {
                name: value for name, value in added.items() if name.lower().encode() not in names
            }
            if b"cache-control" not in names:
                missing["Cache-Control"] = "no-store"
            message["headers"] = [
                *message["headers"],
                *((name.lower().encode(), value.encode()) for name, value in missing.items()),
            ]
        await send(message)

    return send_with_headers
