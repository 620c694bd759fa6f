"""The dashboard without a server: a browser that asks the app, on a daemon that tests set."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from ccsync_watch.dashboard.app import build_app
from ccsync_watch.dashboard.guard import COOKIE

if TYPE_CHECKING:
    from ccsync_watch.control.messages import FlushAnswer, FlushRequest
    from ccsync_watch.dashboard.browser_access import BrowserAccess
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.model import JsonValue

PORT = 8377


def base_url(access: BrowserAccess) -> str:
    """Return the address of the pages."""
    return f"http://{access.host}:{PORT}"


def sign_in(access: BrowserAccess) -> dict[str, str]:
    """Use a one-time link; return the cookie."""
    cookie = access.use_link(access.new_link())
    assert cookie is not None
    return {COOKIE: cookie}


class DaemonDouble:
    """A daemon with a status that tests set; a flush fails the test."""

    def __init__(self) -> None:
        self.answer: dict[str, JsonValue] = {
            "transcripts_found": 0,
            "bytes_behind": 0,
            "sessions_behind": {},
            "destination": None,
            "config": {"claude_dirs": ["/home/user/.claude"]},
            "totals": {"rows_pending": 0, "rows_rejected": 0, "last_ack_ms": None},
            "rejected": [],
            "problems": [],
        }

    def status(self, *, max_sessions: int | None = None) -> dict[str, JsonValue]:
        """Return what the test set."""
        assert max_sessions == 0, "pages list sessions by themselves"
        return self.answer

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """Fail."""
        raise AssertionError(request)


@dataclass
class Visitor:
    """A browser that was let in, which asks the app without a server in between."""

    site: Site
    daemon: DaemonDouble

    def get(self, path: str) -> httpx.Response:
        """Return the response to one request."""

        async def request() -> httpx.Response:
            app = build_app(self.site, port=PORT)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            cookies, here = sign_in(self.site.access), base_url(self.site.access)
            async with httpx.AsyncClient(
                transport=transport, base_url=here, cookies=cookies
            ) as client:
                return await client.get(path)

        return asyncio.run(request())
