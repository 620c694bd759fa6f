"""Print the status line: one line in every case, within milliseconds, and exit code 0.

The figures come from a file. What changed since they were computed makes another process compute
them, which continues as long as lines are asked for. No line waits for it: the client asks again.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

from ccsync_watch.file_locks import is_locked
from ccsync_watch.state_path import DAEMON_LOCK_NAME, state_path
from ccsync_watch.statusline.client_input import read_fields
from ccsync_watch.statusline.computing import mark_use, start_computing
from ccsync_watch.statusline.figures_file import (
    DATABASE_NAME,
    holds,
    is_recent,
    read_figures,
    stamps_of,
)
from ccsync_watch.statusline.line import NO_FIGURES, NOTHING_STORED, encode_line, format_line
from ccsync_watch.statusline.plan_limits import keep_limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def main(env: Mapping[str, str] | None = None) -> int:
    """Read the client's JSON, print one line; return 0."""
    try:
        line = build_line(os.environ if env is None else env)
        os.write(1, encode_line(line, getattr(sys.stdout, "encoding", None)))
    except KeyboardInterrupt:
        return 0
    except Exception:  # noqa: BLE001 - a traceback would stand below the prompt
        with suppress(OSError):
            os.write(1, b"ccsync-watch: no figures, see `ccsync-watch status`\n")
    return 0


def build_line(env: Mapping[str, str], handle: int = 0) -> str:
    """Return the line for what the client writes to `handle`."""
    fields = read_fields(handle)
    folder = state_path(env)
    database = f"{folder}/{DATABASE_NAME}"
    if folder is None or not stamps_of([database])[database]:
        return format_line(fields, None, "", NOTHING_STORED, now=time.time(), env=env)
    with suppress(OSError):
        keep_limits(folder, fields, time.time())
    figures = current_figures(folder, time.time())
    problem = ""
    if is_locked(f"{folder}/{DAEMON_LOCK_NAME}") is False:
        problem = "ccsync-watch is not running"
    elif figures is not None:
        problem = str(figures["problem"])
    return format_line(fields, figures, problem, NO_FIGURES, now=time.time(), env=env)


def current_figures(folder: str, now: float) -> dict[str, Any] | None:
    """Return a state folder's figures unless they are out of date; have them computed if needed."""
    figures = read_figures(folder)
    mark_use(folder)
    if figures is None:
        start_computing(folder)
        return None
    is_valid = holds(figures, now)
    if not (is_valid and is_recent(figures, now)):
        start_computing(folder)
    # While they are computed all the time, those of a moment ago may be shown.
    return figures if is_valid or is_recent(figures, now) else None
