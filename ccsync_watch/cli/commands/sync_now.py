"""Import and send everything now, with or without the daemon.

Ends with 0 when all is read, stored and sent; with 1 when something is not, which it names.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.arguments import add_setting_flags, seconds
from ccsync_watch.cli.console import announce, say_wrapped, show_warnings, warn
from ccsync_watch.cli.daemon_waits import waiting_for_daemon
from ccsync_watch.cli.log_files import log_to
from ccsync_watch.cli.problem_text import one_line
from ccsync_watch.cli.progress_bars import Progress
from ccsync_watch.cli.session_lookup import find_whole_id, is_session, warn_of_unknown
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import FlushAnswer, FlushRequest
from ccsync_watch.daemon.background import wait_while_starting
from ccsync_watch.daemon.hook_event_folders import save_hook_folders
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.errors import DestinationError, NotRunning
from ccsync_watch.pipeline.cleaning_start import ending, start_early
from ccsync_watch.statusline.figures_file import DATABASE_NAME
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import argparse
    import subprocess
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

ORDER = 50
EXAMPLES = ("sync-now", "sync-now --session 1b2c3d4e-0000-4000-8000-000000000000 --timeout 60")
_IN_BACKGROUND = "the daemon continues in the background, see `ccsync-watch status`"
_IMPORTING = (
    "Importing without a daemon; the first time after an update, the redactor is prepared before."
)
_BY_HAND = "run `ccsync-watch sync-now` again, or start `ccsync-watch`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the session, and how long to wait."""
    add_setting_flags(parser)
    parser.add_argument("--session", metavar="ID", help="only this session")
    parser.add_argument(
        "--timeout", type=seconds, default=300.0, metavar="S", help="seconds to wait (300)"
    )


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Flush one session or all; 0 when all is read, stored and sent."""
    settings = load(env, flags)
    show_warnings(settings)
    session_id, timeout = arguments.session, arguments.timeout
    if session_id is not None:
        session_id = find_whole_id(settings, session_id)
        if session_id is None:
            return 1
    try:
        with waiting_for_daemon():
            wait_while_starting(settings.state_dir, timeout)
            result = ControlClient(settings.state_dir).flush(FlushRequest(session_id, timeout))
    except NotRunning:
        save_hook_folders(settings, clock=SystemClock())
        settings = load(env, flags)
        if session_id is not None and not is_session(settings, session_id):
            warn_of_unknown(session_id)
            return 1
        return _show(_flush_without_daemon(settings, session_id, timeout), session_id, _BY_HAND)
    if any(value is not None for value in flags.values()):
        warn("the running daemon uses its own settings: the flags given here had no effect")
    return _show(result, session_id, _IN_BACKGROUND)


def _show(result: FlushAnswer, session_id: str | None, hint: str) -> int:
    """Print how the flush ended, the worst first; return the exit code."""
    if result.rows_rejected:
        rejected = plural(result.rows_rejected, "row")
        warn(f"the backend rejected {rejected}: see `ccsync-watch status`")
    if result.problem:
        warn(one_line(result.problem))
        return 1
    if result.error:
        warn(one_line(result.error))
        return DestinationError.exit_code
    if result.rows_pending or not result.is_read:
        pending = f"{plural(result.rows_pending, 'row')} still pending"
        warn(f"{pending if result.rows_pending else 'not everything is imported yet'}: {hint}")
        return 1
    if not result.is_known:
        warn_of_unknown(session_id or "")
        return 1
    is_complete = _warn_of_unread(result)
    if result.is_local:
        what = "Everything" if is_complete else "Everything else"
        say_wrapped(
            f"{what} is stored on this machine. No Convex URL configured: nothing was sent."
        )
        return 0 if is_complete else 1
    whose = "of this session " if session_id else ""
    say_wrapped(f"Synced: {plural(result.rows_sent, 'row')} sent, nothing {whose}is pending.")
    if result.sessions_unsettled:
        sessions = plural(result.sessions_unsettled, "session")
        say_wrapped(f"Changed titles and totals of {sessions} follow soon: {hint}.")
    return 1 if result.rows_rejected or not is_complete else 0


def _warn_of_unread(result: FlushAnswer) -> bool:
    """Print what of the transcripts could not be read, and why; return whether all was."""
    if result.unfinished:
        warn(
            f"not read yet: {plural(result.unfinished_bytes, 'byte')}, the last line of"
            f" {plural(result.unfinished, 'transcript')}, without a newline. Claude Code is still"
            " writing it, or was killed; it is read once it is finished"
        )
    if result.unreadable:
        warn(
            f"transcripts and folders that could not be read: {result.unreadable:,};"
            " `ccsync-watch logs` names them"
        )
    for problem in result.folders:
        warn(one_line(problem))
    return not (result.unfinished or result.unreadable or result.folders)


def _flush_without_daemon(
    settings: Settings, session_id: str | None, timeout: float
) -> FlushAnswer:
    """Do the daemon's work once, under its lock."""
    clock = SystemClock()
    lock = InstanceLock(settings.state_dir, is_daemon=False)
    lock.acquire(clock.wall_ms())
    try:
        announce(_IMPORTING)
        is_first = not (settings.state_dir / DATABASE_NAME).exists()
        early = start_early(map(os.fspath, settings.project_roots)) if is_first else None
        with ending(early):
            return _import(settings, session_id, timeout, early)
    finally:
        lock.release()


def _import(
    settings: Settings,
    session_id: str | None,
    timeout: float,
    early: subprocess.Popen[bytes] | None,
) -> FlushAnswer:
    # Loaded here: a daemon does without it, and the process that cleans ahead loads meanwhile.
    from ccsync_watch.daemon.runtime import Runtime, make_redactor  # noqa: PLC0415 - see above
    from ccsync_watch.daemon.sync_once import sync_once  # noqa: PLC0415 - as above

    log_to(settings.state_dir, lambda: make_redactor(settings))
    clock = SystemClock()
    runtime = Runtime(settings, clock=clock, early=early)
    try:
        until = clock.monotonic() + timeout
        with Progress(sys.stderr) as progress:
            return sync_once(
                runtime, session_id, until=until, on_step=lambda: progress.show(runtime)
            )
    finally:
        runtime.close()
