"""The pages: routes, and what each template is given. They read the store, and write nothing.

Every page is made in one of a few threads of its own, so that a slow reader holds up nobody and no
thread of the daemon is waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ccsync_watch.clock import SystemClock
from ccsync_watch.control.messages import FlushRequest
from ccsync_watch.dashboard import export, overview, pages, sync_page
from ccsync_watch.dashboard.cached import Way
from ccsync_watch.dashboard.guard import Guard, Keys
from ccsync_watch.dashboard.live_events import Live
from ccsync_watch.dashboard.rendering import Templates
from ccsync_watch.dashboard.snapshots import Figures
from ccsync_watch.store import search

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.config import Settings
    from ccsync_watch.control.messages import FlushAnswer
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

log = logging.getLogger(__name__)

T = TypeVar("T")

STATIC = Path(__file__).parent / "static"
_THREADS = 4
_FLUSH_SECONDS = 20.0
_MAX_BODY_BYTES = 64 << 10
_CACHE_SECONDS = 86_400


class Served(Protocol):
    """The daemon, as the pages see it. Called from several threads."""

    def status(self, *, max_sessions: int | None = None) -> dict[str, JsonValue]:
        """Return `report.status` with so many sessions."""
        ...

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """Read, and send if so asked, one session or all."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are made from. `now_ms` is wall-clock time, `state_dir` holds the log."""

    database: Database
    daemon: Served
    figures: Figures
    keys: Keys
    state_dir: Path
    now_ms: Callable[[], int]
    way: Way


