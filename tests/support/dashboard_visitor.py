"""The dashboard without a server: a browser that asks the app, on a daemon that tests set."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from ccsync_watch.dashboard.app import build_app
from ccsync_watch.dashboard.browser_access import form_token
from ccsync_watch.dashboard.guard import COOKIE
from ccsync_watch.model import Redacted
from ccsync_watch.store.annotation_writer import save_change
from support.fakes import START_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.control.messages import FlushAnswer, FlushRequest
    from ccsync_watch.dashboard.browser_access import BrowserAccess
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.errors import CcsyncError
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.annotation_writer import MarkChange, SessionChange
    from ccsync_watch.store.database import Database

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
    """A daemon with a status that tests set; a flush fails the test.

    Changes are stored at once in `database`, if the test sets one, without a redactor.
    """

    database: Database | None = None

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.failure: CcsyncError | None = None
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

    def known_secrets(self) -> dict[str, int]:
        """Return what the test set, or fail as it says."""
        if self.failure is not None:
            raise self.failure
        return self.known

    def annotate(self, change: SessionChange | MarkChange) -> None:
        """Store a change, or fail as the test says."""
        if self.failure is not None:
            raise self.failure
        assert self.database is not None
        save_change(self.database, Redacted(change), now_ms=START_MS)


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

    def post(
        self, path: str, fields: Mapping[str, str], *, has_token: bool = True
    ) -> httpx.Response:
        """Return the response to a form that a page of ours sent, with its session's token."""

        async def request() -> httpx.Response:
            app = build_app(self.site, port=PORT)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            cookies, here = sign_in(self.site.access), base_url(self.site.access)
            token = {"token": form_token(cookies[COOKIE])} if has_token else {}
            async with httpx.AsyncClient(
                transport=transport, base_url=here, cookies=cookies, headers={"Origin": here}
            ) as client:
                return await client.post(path, data={**fields, **token})

        return asyncio.run(request())
