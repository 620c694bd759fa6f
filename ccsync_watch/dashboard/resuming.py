"""How to continue a session in a terminal, and whether it is running; pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ccsync_watch.transcripts.project_folders import is_of_windows

if TYPE_CHECKING:
    from ccsync_watch.store.session_outline import SessionDetails

_RUNNING_MS = 10 * 60_000
"""A session that wrote nothing for longer is not shown as running: a client may be left open."""


def resume_command(session_id: str, folder: str | None) -> str:
    """Return the command that continues a session; it is found in the folder that it began in."""
    resume = f"claude --resume {shlex.quote(session_id)}"
    if not folder:
        return resume
    if is_of_windows(folder):
        return f'cd "{folder}"; {resume}' if '"' not in folder else resume
    return f"cd {shlex.quote(folder)} && {resume}"


def is_running(details: SessionDetails, updated_ms: int | None, now_ms: int) -> bool:
    """Return whether a session wrote something in the last minutes, and no hook said it ended."""
    is_recent = updated_ms is not None and now_ms - updated_ms < _RUNNING_MS
    return is_recent and not details.has_ended
