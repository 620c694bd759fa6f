"""A state folder with a pidfile and the daemon's own control server, without a daemon."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, TypeAlias

import orjson
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ccsync_watch.daemon.control_server import ControlServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request

    Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class StateFolder:
    """A state folder whose path is short enough for a socket, as clients and daemons see it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write_pidfile(self, address: object, pid: int | None = None) -> None:
        """Write the pidfile of a daemon that listens there (None: not yet)."""
        fields = {"pid": pid or os.getpid(), "since_ms": 1, "version": "0", "socket": None}
        if address is not None:
            fields["socket"] = str(address)
        (self.path / "daemon.json").write_bytes(orjson.dumps(fields))

    @contextlib.contextmanager
    def serve(
        self, handler: Handler, *, path: str = "/v1/x", is_unix: bool = True, version: str = "0"
    ) -> Iterator[ControlServer]:
        """Serve a path and a hello by the daemon's own server."""

        async def hello(_request: Request) -> Response:
            return JSONResponse({"version": version, "pid": os.getpid()})

        routes = [Route("/v1/hello", hello), Route(path, handler, methods=["GET", "POST"])]
        server = ControlServer(Starlette(routes=routes), self.path, is_unix=is_unix)
        self.write_pidfile(server.address)
        try:
            yield server
        finally:
            server.stop()