def made_site(
    database: Database,
    daemon: Served,
    *,
    keys: Keys,
    prices: PriceList,
    settings: Callable[[], Settings],
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> Site:
    """Return what the pages are made from. `settings` returns those in force."""
    way = Way()
    figures = Figures(
        database,
        prices,
        settings=settings,
        # The pages list sessions by themselves, a page at a time.
        status=lambda: daemon.status(max_sessions=0),
        now_ms=now_ms,
        way=way,
    )
    return Site(database, daemon, figures, keys, settings().state_dir, now_ms, way)


def site_app(site: Site, *, port: int) -> Guard:
    """Return the ASGI app of the dashboard on this port."""
    return Guard(_Routes(site).app(), keys=site.keys, port=port)


class _Routes:
    """The handlers, with the threads that they work in."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._threads = ThreadPoolExecutor(_THREADS, "dashboard")
        self._flushing = ThreadPoolExecutor(1, "dashboard-flush")
        self._templates = Templates(site.keys.token)
        self._live = Live(site.database, self._threads)
        self._indexing = _Indexing(site.database, site.way)

    def app(self) -> Starlette:
        """Return the app with all routes."""
        return Starlette(
            routes=[
                self._page("overview", overview.given),
                self._page("sessions", pages.sessions),
                self._page("search", pages.searched),
                self._page("session", pages.session),
                self._page("sync", sync_page.given),
                Route("/sessions/{session_id}/export.{form}", self._export),
                Route("/sessions/{session_id}/live", self._follow),
                Route("/sync/flush", self._flush, methods=["POST"]),
                Mount("/static", _Static(directory=STATIC), name="static"),
            ],
            exception_handlers={HTTPException: self._failed, Exception: self._failed},
        )

    def _page(self, name: str, make: Callable[[Site, Request], dict[str, Any]]) -> Route:
        """Return a route for a template and what it is given."""

        async def shown(request: Request) -> Response:
            self._indexing.wake()
            return HTMLResponse(await self._in_thread(lambda: self._rendered(name, request, make)))

        return Route(pages.PATHS[name], shown, name=name)

    def _rendered(
        self, name: str, request: Request, make: Callable[[Site, Request], dict[str, Any]]
    ) -> str:
        given = {"page": name, "path": request.url.path, "now_ms": self._site.now_ms()}
        # The overview may wait for what is counted, which must not wait for it in turn.
        way = contextlib.nullcontext() if name == "overview" else self._site.way.page()
        with way:
            return self._templates.render(f"{name}.html", {**given, **make(self._site, request)})

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _export(self, request: Request) -> Response:
        session_id, form = request.path_params["session_id"], request.path_params["form"]
        if form not in export.MEDIA_TYPES:
            raise HTTPException(404, "Sessions can be had as .md and as .json.")
        row = await self._in_thread(lambda: pages.known_session(self._site, session_id))
        pieces = export.exported(self._site.database, row, form)

        async def told() -> AsyncIterator[str]:
            # In the pages' own threads, which have their connections already.
            while (piece := await self._in_thread(lambda: next(pieces, None))) is not None:
                yield piece

        return StreamingResponse(
            told(),
            media_type=export.MEDIA_TYPES[form],
            headers={"Content-Disposition": f'attachment; filename="session.{form}"'},
        )

    async def _follow(self, request: Request) -> Response:
        session_id = request.path_params["session_id"]
        await self._in_thread(lambda: pages.known_session(self._site, session_id))
        agent_id = request.query_params.get("agent") or None

        def news(seq: int) -> tuple[int, str]:
            given = pages.news(self._site, session_id, agent_id, seq)
            text = self._templates.render("news.html", given) if given["entries"] else ""
            return given["last_seq"], text

        return self._live.stream(request, pages.shown_last(request), news)

    async def _flush(self, request: Request) -> Response:
        await _check_token(request, self._site.keys)
        made = await asyncio.get_running_loop().run_in_executor(
            self._flushing,
            lambda: self._site.daemon.flush(FlushRequest(seconds=_FLUSH_SECONDS)),
        )
        self._site.figures.expire()
        return RedirectResponse(f"/sync?said={sync_page.said_of(made)}", 303)

    async def _failed(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        told = error.detail if isinstance(error, HTTPException) else "Something went wrong here."
        if status >= 500 and not isinstance(error, HTTPException):  # noqa: PLR2004 - our own fault
            log.error("a page failed", exc_info=error)
        if status == 404 and told == "Not Transcript":  # noqa: PLR2004 - the router's own words
            told = "There is no such page."
        given = {"page": "error", "path": request.url.path, "status": status, "told": told}
        given["now_ms"] = self._site.now_ms()
        return HTMLResponse(self._templates.render("error.html", given), status)


async def _check_token(request: Request, keys: Keys) -> None:
    """Raise HTTPException unless the request bears the page's token."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > _MAX_BODY_BYTES:
        raise HTTPException(413, "That is too much, or its length is not told.")
    try:
        fields = parse_qs((await request.body()).decode("latin-1"), max_num_fields=10)
    except ValueError:  # more fields than any form of ours has
        fields = {}
    shown = fields.get("token", [""])[0]
    if not compare_digest(shown.encode("utf-8", "replace"), keys.token.encode()):
        raise HTTPException(403, "This page is too old: reload it, then try again.")


class _Static(StaticFiles):
    """Our own few files; browsers may keep them for a while, as their names tell the version."""

    async def get_response(self, path: str, scope: Any) -> Response:  # noqa: ANN401 - Starlette's type
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = f"private, max-age={_CACHE_SECONDS}"
        return answer


class _Indexing:
    """Brings the search up to date in a thread of its own, while somebody looks at pages."""

    def __init__(self, database: Database, way: Way) -> None:
        self._database = database
        self._way = way
        self._threads = ThreadPoolExecutor(1, "search")
        self._is_running = False

    def wake(self) -> None:
        """Index what there is, unless that goes on already."""
        if not self._is_running:
            self._is_running = True
            self._threads.submit(self._run)

    def _run(self) -> None:
        try:
            while search.catch_up(self._database, SystemClock()):
                time.sleep(0.01)  # let the pump have its turn to write
                self._way.give()
        finally:
            self._is_running = False
