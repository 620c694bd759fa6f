"""What outlives a change of settings: the control socket, the note, and the order of daemons.

One set of settings makes one `Daemon`. When the settings file changes, the old one stops and a new
one takes its place; whoever asks meanwhile waits for the new one.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

from ccsync_watch import report
from ccsync_watch.config import options_path
from ccsync_watch.control.control_app import control_app
from ccsync_watch.control.messages import (
    CheckAnswer,
    DashboardAnswer,
    FlushAnswer,
    FlushRequest,
    ReloadAnswer,
)
from ccsync_watch.daemon.connection_test import try_backend
from ccsync_watch.daemon.control_server import ControlServer
from ccsync_watch.daemon.daemon import Daemon
from ccsync_watch.daemon.dashboard_server import DashboardServer
from ccsync_watch.daemon.runtime import make_redactor
from ccsync_watch.errors import CcsyncError, NotRunning
from ccsync_watch.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import DashboardSettings, Settings
    from ccsync_watch.daemon.instance_lock import InstanceLock
    from ccsync_watch.daemon.runtime import Runtime
    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy import Redactor

log = logging.getLogger(__name__)

_CHANGE_SECONDS = 15.0
_LEAVE_SECONDS = 2.0


class Supervisor:
    """Runs daemons one after the other. The caller holds `lock`.

    `load` reads the settings anew; `on_change` is told the settings of every daemon before it
    runs, `on_page` a link to each dashboard that is opened.
    """

    def __init__(
        self,
        load: Callable[[], Settings],
        *,
        clock: Clock,
        lock: InstanceLock,
        transport: httpx.BaseTransport | None = None,
        on_progress: Callable[[Runtime], None] = lambda _runtime: None,
        on_change: Callable[[Settings], None] = lambda _settings: None,
        on_page: Callable[[str], None] = lambda _link: None,
    ) -> None:
        self._load = load
        self._clock = clock
        self._lock = lock
        self._transport = transport
        self._on_progress = on_progress
        self._on_change = on_change
        self._on_page = on_page
        self._page: DashboardServer | None = None
        self._page_settings: DashboardSettings | None = None
        self._page_problem: Problem | None = None
        self._is_ending = threading.Event()
        # Guards all below, and tells those who wait of every change to it.
        self._changed = threading.Condition(threading.RLock())
        self._settings = load()
        # Cached from daemon to daemon while its rules stay.
        self._redactor: Redactor | None = None
        # None is no file's mark: the first look reads the settings once more, and a change that
        # came while they were read just now is not overlooked.
        self._mark: object = None
        self._problem: Problem | None = None
        self._daemon: Daemon | None = None
        self._running: Daemon | None = None
        self._users = 0

    # Asked from other threads -----------------------------------------------------------

    def stop(self) -> None:
        """End the supervisor: drain what is in hand, and return from `run`."""
        with self._changed:
            self._is_ending.set()
            if self._running is not None:
                self._running.stop(is_draining=True)
            self._changed.notify_all()

    def status(self, *, max_sessions: int | None = None) -> dict[str, JsonValue]:
        """Return what `report` shows of a running daemon."""
        self.look()
        with self._current() as daemon:
            return daemon.status(self._problem, self._page_trouble(), max_sessions=max_sessions)

    def check(self) -> CheckAnswer:
        """Test the backend now, with connections of its own: the uploader's may be stuck."""
        self.look()
        with self._changed:
            settings = self._settings
        backend = try_backend(settings, clock=self._clock, transport=self._transport)
        error = report.connection_problem(backend.error) if backend.error else None
        return CheckAnswer(ok=backend.backend_info is not None, problem=error)

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """Read and send now; with the settings as they are now."""
        until = self._clock.monotonic() + request.seconds
        self.look()
        while True:
            with self._current() as daemon:
                try:
                    return daemon.flush(request, until)
                except NotRunning:
                    if self._is_ending.is_set():
                        raise
                    # The settings changed under it: ask its successor.

    def _page_trouble(self) -> Problem | None:
        """Return why there is no dashboard although there should be one."""
        return self._page_problem if self._settings.dashboard.enabled else None

    def dashboard(self) -> DashboardAnswer:
        """Return an address that lets one browser in, or what prevents it."""
        self.look()
        with self._current():
            page = self._page
            return DashboardAnswer(page.link() if page else None, self._page_problem)

    def reload(self) -> ReloadAnswer:
        """Read the settings again now; return what is wrong with them, None when all is well."""
        self.look()
        with self._current():
            return ReloadAnswer(self._problem)

    def look(self) -> None:
        """Take up the settings if the file changed; keep the old ones while they are wrong."""
        with self._changed:
            mark = _mark(self._settings.file, options_path(self._settings.state_dir))
            if mark == self._mark or self._is_ending.is_set():
                return
            # Before the file is read: a change that comes while it is read is seen next time.
            self._mark = mark
            try:
                made = self._load()
                redactor = self._redactor
                if made.redact != self._settings.redact:
                    redactor = make_redactor(made)
            except CcsyncError as error:
                self._problem = Problem(
                    "settings-not-used",
                    "Settings not used",
                    f"the new settings are not used: {error.message}",
                    error.hint,
                )
                log.error("the new settings are not used: %s", error)  # noqa: TRY400 - one line says it all
                return
            self._problem = None
            if made == self._settings:
                return
            log.info("the settings changed: they are taken up")
            self._settings, self._redactor = made, redactor
            # From now on whoever asks waits for the next daemon.
            self._daemon = None
            if self._running is not None:
                self._running.stop(is_draining=False)

    @contextlib.contextmanager
    def _current(self) -> Iterator[Daemon]:
        """Give the daemon that has the settings in force, and keep it from being closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._daemon is not None or self._is_ending.is_set(), _CHANGE_SECONDS
            )
            daemon = self._daemon
            if daemon is None:
                what = "stopping" if self._is_ending.is_set() else "taking up new settings"
                raise NotRunning(f"ccsync-watch is {what}", hint="try again in a moment")
            self._users += 1
        try:
            yield daemon
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    # The run ---------------------------------------------------------------------------

    def run(self) -> None:
        """Run until stopped. Raises StateError, ConfigError or RedactorUnavailable at the start."""
        daemon = self._made()
        try:
            server = ControlServer(control_app(self), self._settings.state_dir)
        except BaseException:
            daemon.close()
            raise
        try:
            self._lock.announce(str(server.address))
            self._run_one(daemon)
            while not self._is_ending.is_set():
                self._run_one(self._made())
        finally:
            with self._changed:
                self._is_ending.set()
                self._changed.notify_all()
            server.stop()
            self._close_page()

    def _open_page(self, settings: Settings) -> None:
        """Serve the dashboard as these settings say; that it cannot be served stops nothing."""
        if self._page_settings == settings.dashboard:
            return
        self._close_page()
        self._page_settings = settings.dashboard
        self._page_problem = None
        if not settings.dashboard.enabled:
            self._page_problem = Problem(
                "dashboard-off",
                "Dashboard",
                "the dashboard is off",
                "set dashboard.enabled to true",
                "info",
            )
            return
        try:
            self._page = DashboardServer(settings, self, settings_now=lambda: self._settings)
        except OSError as error:
            self._page_problem = Problem(
                "dashboard-port-taken",
                "Dashboard",
                f"it cannot use port {settings.dashboard.port} ({error.strerror or error})",
                "set dashboard.port to another",
                "warning",
            )
            log.warning("dashboard: %s", self._page_problem.detail)
            return
        self._on_page(self._page.link())

    def _close_page(self) -> None:
        page, self._page = self._page, None
        if page is not None:
            page.stop()

    def _made(self) -> Daemon:
        # One look: they may change while the daemon is made, and it must know which it has.
        with self._changed:
            settings, redactor = self._settings, self._redactor
        if redactor is None:
            redactor = make_redactor(settings)
            with self._changed:
                self._redactor = self._redactor or redactor
        self._on_change(settings)
        return Daemon(
            settings,
            redactor=redactor,
            clock=self._clock,
            transport=self._transport,
            on_progress=self._on_progress,
            on_look=self.look,
        )

    def _run_one(self, daemon: Daemon) -> None:
        self._open_page(daemon.settings)
        with self._changed:
            self._running = daemon
            if self._is_ending.is_set():
                daemon.stop(is_draining=True)
            elif daemon.settings is self._settings:
                self._daemon = daemon
            else:
                # They changed once more while it was made.
                daemon.stop(is_draining=False)
            self._changed.notify_all()
        try:
            daemon.run()
        finally:
            with self._changed:
                self._daemon = self._running = None
                # They leave at once: what they wait for ended with the run.
                self._changed.wait_for(lambda: self._users == 0, _LEAVE_SECONDS)
            daemon.close()


def _mark(*paths: Path) -> object:
    """Return what tells one state of the settings' files from another."""
    return tuple(_mark_of(path) for path in paths)


def _mark_of(path: Path) -> object:
    try:
        seen = path.stat()
    except OSError as error:
        return error.errno
    return seen.st_mtime_ns, seen.st_ino, seen.st_size
