"""`ccsync-watch sync-now`: read and send everything now, through the daemon or without it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ccsync_watch import report
from ccsync_watch.cli.console import plural, printable, say, show_warnings, warn
from ccsync_watch.cli.log_setup import log_to
from ccsync_watch.cli.progress import Progress
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.control.api import FlushResult
from ccsync_watch.control.client import ask
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.daemon.runtime import Runtime, make_redactor
from ccsync_watch.errors import DestinationError, NotAnswering, NotRunning
from ccsync_watch.store import queries

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

_GRACE_SECONDS = 5.0
_IN_BACKGROUND = "it goes on in the background, see `ccsync-watch status`"
_BY_HAND = "start `ccsync-watch`, or run `ccsync-watch sync-now` again"


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Flush one session or all; 0 when everything is where it belongs."""
    settings = load(env, flags)
    show_warnings(settings)
    session_id, seconds = arguments.session, arguments.timeout
    try:
        made = ask(
            settings.state_dir,
            "/v1/flush",
            {"session_id": session_id, "seconds": seconds},
            seconds=seconds + _GRACE_SECONDS,
        )
    except NotAnswering:
        raise
    except NotRunning:
        return _told(_alone(settings, session_id, seconds), session_id, mend=_BY_HAND)
    if any(value is not None for value in flags.values()):
        warn("the running daemon uses its own settings: those given here had no effect")
    return _told(made, session_id, mend=_IN_BACKGROUND)


def _told(made: Mapping[str, Any], session_id: str | None, *, mend: str) -> int:
    """Say how it went, the worst first; return the exit code."""
    if made["rows_rejected"]:
        warn(
            f"the backend refuses {plural(made['rows_rejected'], 'row')}: see `ccsync-watch status`"
        )
    if made["problem"]:
        warn(made["problem"])
        return 1
    if made["error"]:
        warn(made["error"])
        return DestinationError.exit_code
    if made["rows_waiting"] or not made["is_read"]:
        waiting = plural(made["rows_waiting"], "row")
        what = f"{waiting} still waiting" if made["rows_waiting"] else "not everything is read yet"
        warn(f"{what}: {mend}")
        return 1
    if not made["is_known"]:
        warn(
            f"no session {printable(session_id or '')} is stored, or its project is excluded:"
            " see `ccsync-watch status --json` for the ids"
        )
        return 1
    if made["is_local"]:
        say("everything is stored on this machine; no Convex URL configured, nothing was sent")
        return 0
    whose = "of this session " if session_id else ""
    say(f"synced: {plural(made['rows_sent'], 'row')} sent, nothing {whose}waits")
    return 1 if made["rows_rejected"] else 0


def _alone(settings: Settings, session_id: str | None, seconds: float) -> dict[str, Any]:
    """Do the daemon's work once, under its lock."""
    clock = SystemClock()
    lock = InstanceLock(settings.state_dir)
    lock.acquire(clock.wall_ms())
    try:
        log_to(settings.state_dir, lambda: make_redactor(settings))
        runtime = Runtime(settings, clock=clock)
        try:
            return asdict(_flushed(runtime, session_id, clock.monotonic() + seconds))
        finally:
            runtime.close()
    finally:
        lock.release()


def _flushed(runtime: Runtime, session_id: str | None, until: float) -> FlushResult:
    chosen = None if session_id is None else [session_id]
    outbox, uploader = runtime.outbox, runtime.uploader
    with Progress(sys.stderr) as progress:
        runtime.catch_up(until=until, on_step=lambda: progress.show(runtime))
        error: DestinationError | None = None
        if uploader is not None:
            outbox.retry_rejected(is_released=True, session_ids=chosen)
            outbox.release(chosen)
            outbox.touch(chosen)
            error = runtime.drain(chosen, until=until, on_step=lambda: progress.show(runtime))
    return FlushResult(
        is_read=not runtime.pump.has_work(),
        is_known=session_id is None
        or queries.session_summary(runtime.database, session_id) is not None,
        is_local=uploader is None,
        rows_sent=uploader.health.rows_sent if uploader else 0,
        rows_waiting=outbox.waiting(chosen, runtime.clock.wall_ms()) if uploader else 0,
        rows_rejected=outbox.rejected(chosen) if uploader else 0,
        error=report.one_line(report.connection_problem(error)) if error else None,
    )
