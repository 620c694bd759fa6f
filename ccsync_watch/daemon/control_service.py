"""What other threads ask of the daemon: status, connection test, flush, dashboard link, reload.

The control API and the dashboard call it. Every answer comes from the daemon that has the current
settings, also while the settings change.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from ccsync_watch import report
from ccsync_watch.control.messages import (
    CheckAnswer,
    ReloadAnswer,
    ShrinkAnswer,
    SignOutAnswer,
)
from ccsync_watch.daemon.connection_test import try_backend
from ccsync_watch.daemon.flush_answer import build_flush_answer
from ccsync_watch.errors import NotRunning

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import httpx

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.control.messages import (
        DashboardAnswer,
        FlushAnswer,
        FlushRequest,
        ShrinkRequest,
    )
    from ccsync_watch.daemon.annotation_intake import Change
    from ccsync_watch.daemon.daemon import Daemon
    from ccsync_watch.daemon.dashboard_server import DashboardHost
    from ccsync_watch.model import JsonValue
    from ccsync_watch.problem import Problem


_CHANGE_SECONDS = 10.0


class DaemonSource(Protocol):
    """The supervisor, as the service sees it."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        ...

    @property
    def settings_problem(self) -> Problem | None:
        """Why a change of the settings is not in force; None if all are."""
        ...

    def reload_if_changed(self) -> None:
        """Load the settings if their files changed."""
        ...

    def current(self) -> AbstractContextManager[Daemon]:
        """Lend the daemon that has the settings in force. Raises NotRunning."""
        ...

    def is_stopping(self) -> bool:
        """Return whether there will be no further daemon."""
        ...


class ControlService:
    """Answers from any thread. Every method raises NotRunning while ccsync-watch is stopping.

    `problem` returns what is wrong with the program itself.
    """

    def __init__(
        self,
        source: DaemonSource,
        dashboard: DashboardHost,
        *,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        problem: Callable[[], Problem | None] = lambda: None,
    ) -> None:
        self._problem = problem
        self._source = source
        self._dashboard = dashboard
        self._clock = clock
        self._transport = transport

    def status(self, *, max_sessions: int | None = None) -> dict[str, JsonValue]:
        """Return `report.status` of the running daemon."""
        self._source.reload_if_changed()
        with self._source.current() as daemon:
            return report.status(
                daemon.settings,
                daemon.runtime.database,
                self._live(daemon),
                key=daemon.runtime.install_key,
                rules=daemon.rules,
                max_sessions=max_sessions,
            )

    def _live(self, daemon: Daemon) -> report.Live:
        own = (self._problem(), self._source.settings_problem, self._dashboard.problem)
        backend = report.Backend()
        if daemon.runtime.uploader is not None:
            uploader = daemon.runtime.uploader
            backend = report.Backend(uploader.backend_info, uploader.health.error)
        return report.Live(
            pid=os.getpid(),
            since_ms=daemon.since_ms,
            problems=[problem for problem in own if problem] + daemon.problems(),
            backend=backend,
        )

    def check(self) -> CheckAnswer:
        """Test the backend now, with connections of its own: the uploader's may be stuck."""
        self._source.reload_if_changed()
        backend = try_backend(self._source.settings, clock=self._clock, transport=self._transport)
        problem = report.connection_problem(backend.error) if backend.error else None
        return CheckAnswer(ok=backend.backend_info is not None, problem=problem)

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """Read and upload now, with the settings as they are now."""
        until = self._clock.monotonic() + request.seconds
        self._source.reload_if_changed()
        while True:
            with self._source.current() as daemon:
                try:
                    return self._flush(daemon, request, until)
                except NotRunning:
                    if self._source.is_stopping():
                        raise
                    # The settings changed meanwhile: the next daemon answers.

    def _flush(self, daemon: Daemon, request: FlushRequest, until: float) -> FlushAnswer:
        """Have a daemon read, then upload; `until` is monotonic time.

        Raises NotRunning when the daemon is stopped meanwhile.
        """
        rows_before = daemon.uploads.rows_sent
        flush = daemon.start_flush(request.session_id)
        self._clock.wait(flush.done, max(0.0, until - self._clock.monotonic()))
        daemon.check_running()
        session_ids = None if request.session_id is None else [request.session_id]
        error = None
        if request.is_sending:
            error = daemon.uploads.flush(session_ids, until=until, stopping=daemon.stopping)
            daemon.check_running()
        return build_flush_answer(
            daemon.runtime,
            request.session_id,
            is_read=flush.is_read,
            rows_sent=daemon.uploads.rows_sent - rows_before,
            error=error,
            problem=daemon.problem or daemon.uploads.problem,
        )

    def annotate(self, change: Change) -> None:
        """Store what a person says of a session or a message.

        Raises what `AnnotationIntake.submit` does; then nothing is changed.
        """
        with self._source.current() as daemon:
            daemon.annotations.submit(change, seconds=_CHANGE_SECONDS)

    def known_secrets(self) -> dict[str, int]:
        """Return how many values are known to be secret, by where they come from."""
        with self._source.current() as daemon:
            # A copy at once: the reading thread adds to it.
            return Counter(daemon.runtime.redactor.known_values().values())

    def dashboard(self) -> DashboardAnswer:
        """Return an address that lets one browser in, or what prevents it."""
        self._source.reload_if_changed()
        with self._source.current():
            return self._dashboard.link()

    def sign_out_all(self) -> SignOutAnswer:
        """End the dashboard's sessions of all browsers, and change its address."""
        with self._source.current():
            self._dashboard.sign_out_all()
            return SignOutAnswer(is_done=True)

    def reload(self) -> ReloadAnswer:
        """Load the settings again now, and upload what a repair queued; return what is wrong."""
        self._source.reload_if_changed()
        with self._source.current() as daemon:
            daemon.uploads.wake()
            return ReloadAnswer(self._source.settings_problem)

    def shrink(self, request: ShrinkRequest) -> ShrinkAnswer:
        """Give unused space of the database back, after a prune; nothing is written meanwhile."""
        with self._source.current() as daemon:
            shrunk = daemon.runtime.database.shrink(
                removed_bytes=request.removed_bytes, min_share=request.min_share
            )
        return ShrinkAnswer(**shrunk._asdict())
