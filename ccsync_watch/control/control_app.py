"""The control API's ASGI app: HTTP on the state folder's socket, version 1.

It asks the daemon and does nothing itself. To add a request, add its types to `messages`, a method
to `Controlled` and a route here, and a method to the client.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import orjson
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ccsync_watch import __version__
from ccsync_watch.control.messages import FlushRequest, HelloAnswer, ShrinkRequest
from ccsync_watch.errors import CcsyncError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ccsync_watch.control.messages import (
        CheckAnswer,
        DashboardAnswer,
        FlushAnswer,
        ReloadAnswer,
        ShrinkAnswer,
        SignOutAnswer,
    )
    from ccsync_watch.model import JsonValue

# Long-lived threads: each has a database connection of its own, so none is made per request. A
# flush may take all of its caller's time; `status` must not have to wait for it.
_QUERY_THREADS = 2
_FLUSH_THREADS = 8


class Controlled(Protocol):
    """The daemon, as the control API sees it. Called from several threads.

    Every method raises a CcsyncError while the daemon is stopping.
    """

    def status(self, *, max_sessions: int | None = None) -> dict[str, JsonValue]:
        """Return `report.status`; of sessions all, or the latest `max_sessions`."""
        ...

    def check(self) -> CheckAnswer:
        """Test the backend's address and key now."""
        ...

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """Read, and upload if requested; wait for it at most `request.seconds`."""
        ...

    def dashboard(self) -> DashboardAnswer:
        """Return an address that lets one browser in, or what prevents it."""
        ...

    def sign_out_all(self) -> SignOutAnswer:
        """End the sessions of all browsers."""
        ...

    def reload(self) -> ReloadAnswer:
        """Read the settings again; return what is wrong with them."""
        ...

    def shrink(self, request: ShrinkRequest) -> ShrinkAnswer:
        """Give unused space of the database back to the disk."""
        ...


class _JsonResponse(JSONResponse):
    def render(self, content: JsonValue) -> bytes:
        return orjson.dumps(content)


def control_app(daemon: Controlled) -> Starlette:
    """Return the ASGI app of the control socket."""
    handlers = _Handlers(daemon)
    return Starlette(
        routes=[
            Route("/v1/hello", handlers.hello),
            Route("/v1/status", handlers.status),
            Route("/v1/check", handlers.check),
            Route("/v1/flush", handlers.flush, methods=["POST"]),
            Route("/v1/dashboard", handlers.dashboard, methods=["POST"]),
            Route("/v1/sign-out", handlers.sign_out_all, methods=["POST"]),
            Route("/v1/reload", handlers.reload, methods=["POST"]),
            Route("/v1/shrink", handlers.shrink, methods=["POST"]),
        ]
    )


class _Handlers:
    """The request handlers, with the threads that they work in."""

    def __init__(self, daemon: Controlled) -> None:
        self._daemon = daemon
        self._queries = ThreadPoolExecutor(_QUERY_THREADS, "control")
        self._flushes = ThreadPoolExecutor(_FLUSH_THREADS, "flush")

    async def hello(self, _request: Request) -> Response:
        return _JsonResponse(HelloAnswer(__version__, os.getpid()).to_json())

    async def status(self, request: Request) -> Response:
        limit = request.query_params.get("sessions", "")
        # Ten digits are more than all.
        sessions = int(limit[:10]) if limit.isascii() and limit.isdecimal() else None
        return await self._answer(self._queries, lambda: self._daemon.status(max_sessions=sessions))

    async def check(self, _request: Request) -> Response:
        # Like a flush, it may have to wait for the network.
        return await self._answer(self._flushes, lambda: self._daemon.check().to_json())

    async def flush(self, request: Request) -> Response:
        try:
            flush = FlushRequest.from_body(await request.body())
        except ValueError:
            return _JsonResponse({"error": "send an object with session_id and seconds"}, 400)
        return await self._answer(self._flushes, lambda: self._daemon.flush(flush).to_json())

    async def dashboard(self, _request: Request) -> Response:
        return await self._answer(self._queries, lambda: self._daemon.dashboard().to_json())

    async def sign_out_all(self, _request: Request) -> Response:
        return await self._answer(self._queries, lambda: self._daemon.sign_out_all().to_json())

    async def reload(self, _request: Request) -> Response:
        return await self._answer(self._queries, lambda: self._daemon.reload().to_json())

    async def shrink(self, request: Request) -> Response:
        try:
            shrink = ShrinkRequest.from_body(await request.body())
        except ValueError:
            text = "send an object with removed_bytes and min_share"
            return _JsonResponse({"error": text}, 400)
        # It takes long for a large database.
        return await self._answer(self._flushes, lambda: self._daemon.shrink(shrink).to_json())

    async def _answer(self, threads: ThreadPoolExecutor, work: Callable[[], JsonValue]) -> Response:
        """Do the work in one of these threads; answer 503 with the error that it raises."""
        try:
            return _JsonResponse(await asyncio.get_running_loop().run_in_executor(threads, work))
        except CcsyncError as error:
            return _JsonResponse({"error": error.message, "hint": error.hint}, 503)
