"""The plugin's `sync-now`: start the sync of a session, wait a moment, say what is left.

What is not finished then is the daemon's to do: the request is kept among the hook events.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable
from ccsync_watch.cli.problem_text import hint_line, problem_lines
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.config import load, state_folder
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import FlushRequest
from ccsync_watch.daemon.background import start
from ccsync_watch.errors import NotAnswering, NotRunning, StillStarting
from ccsync_watch.hook_events import request_sync
from ccsync_watch.units import plural

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ccsync_watch.control.messages import FlushAnswer
    from ccsync_watch.errors import CcsyncError

# Claude Code gives up on a command's line after a time of which 20 s were seen under load. Twice as
# much as this is left for the shell and Python to start, and for a daemon that answers late.
SYNC_SECONDS = 8.0
HELLO_SECONDS = 1.5
_GRACE_SECONDS = 1.0
_MIN_SECONDS = 0.5


def sync_text(
    env: Mapping[str, str], session_id: str | None, *, seconds: float = SYNC_SECONDS
) -> str:
    """Sync this session for so many seconds; return the answer to sync-now. Raises CcsyncError."""
    settings = load(env)
    until = time.monotonic() + seconds
    try:
        result = _flush(settings.state_dir, env, session_id, until)
    except (NotAnswering, StillStarting) as error:
        return "\n".join(_request_lines(settings.state_dir, session_id, error))
    if session_id and not result.is_read:
        request_sync(settings.state_dir, session_id)
    return "\n".join(flush_lines(result, session_id))


def late_sync_text(env: Mapping[str, str], session_id: str | None, seconds: float) -> str:
    """Return the answer when even the attempt took too long. Raises CcsyncError."""
    late = StillStarting(f"this took longer than {seconds:g} s", hint="the machine is busy")
    return "\n".join(_request_lines(state_folder(env), session_id, late))


def _flush(
    state_dir: Path, env: Mapping[str, str], session_id: str | None, until: float
) -> FlushAnswer:
    daemon = ControlClient(state_dir, hello_seconds=HELLO_SECONDS)
    try:
        return daemon.flush(_request(session_id, until), grace_seconds=_GRACE_SECONDS)
    except NotRunning:
        start(state_dir, env, seconds=until - time.monotonic())
        return daemon.flush(_request(session_id, until), grace_seconds=_GRACE_SECONDS)


def _request(session_id: str | None, until: float) -> FlushRequest:
    return FlushRequest(session_id, max(until - time.monotonic(), _MIN_SECONDS))


def _request_lines(state_dir: Path, session_id: str | None, error: CcsyncError) -> list[str]:
    """Leave the request to the daemon; return how that is said."""
    message, hint = printable(error.message), hint_line(error.hint)
    if session_id is None or not request_sync(state_dir, session_id):
        return [f"Sync not finished: {message}", hint]
    if isinstance(error, StillStarting):
        return [f"Syncing: {message}; the daemon syncs this session as soon as it can", hint]
    # It may never answer again.
    return [f"Not synced yet: {message}; this session is synced once it does", hint]


def flush_lines(result: FlushAnswer, session_id: str | None) -> list[str]:
    """Return how a flush of this session ended."""
    pending = plural(result.rows_pending, "row")
    if result.problem:
        return problem_lines(result.problem)
    if result.error:
        lines = problem_lines(result.error)
        return [*lines, f"  {pending} of this session kept, to be sent later"]
    if result.rows_pending:
        return [f"Syncing: {pending} of this session pending; sync continues in the background"]
    if not result.is_read:
        return ["Syncing: this session is not all imported yet; sync continues in the background"]
    if not result.is_known:
        return [
            f"Nothing of this session is stored yet ({printable(session_id or 'unknown')})",
            "  → it has no messages yet, or its project is excluded in the settings",
        ]
    if result.is_local:
        lines = [
            "Everything of this session is stored on this machine; nothing was sent.",
            typed("No Convex URL configured: run `ccsync-watch login` to sync to your deployment"),
        ]
    else:
        sent = plural(result.rows_sent, "row")
        lines = [f"Synced: {sent} sent, nothing of this session is pending"]
    if result.rows_rejected:
        rejected = plural(result.rows_rejected, "row")
        lines += [f"The backend rejected {rejected}", hint_line("see `ccsync-watch status`")]
    return lines
