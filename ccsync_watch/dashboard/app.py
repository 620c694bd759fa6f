"""The ASGI app of the dashboard: its routes, and the threads that pages are made in.

A page reads the store and writes nothing. It is made in one of a few threads that serve pages
alone, so that a slow client delays no other and no thread of the daemon waits for a page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ccsync_watch.control.messages import FlushRequest
from ccsync_watch.dashboard import session_document, sharing
from ccsync_watch.dashboard.annotation_forms import AnnotationForms
from ccsync_watch.dashboard.browser_access import form_token
from ccsync_watch.dashboard.forms import read_form
from ccsync_watch.dashboard.guard import Guard, sign_out_headers
from ccsync_watch.dashboard.live_events import LiveEvents
from ccsync_watch.dashboard.metrics import CONTENT_TYPE, METRICS_PATH
from ccsync_watch.dashboard.pages import load_pages
from ccsync_watch.dashboard.pages.session_page import (
    build_growth,
    require_agent,
    require_session,
)
from ccsync_watch.dashboard.pages.share_page import shared_source
from ccsync_watch.dashboard.pages.sync_page import flush_outcome
from ccsync_watch.dashboard.query_params import last_shown_seq, text_param
from ccsync_watch.dashboard.rendering import Templates
from ccsync_watch.dashboard.store_indexer import StoreIndexer
from ccsync_watch.store import search
from ccsync_watch.store.conversations import find_message
from ccsync_watch.store.session_list import last_change

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.requests import Request

    from ccsync_watch.clock import Clock
    from ccsync_watch.dashboard.page import Page
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.store.database import Database

log = logging.getLogger(__name__)

T = TypeVar("T")

_STATIC_FOLDER = Path(__file__).parent / "static"
_THREADS = 4
_FLUSH_SECONDS = 20.0
_CACHE_SECONDS = 86_400
_REST_FAILED = '<p class="problem error" role="alert">The rest of this page failed.</p>'


def build_app(site: Site, *, port: int) -> Guard:
    """Return the ASGI app of the dashboard on this port."""
    return Guard(
        _Routes(site).app(),
        access=site.access,
        port=port,
        metrics_token=lambda: site.settings().metrics_token,
    )


class _Routes:
    """The request handlers, with the threads that they work in."""

    def __init__(self, site: Site) -> None:
        pages = load_pages()
        self._site = site
        self._pages = pages
        self._threads = ThreadPoolExecutor(_THREADS, "dashboard")
        self._flush_thread = ThreadPoolExecutor(1, "dashboard-flush")
        self._templates = Templates(pages)
        self._live_events = LiveEvents(site.database, self._threads)
        self._indexer = StoreIndexer(
            site.database,
            self._index,
            subject="search index or the figures of sessions",
            clock=site.clock,
            priority=site.priority,
        )

    def _index(self, database: Database, clock: Clock) -> int:
        # A list of sessions is opened more often than a search.
        return self._site.figures.count_sessions() or search.catch_up(database, clock)

    def app(self) -> Starlette:
        """Return the app with a route for each page and for what pages link to."""
        return Starlette(
            routes=[
                *(self._page_route(page) for page in self._pages),
                Route("/sessions/{session_id}/export.{document_format}", self._export),
                Route("/sessions/{session_id}/share.html", self._share),
                Route("/sessions/{session_id}/message.md", self._export_message),
                Route("/sessions/{session_id}/live", self._stream_growth),
                Route("/live/sessions", self._stream_changes),
                *AnnotationForms(self._site).routes(),
                Route("/sync/flush", self._flush, methods=["POST"]),
                Route("/sign-out", self._sign_out, methods=["POST"]),
                Route(METRICS_PATH, self._show_metrics),
                Mount("/static", _StaticFiles(directory=_STATIC_FOLDER), name="static"),
            ],
            exception_handlers={HTTPException: self._show_error, Exception: self._show_error},
        )

    def _page_route(self, page: Page) -> Route:
        async def show(request: Request) -> Response:
            self._indexer.wake()
            self._site.calls.wake()
            if page.is_streamed:
                return await self._stream_page(page, request)
            html = await self._in_thread(lambda: "".join(self._render(page, request)))
            return HTMLResponse(html)

        return Route(page.path, show, name=page.name)

    def _render(self, page: Page, request: Request) -> Iterator[str]:
        with self._site.priority.page():
            context = page.build_context(self._site, request)
            token = form_token(request.state.cookie)
            now_ms = self._site.clock.wall_ms()
            yield from self._templates.iterate_page(page, context, token=token, now_ms=now_ms)

    async def _stream_page(self, page: Page, request: Request) -> Response:
        """Send the pieces of a page as they are made; what fails before the first is an error."""
        pieces: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def send(piece: str) -> None:
            # The daemon may end meanwhile: nobody reads it then.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        def make() -> None:
            # In one thread: a page's connection to the store is that of its thread.
            has_begun = False
            try:
                for piece in self._render(page, request):
                    send(piece)
                    has_begun = True
            except Exception:
                if not has_begun:
                    raise
                log.exception("a page failed after its beginning")
                send(_REST_FAILED)

        making = asyncio.ensure_future(self._in_thread(make))
        making.add_done_callback(lambda _done: pieces.put_nowait(""))
        first = await pieces.get()
        if not first:
            await making

        async def body() -> AsyncIterator[str]:
            piece = first
            while piece:
                yield piece
                piece = await pieces.get()

        return StreamingResponse(body(), media_type="text/html")

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _made_first(self, work: Callable[[], T]) -> T:
        """Make a part of a page or file, as `_render` does, while background work pauses."""

        def make() -> T:
            with self._site.priority.page():
                return work()

        return await self._in_thread(make)

    async def _export(self, request: Request) -> Response:
        session_id = request.path_params["session_id"]
        document_format = request.path_params["document_format"]
        if document_format not in session_document.MEDIA_TYPES:
            raise HTTPException(404, "Sessions are exported as .md and as .json.")
        agent_id = text_param(request, "agent")
        pieces = await self._made_first(
            lambda: self._begin_export(session_id, agent_id, document_format)
        )
        name = "subagent" if agent_id else "session"
        return StreamingResponse(
            self._stream(pieces),
            media_type=session_document.MEDIA_TYPES[document_format],
            headers={"Content-Disposition": f'attachment; filename="{name}.{document_format}"'},
        )

    def _begin_export(self, session_id: str, agent_id: str, document_format: str) -> Iterator[str]:
        """Return the text of a session, or of one of its subagents, in chunks."""
        site = self._site
        row = require_session(site, session_id)
        if not agent_id:
            account = site.figures.session(row.session_id)
            return session_document.iterate_document(site.database, row, account, document_format)
        agent = require_agent(site, row.session_id, agent_id)
        used = site.figures.subagents(row.session_id).get(agent_id)
        return session_document.iterate_document(site.database, row, used, document_format, agent)

    async def _share(self, request: Request) -> Response:
        """Return a session as a file for other people, to be saved or to be looked at."""
        source = await self._made_first(lambda: shared_source(self._site, request))
        pieces = sharing.iterate_shared(source, sharing.SharedContent())
        headers = {"Content-Security-Policy": sharing.content_security_policy()}
        if not text_param(request, "view"):
            headers["Content-Disposition"] = 'attachment; filename="session.html"'
        return StreamingResponse(
            self._stream(pieces), media_type=sharing.MEDIA_TYPE, headers=headers
        )

    async def _stream(self, pieces: Iterator[str]) -> AsyncIterator[str]:
        """Yield the pieces, made in the pages' own threads, which have their connections."""
        while (piece := await self._made_first(lambda: next(pieces, None))) is not None:
            yield piece

    async def _export_message(self, request: Request) -> Response:
        """Return one message as Markdown, for the clipboard."""
        text = await self._made_first(lambda: self._format_message(request))
        return Response(text, media_type=session_document.MEDIA_TYPES["md"])

    def _format_message(self, request: Request) -> str:
        row = require_session(self._site, request.path_params["session_id"])
        message = find_message(
            self._site.database,
            row.session_id,
            text_param(request, "agent") or None,
            text_param(request, "at"),
        )
        if message is None:
            raise HTTPException(404, "This message is not stored here.")
        return session_document.format_message(self._site.database, message)

    async def _stream_growth(self, request: Request) -> Response:
        session_id = request.path_params["session_id"]
        agent_id = request.query_params.get("agent") or None

        def require() -> None:
            require_session(self._site, session_id)
            if agent_id:
                require_agent(self._site, session_id, agent_id)

        await self._in_thread(require)

        def render_growth(after_seq: int) -> tuple[int, str]:
            with self._site.priority.page():
                last_seq, context = build_growth(self._site, session_id, agent_id, after_seq)
                if not context["groups"]:
                    return last_seq, ""
                return last_seq, self._templates.render_fragment("entries.html", context)

        def is_signed_in() -> bool:
            return self._site.access.is_signed_in(request.state.cookie)

        after_seq = last_shown_seq(request)
        return self._live_events.stream(request, after_seq, render_growth, is_signed_in)

    async def _stream_changes(self, request: Request) -> Response:
        """Say when the list of sessions has changed: an open page then asks for itself again."""

        def render_change(last: int) -> tuple[int, str]:
            change = last_change(self._site.database)
            return change, "changed" if change != last else ""

        def is_signed_in() -> bool:
            return self._site.access.is_signed_in(request.state.cookie)

        return self._live_events.stream(
            request, last_shown_seq(request), render_change, is_signed_in
        )

    async def _flush(self, request: Request) -> Response:
        await read_form(request)
        answer = await asyncio.get_running_loop().run_in_executor(
            self._flush_thread,
            lambda: self._site.daemon.flush(FlushRequest(seconds=_FLUSH_SECONDS)),
        )
        self._site.figures.expire()
        return RedirectResponse(f"/sync?flush={flush_outcome(answer)}", HTTPStatus.SEE_OTHER)

    async def _show_metrics(self, request: Request) -> Response:
        if "cookie" in request.scope.get("state", {}):
            # A browser that is signed in: the page for people has the same figures.
            raise HTTPException(404, "Metrics are for programs with the token of the settings.")
        return Response(
            await self._in_thread(self._site.figures.format_metrics), media_type=CONTENT_TYPE
        )

    async def _sign_out(self, request: Request) -> Response:
        """End the session of this browser, or of all, which changes the pages' address too."""
        fields = await read_form(request)
        is_all = "all" in fields
        if is_all:
            await self._in_thread(self._site.access.sign_out_all)
        else:
            await self._in_thread(lambda: self._site.access.sign_out(request.state.cookie))
        text = self._templates.render_fragment("signed_out.html", {"is_all": is_all})
        return HTMLResponse(text, headers=sign_out_headers())

    async def _show_error(self, request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            is_unrouted = error.detail == HTTPStatus.NOT_FOUND.phrase
            message = "This page does not exist." if is_unrouted else error.detail
            status = error.status_code
        else:
            log.error("a page failed", exc_info=error)
            status, message = HTTPStatus.INTERNAL_SERVER_ERROR, "This page failed."
        text = self._templates.render_error(status, message, path=request.url.path)
        return HTMLResponse(text, status)


class _StaticFiles(StaticFiles):
    """Our own few files; browsers may cache them, as their addresses change with their content."""

    async def get_response(self, path: str, scope: Any) -> Response:  # noqa: ANN401 - Starlette's type
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = f"private, max-age={_CACHE_SECONDS}"
        return response
