"""Serve the dashboard on loopback in a thread; none of its modules is loaded before a request.

It reads the store through connections of its own. Only the holder of the state folder's lock runs
one.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from ccsync_watch.config.setting_values import DEFAULT_PORT
from ccsync_watch.control.messages import DashboardAnswer
from ccsync_watch.daemon.asgi_server import ServerThread
from ccsync_watch.daemon.free_memory import FreeMemoryAfterPages
from ccsync_watch.daemon.http_connections import BUSY_HEADERS
from ccsync_watch.daemon.peer_user import is_own_peer
from ccsync_watch.dashboard.browser_access import BrowserAccess, forget_sessions
from ccsync_watch.dashboard.guard import ENTER_PATH
from ccsync_watch.disk_faults import hint_for
from ccsync_watch.problem import Problem
from ccsync_watch.store.database import DATABASE_NAME, Database

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import DashboardSettings, Settings
    from ccsync_watch.dashboard.site import DaemonApi

log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_HOST_IPV6 = "::1"
_FREE_PORT_ATTEMPTS = 10
_BACKLOG = 128
_MAX_CONNECTIONS = 400
_BUSY = "ccsync-watch is busy with other pages: close some of them, then reload this one."
_NOT_LOADED = PlainTextResponse(
    "The dashboard could not be loaded. If ccsync-watch was just updated, it starts again by itself"
    " within seconds: reload this page then. Else see the log in its state folder.",
    503,
    {"retry-after": "10"},
)
_OPEN_FILES = {errno.EMFILE, errno.ENFILE}


class DashboardHost:
    """Keeps a dashboard server as the settings want it, from daemon to daemon.

    A dashboard that cannot be served stops nothing else. `settings` returns those in force;
    `on_open` is called with a link to each dashboard that is opened.
    """

    def __init__(
        self, *, settings: Callable[[], Settings], clock: Clock, on_open: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_open = on_open
        self._server: DashboardServer | None = None
        self._applied: DashboardSettings | None = None
        self._retried: tuple[Settings, DaemonApi] | None = None
        self.problem: Problem | None = None

    def apply(self, settings: Settings, daemon: DaemonApi) -> None:
        """Start, stop or restart the server if these settings differ from the last ones.

        With too many open files, `turn` tries it again.
        """
        if self._applied == settings.dashboard:
            return
        self.close()
        self._retried = None
        before, self._applied, self.problem = self.problem, settings.dashboard, None
        if not settings.dashboard.enabled:
            return
        try:
            self._server = DashboardServer(
                settings, daemon, settings_now=self._settings, clock=self._clock
            )
        except OSError as error:
            is_of_port = error.errno not in _OPEN_FILES
            self.problem = Problem(
                "dashboard-port-taken" if is_of_port else "dashboard-not-served",
                "Dashboard",
                f"the dashboard cannot use port {settings.dashboard.port} ({_reason(error)})"
                if is_of_port
                else f"the dashboard cannot be served ({_reason(error)})",
                "set dashboard.port to another" if is_of_port else hint_for(error),
                "warning",
            )
            if self.problem != before:
                log.warning("%s: %s", self.problem.detail, self.problem.hint)
            if not is_of_port:
                self._retried = settings, daemon
            return
        self._on_open(self._server.link())

    def turn(self) -> None:
        """Try again what failed with too many open files."""
        if self._retried is not None:
            self._applied = None
            self.apply(*self._retried)

    def link(self) -> DashboardAnswer:
        """Return an address that lets one browser in, or what prevents it."""
        server = self._server
        if server is not None:
            return DashboardAnswer(server.link())
        return DashboardAnswer(None, self.problem or _DASHBOARD_OFF)

    def sign_out_all(self) -> None:
        """End the sessions of all browsers, and change the host name of the pages."""
        if self._server is not None:
            self._server.sign_out_all()
        else:
            forget_sessions(self._settings().state_dir)

    def close(self) -> None:
        """Stop the server, if there is one."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()


_DASHBOARD_OFF = Problem(
    "dashboard-off", "Dashboard", "the dashboard is off", "set dashboard.enabled to true", "info"
)


