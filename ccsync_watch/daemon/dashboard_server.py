"""Serve the dashboard on loopback in a thread; nothing of it is loaded before it is asked for.

It reads the store through connections of its own. Whoever has the state folder's lock runs one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import TYPE_CHECKING

from ccsync_watch.clock import SystemClock
from ccsync_watch.config.setting_values import DEFAULT_PORT
from ccsync_watch.daemon.asgi_server import ServerThread
from ccsync_watch.dashboard.guard import ENTER_PATH, Keys
from ccsync_watch.store.database import DATABASE_NAME, Database
from ccsync_watch.store.install_keys import install_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from ccsync_watch.config import Settings
    from ccsync_watch.dashboard.site import DaemonApi

log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_BACKLOG = 128
_MAX_CONNECTIONS = 400


class DashboardServer:
    """The dashboard's server; it listens from construction to `stop`.

    Raises OSError when the port that the settings name is another program's.
    """

    def __init__(
        self, settings: Settings, daemon: DaemonApi, *, settings_now: Callable[[], Settings]
    ) -> None:
        self._settings_now = settings_now
        self._daemon = daemon
        self._state_dir = settings.state_dir
        self._clock = SystemClock()
        self._keys = Keys(install_key(settings.state_dir), clock=self._clock)
        self._database: Database | None = None
        listening = _listening(settings.dashboard.port)
        # Else a page's end waits 40 ms for the browser to acknowledge its beginning: asyncio sees
        # to it by itself only where the socket's protocol is named.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = int(listening.getsockname()[1])
        self._serving = ServerThread(
            _Late(self._made),
            listening,
            name="dashboard",
            log_level="critical",
            limit_concurrency=_MAX_CONNECTIONS,
            server_header=False,
        )

    def link(self) -> str:
        """Return an address that lets one browser in, once."""
        return f"http://{_HOST}:{self.port}{ENTER_PATH}?link={self._keys.new_link()}"

    def stop(self) -> None:
        """Stop listening, and give everything back."""
        self._serving.stop()
        if self._database is not None:
            self._database.close()

    def _made(self) -> ASGIApp:
        # Templates, Markdown and charts: 15 MB that nobody pays who never opens a page.
        from ccsync_watch.accounting.prices import PriceList  # noqa: PLC0415 - see above
        from ccsync_watch.dashboard.app import build_app  # noqa: PLC0415 - see above
        from ccsync_watch.dashboard.site import build_site  # noqa: PLC0415 - see above

        self._database = Database(self._state_dir / DATABASE_NAME)
        site = build_site(
            self._database,
            self._daemon,
            keys=self._keys,
            prices=PriceList.of(self._settings_now()),
            settings=self._settings_now,
            clock=self._clock,
        )
        return build_app(site, port=self.port)


def _listening(port: int | None) -> socket.socket:
    """Return a listening socket: on this port, or on the usual one, or else on any.

    Raises OSError when the port that was asked for is another program's.
    """
    if port is None:
        with contextlib.suppress(OSError):
            return socket.create_server((_HOST, DEFAULT_PORT), backlog=_BACKLOG)
    return socket.create_server((_HOST, port or 0), backlog=_BACKLOG)


class _Late:
    """An app that is made by its first request."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._app: ASGIApp | None = None
        self._lock: asyncio.Lock | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._lock = self._lock or asyncio.Lock()
            async with self._lock:
                if self._app is None:
                    self._app = await asyncio.get_running_loop().run_in_executor(None, self._make)
        await self._app(scope, receive, send)
