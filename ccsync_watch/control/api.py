"""The control API: HTTP on the state folder's socket, version 1.

It reads the figures of `report` and asks the daemon to act; it does nothing itself.
"""

from __future__ import annotations

import asyncio
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import orjson
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ccsync_watch import __version__
from ccsync_watch.errors import CcsyncError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ccsync_watch.model import JsonValue
    from ccsync_watch.problem import Problem

T = TypeVar("T")

MAX_FLUSH_SECONDS = 3600.0
# Threads that stay: each has a database connection of its own, so none may be made per request.
# A flush may take its caller's whole time; `status` must not have to wait for it.
_ASKING_THREADS = 2
_FLUSHING_THREADS = 8


@dataclass(frozen=True, slots=True)
class FlushResult:
    """How a flush ended.

    `is_read`: everything on disk is in the store. `is_known`: there is such a session.
    `rows_waiting` are those that the backend has not acknowledged. `error` is what prevents
    sending, `problem` what prevents reading.
    """

    is_read: bool
    is_known: bool
    is_local: bool
    rows_sent: int
    rows_waiting: int
    rows_rejected: int
    error: Problem | None
    problem: str | None = None


class Controlled(Protocol):
    """The daemon, as the control API sees it. Called from several threads.

    Every method raises a CcsyncError when the daemon is on its way out.
    """

    def status(self) -> dict[str, JsonValue]:
        """Return `report.status`."""
        ...

    def check(self) -> dict[str, JsonValue]:
        """Test the backend's address and key now; return `ok`, and what is wrong."""
        ...

    def flush(self, session_id: str | None, seconds: float, *, is_sending: bool) -> FlushResult:
        """Read, and send if so asked, one session or all; wait for it at most so long."""
        ...

    def dashboard(self) -> tuple[str | None, str | None]:
        """Return an address that lets one browser in, or what prevents it."""
        ...

    def reload(self) -> str | None:
        """Read the settings again; return what is wrong with them."""
        ...


class _Json(JSONResponse):
    def render(self, content: JsonValue) -> bytes:
        return orjson.dumps(content)


@dataclass(frozen=True, slots=True)
class _Asked:
    session_id: str | None
    seconds: float
    is_sending: bool

    @classmethod
    def of(cls, body: bytes) -> _Asked:
        """Return a flush request's body; raise ValueError for any other."""
        fields = orjson.loads(body or b"{}")
        if not isinstance(fields, dict):
            raise ValueError("no object")  # noqa: TRY004 - the body is wrong, not our types
        session_id, seconds = fields.get("session_id"), fields.get("seconds", 60)
        is_sending = fields.get("is_sending", True)
        is_number = isinstance(seconds, (int, float)) and math.isfinite(seconds)
        if not is_number or not isinstance(session_id, (str, type(None))):
            raise ValueError("wrong types")
        return cls(session_id, min(max(seconds, 0.0), MAX_FLUSH_SECONDS), bool(is_sending))


def control_app(daemon: Controlled) -> Starlette:
    """Return the ASGI app of the control socket."""
    return _Handlers(daemon).app()


class _Handlers:
    """The handlers, with the threads that they work in."""

    def __init__(self, daemon: Controlled) -> None:
        self._daemon = daemon
        self._asking = ThreadPoolExecutor(_ASKING_THREADS, "control")
        self._flushing = ThreadPoolExecutor(_FLUSHING_THREADS, "flush")

    def app(self) -> Starlette:
        """Return the app with all routes."""
        return Starlette(
            routes=[
                Route("/v1/hello", self._hello),
                Route("/v1/status", self._status),
                Route("/v1/check", self._check),
                Route("/v1/flush", self._flush, methods=["POST"]),
                Route("/v1/dashboard", self._dashboard, methods=["POST"]),
                Route("/v1/reload", self._reload, methods=["POST"]),
            ]
        )

    async def _answered(
        self, threads: ThreadPoolExecutor, work: Callable[[], JsonValue]
    ) -> Response:
        try:
            return _Json(await asyncio.get_running_loop().run_in_executor(threads, work))
        except CcsyncError as error:
            return _Json({"error": error.message, "hint": error.hint}, 503)

    async def _hello(self, _request: Request) -> Response:
        return _Json({"version": __version__, "pid": os.getpid()})

    async def _status(self, _request: Request) -> Response:
        return await self._answered(self._asking, self._daemon.status)

    async def _check(self, _request: Request) -> Response:
        # It may have to wait for the network, as a flush has.
        return await self._answered(self._flushing, self._daemon.check)

    async def _flush(self, request: Request) -> Response:
        try:
            asked = _Asked.of(await request.body())
        except ValueError:
            return _Json({"error": "send an object with session_id and seconds"}, 400)

        def work() -> JsonValue:
            made = self._daemon.flush(asked.session_id, asked.seconds, is_sending=asked.is_sending)
            return asdict(made)

        return await self._answered(self._flushing, work)

    async def _reload(self, _request: Request) -> Response:
        return await self._answered(self._asking, lambda: {"problem": self._daemon.reload()})

    async def _dashboard(self, _request: Request) -> Response:
        def work() -> JsonValue:
            url, problem = self._daemon.dashboard()
            return {"url": url, "problem": problem}

        return await self._answered(self._asking, work)