class DashboardServer:
    """The dashboard's server; it listens from construction to `stop`.

    Raises OSError when the configured port is used by another program.
    """

    def __init__(
        self,
        settings: Settings,
        daemon: DaemonApi,
        *,
        settings_now: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        self._settings_now = settings_now
        self._daemon = daemon
        self._state_dir = settings.state_dir
        self._clock = clock
        self._access = BrowserAccess(settings.state_dir, clock=clock)
        self._database: Database | None = None
        listeners = _listen(settings.dashboard.port)
        for listener in listeners:
            # Otherwise a page's end waits 40 ms for the browser to acknowledge its beginning:
            # asyncio sets this by itself only where the socket's protocol is named.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = int(listeners[0].getsockname()[1])
        try:
            self._server = ServerThread(
                _LazyApp(self._build_app),
                listeners,
                name="dashboard",
                log_level="critical",
                most_connections=_MAX_CONNECTIONS,
                when_busy=PlainTextResponse(_BUSY, 503, BUSY_HEADERS),
                is_accepted=is_own_peer,
                server_header=False,
            )
        except OSError:
            for listener in listeners:
                listener.close()
            raise

    def link(self) -> str:
        """Return an address that lets one browser in, once."""
        at = f"{self._access.host}:{self.port}"
        return f"http://{at}{ENTER_PATH}?link={self._access.new_link()}"

    def sign_out_all(self) -> None:
        """End the sessions of all browsers, and change the host name of the pages."""
        self._access.sign_out_all()

    def stop(self) -> None:
        """Stop listening, and close the database."""
        self._server.stop()
        if self._database is not None:
            self._database.close()

    def _build_app(self) -> ASGIApp:
        # Templates, Markdown and charts: 15 MB that only users of the dashboard pay for.
        from ccsync_watch.accounting.prices import PriceList  # noqa: PLC0415 - see above
        from ccsync_watch.dashboard.app import build_app  # noqa: PLC0415 - see above
        from ccsync_watch.dashboard.site import build_site  # noqa: PLC0415 - see above

        self._database = Database(self._state_dir / DATABASE_NAME)
        site = build_site(
            self._database,
            self._daemon,
            access=self._access,
            prices=PriceList.following(self._settings_now),
            settings=self._settings_now,
            clock=self._clock,
        )
        return build_app(site, port=self.port)


def _reason(error: OSError) -> str:
    # Not `strerror`: the library's repeats the address, and its form differs between Pythons.
    return os.strerror(error.errno).lower() if error.errno else str(error)


def _listen(port: int | None) -> list[socket.socket]:
    """Listen on this port; without one, on the default port, or on any if that is taken.

    Raises OSError when the configured port is used by another program.
    """
    if port is None:
        with contextlib.suppress(OSError):
            return _listen_on_both(DEFAULT_PORT)
    if port:
        return _listen_on_both(port)
    for _attempt in range(_FREE_PORT_ATTEMPTS):
        with contextlib.suppress(OSError):
            return _listen_on_both(0)
    return _listen_on_both(0)


def _listen_on_both(port: int) -> list[socket.socket]:
    """Listen on the port at both loopback addresses, as far as the system has them.

    Browsers try IPv6 first for names below `localhost`: another user's program that listened there
    would receive our cookie.
    """
    listener = socket.create_server((_HOST, port), backlog=_BACKLOG)
    if not socket.has_ipv6:
        return [listener]
    try:
        second = socket.create_server(
            (_HOST_IPV6, int(listener.getsockname()[1])), family=socket.AF_INET6, backlog=_BACKLOG
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            listener.close()
            raise
        return [listener]
    return [listener, second]


class _LazyApp:
    """An app that is built by its first request."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._app: ASGIApp | None = None
        self._memory = FreeMemoryAfterPages()
        self._lock: asyncio.Lock | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._lock = self._lock or asyncio.Lock()
            async with self._lock:
                try:
                    if self._app is None:
                        loop = asyncio.get_running_loop()
                        self._app = await loop.run_in_executor(None, self._build)
                except Exception:
                    log.exception("the dashboard cannot be loaded")
                    await _NOT_LOADED(scope, receive, send)
                    return
        try:
            await self._app(scope, receive, send)
        finally:
            self._memory.turn()
