"""What outlives a change of settings: the control socket, the pidfile, and the current daemon.

Each set of settings has its own `Daemon`. When the settings change, the old daemon stops and a new
one starts; other threads that need a daemon meanwhile wait for the new one.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import sqlite3
import threading
from typing import TYPE_CHECKING

from ccsync_watch.config import hook_folders_path, options_path
from ccsync_watch.control.control_app import control_app
from ccsync_watch.daemon.changed_files import state_of
from ccsync_watch.daemon.control_server import ControlServer
from ccsync_watch.daemon.control_service import ControlService
from ccsync_watch.daemon.daemon import Daemon
from ccsync_watch.daemon.dashboard_server import DashboardHost
from ccsync_watch.daemon.rules_compiler import RulesCompiler
from ccsync_watch.daemon.runtime import redactor_options, rules_folder
from ccsync_watch.disk_faults import state_error
from ccsync_watch.errors import AlreadyRunning, CcsyncError, DatabaseDamaged, NotRunning
from ccsync_watch.privacy import READY, Redactor
from ccsync_watch.problem import Problem
from ccsync_watch.store.damage import CheckLevel, DamageHistory
from ccsync_watch.store.database import DATABASE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.daemon.instance_lock import InstanceLock
    from ccsync_watch.daemon.runtime import Runtime

log = logging.getLogger(__name__)

_CHANGE_SECONDS = 15.0
_RETURN_SECONDS = 2.0
_RETRY_SECONDS = 2.0


class Supervisor:
    """Runs daemons one after the other. The caller holds `lock`.

    `load` reads the settings; `on_start` is called with the settings of every daemon before it
    runs, `on_poll` once a second, `on_dashboard` with a link to each dashboard that is opened,
    `on_compile` when the redactor's rules are compiled first. `known` are secret values, None for
    those in the environment. `problem` returns what is wrong with the program itself.
    """

    def __init__(
        self,
        load: Callable[[], Settings],
        *,
        clock: Clock,
        lock: InstanceLock,
        transport: httpx.BaseTransport | None = None,
        on_progress: Callable[[Runtime], None] = lambda _runtime: None,
        on_start: Callable[[Settings], None] = lambda _settings: None,
        on_poll: Callable[[], None] = lambda: None,
        on_dashboard: Callable[[str], None] = lambda _link: None,
        on_compile: Callable[[], None] = lambda: None,
        known: Mapping[str, str] | None = None,
        problem: Callable[[], Problem | None] = lambda: None,
    ) -> None:
        self._load = load
        self._clock = clock
        self._lock = lock
        self._transport = transport
        self._on_progress = on_progress
        self._on_start = on_start
        self._on_poll = on_poll
        self._known = known
        self._is_ending = threading.Event()
        # Guards everything below, and is notified of every change to it.
        self._changed = threading.Condition(threading.RLock())
        self.settings = load()
        self.settings_problem: Problem | None = None
        self._rules = RulesCompiler(on_compile)
        # Kept from daemon to daemon while what it is built from stays the same.
        self._redactor: Redactor | None = None
        # Those of this run whose secrets differ from the next ones'.
        self._earlier: tuple[Settings, ...] = ()
        # None differs from every file's state: the first poll loads the settings once more, so a
        # change that came while they were loaded just now is not missed.
        self._files_state: object = None
        self._running: Daemon | None = None
        # The running daemon, while it has the settings in force.
        self._current: Daemon | None = None
        self._has_started = False
        self._borrowers = 0
        self._damages = DamageHistory()
        self._check_level = CheckLevel.LATER
        # Why no daemon runs at present.
        self._failure: CcsyncError | None = None
        self._server: ControlServer | None = None
        self._dashboard = DashboardHost(
            settings=lambda: self.settings, clock=clock, on_open=on_dashboard
        )
        self.service = ControlService(
            self, self._dashboard, clock=clock, transport=transport, problem=problem
        )

    # Used by other threads --------------------------------------------------------------

    def stop(self) -> None:
        """End the run: the daemon reads and uploads what was just written, then `run` returns."""
        with self._changed:
            self._is_ending.set()
            if self._running is not None:
                self._running.stop(is_draining=True)
            self._changed.notify_all()

    def is_stopping(self) -> bool:
        """Return whether there will be no further daemon."""
        return self._is_ending.is_set()

    @contextlib.contextmanager
    def current(self) -> Iterator[Daemon]:
        """Lend the daemon that has the settings in force; it is not closed meanwhile."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._current is not None or self._is_ending.is_set(), _CHANGE_SECONDS
            )
            daemon = self._current
            if daemon is None:
                raise self._absence()
            self._borrowers += 1
        try:
            yield daemon
        except sqlite3.Error as error:
            raise daemon.runtime.database.note_failure(error) or error from None
        finally:
            with self._changed:
                self._borrowers -= 1
                self._changed.notify_all()

    def _absence(self) -> NotRunning:
        state = "starting again" if self._has_started else "starting"
        state = "stopping" if self._is_ending.is_set() else state
        failure = self._failure
        if failure is None or self._is_ending.is_set():
            return NotRunning(f"ccsync-watch is {state}", hint="try again in a moment")
        return NotRunning(
            f"ccsync-watch is {state}: {failure.message}",
            hint=failure.hint_while_running,
            title=failure.title,
        )

    def reload_if_changed(self) -> None:
        """Load the settings if their files changed; keep the old ones while they are invalid."""
        with self._changed:
            state_dir = self.settings.state_dir
            state = state_of(
                self.settings.file, options_path(state_dir), hook_folders_path(state_dir)
            )
            if state == self._files_state or self._is_ending.is_set():
                return
            # Before the files are read: a change that comes meanwhile is seen next time.
            self._files_state = state
            try:
                settings = self._load()
                redactor, earlier = self._redactor, self._earlier
                if settings.secrets != self.settings.secrets:
                    earlier = (*earlier, self.settings)
                if _redactor_inputs(settings) != _redactor_inputs(self.settings):
                    redactor = self._make_redactor(settings, earlier)
            except CcsyncError as error:
                self.settings_problem = Problem(
                    "settings-not-used",
                    "Settings not used",
                    f"the new settings are not used: {error.message}",
                    error.hint,
                )
                log.error("the new settings are not used: %s", error)  # noqa: TRY400 - one line says it all
                return
            self.settings_problem = None
            if settings == self.settings:
                return
            log.info("the settings changed: restarting with them")
            self.settings, self._redactor, self._earlier = settings, redactor, earlier
            # From now on other threads wait for the next daemon.
            self._current = None
            if self._running is not None:
                self._running.stop(is_draining=False)

    def poll(self) -> None:
        """Use what is ready, and start again with what changed; called between two chunks."""
        self._on_poll()
        self._rules.turn()
        self._dashboard.turn()
        self.reload_if_changed()
        with self._changed:
            daemon = self._current
            if daemon is None or self._is_ending.is_set():
                return
            damage = daemon.runtime.database.damage()
            if damage is not None:
                log.error("the database is damaged (%s): opening it again", damage.reason)
                self._check_level = self._damages.add(damage, self._clock.monotonic())
            elif self._lock.is_lost() or not self._lock.is_announced():
                log.error("files of the state folder were deleted: they are made again")
            else:
                return
            self._current = None
            daemon.stop(is_draining=False)

    # The run ---------------------------------------------------------------------------

    def run(self) -> None:
        """Run until stopped. Raises StateError, ConfigError or RedactorUnavailable at the start."""
        try:
            self._run()
        finally:
            self._rules.stop()

    def _run(self) -> None:
        try:
            daemon = self._build_daemon()
        except (DatabaseDamaged, sqlite3.Error) as error:
            self._check_level = self._damages.add_error(error, self._clock.monotonic())
            if self._check_level is CheckLevel.QUICK:
                raise
            daemon = self._build_daemon()
        try:
            self._listen()
        except BaseException:
            daemon.close()
            raise
        try:
            self._run_daemon(daemon)
            del daemon
            while not self._is_ending.is_set():
                # Idle threads' connections close with the database: while one is open, the next
                # database shares the index of its log, which may be a file that was deleted.
                gc.collect()
                self._run_again()
        finally:
            with self._changed:
                self._is_ending.set()
                self._changed.notify_all()
            if self._server is not None:
                self._server.stop()
            self._dashboard.close()

    def _run_again(self) -> None:
        daemon = self._build_again()
        if daemon is not None:
            self._run_daemon(daemon)

    def _listen(self) -> None:
        """Listen, and let others find that; also where files of that were deleted.

        Raises AlreadyRunning when another daemon holds the lock by now, StateError.
        """
        is_lost = self._lock.is_lost()
        if self._server is not None:
            if not is_lost and self._lock.is_announced():
                return
            self._server.stop()
            self._server = None
        if is_lost:
            self._lock.take_again()
        self._server = ControlServer(control_app(self.service), self.settings.state_dir)
        self._lock.announce(str(self._server.address))

    def _build_again(self) -> Daemon | None:
        """Build the next daemon; None when that fails now, and after a while.

        Raises AlreadyRunning when another one holds the state folder by now.
        """
        try:
            # Before the database is opened: nobody else may write to it.
            self._listen()
            daemon = self._build_daemon()
        except AlreadyRunning:
            raise
        except (CcsyncError, sqlite3.Error) as error:
            self._check_level = self._damages.add_error(error, self._clock.monotonic())
            if not isinstance(error, CcsyncError):
                error = state_error(self.settings.state_dir / DATABASE_NAME, error)
            if str(error) != str(self._failure):
                log.error("%s; it is tried again", error)  # noqa: TRY400 - one line says it all
            self._failure = error
            self._on_poll()
            self._clock.wait(self._is_ending, _RETRY_SECONDS)
            return None
        self._failure = None
        return daemon

    def _make_redactor(self, settings: Settings, earlier: tuple[Settings, ...]) -> Redactor:
        """Build a redactor at once; its rules are compiled when it is used, if they are not yet."""
        options = redactor_options(settings, earlier=earlier, known=self._known)
        return Redactor(**options, engine=READY)

    def _build_daemon(self) -> Daemon:
        # Read together: the settings may change while the daemon is built.
        with self._changed:
            settings, redactor, earlier = self.settings, self._redactor, self._earlier
            check_level, self._check_level = self._check_level, CheckLevel.LATER
        if redactor is None:
            redactor = self._make_redactor(settings, earlier)
            with self._changed:
                self._redactor = self._redactor or redactor
        self._on_start(settings)
        self._rules.start(redactor, rules_folder(settings))
        return Daemon(
            settings,
            redactor=redactor,
            clock=self._clock,
            transport=self._transport,
            on_progress=self._on_progress,
            on_poll=self.poll,
            check_level=check_level,
        )

    def _run_daemon(self, daemon: Daemon) -> None:
        self._dashboard.apply(daemon.settings, self.service)
        with self._changed:
            self._running = daemon
            if self._is_ending.is_set():
                daemon.stop(is_draining=True)
            elif daemon.settings is self.settings:
                self._current = daemon
                self._has_started = True
            else:
                # They changed again while it was built.
                daemon.stop(is_draining=False)
            self._changed.notify_all()
        try:
            daemon.run()
        finally:
            with self._changed:
                self._current = self._running = None
                # They return at once: what they wait for ended with the run.
                self._changed.wait_for(lambda: self._borrowers == 0, _RETURN_SECONDS)
            daemon.close()


def _redactor_inputs(settings: Settings) -> object:
    """Return what a redactor is built from: the user's rules, and the secrets as known values."""
    return settings.redact, settings.secrets
