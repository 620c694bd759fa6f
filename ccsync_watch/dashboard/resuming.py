"""How to continue a session in a terminal, and whether it is running; pure."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from ccsync_watch.plain_text import plain_text
from ccsync_watch.transcripts.project_folders import is_of_windows

if TYPE_CHECKING:
    from ccsync_watch.store.session_outline import SessionDetails

_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_QUOTE = re.compile("['\N{LEFT SINGLE QUOTATION MARK}-\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}]")
"""What PowerShell takes for the end of such quotes, unless it stands there twice."""
_RUNNING_MS = 10 * 60_000
"""A session that wrote nothing for longer is not shown as running: a client may be left open."""


def resume_command(session_id: str, folder: str | None) -> str:
    """Return the command that continues a session; it is found in the folder that it began in.

    A folder whose name is not known to the letter is left out: there is none of the shown name.
    """
    resume = f"claude --resume {shlex.quote(session_id)}"
    if not folder or _UNKNOWN in plain_text(folder):
        return resume
    if is_of_windows(folder):
        # PowerShell, and a shell of Unix on Windows: neither looks for variables in such quotes.
        return f"cd '{_QUOTE.sub(_twice, folder)}'; {resume}"
    return f"cd {'-- ' if folder.startswith('-') else ''}{shlex.quote(folder)} && {resume}"


def _twice(quote: re.Match[str]) -> str:
    return 2 * quote[0]


def is_recent(updated_ms: int | None, now_ms: int) -> bool:
    """Return whether a session wrote something in the last minutes."""
    # Clocks differ a little, and what is dated far ahead says nothing of now.
    return updated_ms is not None and abs(now_ms - updated_ms) < _RUNNING_MS


def is_running(details: SessionDetails, updated_ms: int | None, now_ms: int) -> bool:
    """Return whether a session wrote something in the last minutes, and no hook said it ended."""
    return is_recent(updated_ms, now_ms) and not details.has_ended
