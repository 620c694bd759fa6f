"""Print the status line: one line in every case, within milliseconds, and exit code 0.

The figures come from a file. What changed since they were computed makes another process compute
them, which continues as long as lines are asked for; only whoever starts it waits for it a moment.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

from ccsync_watch.file_locks import is_locked
from ccsync_watch.state_path import DAEMON_LOCK_NAME, state_path
from ccsync_watch.statusline.client_input import read_fields
from ccsync_watch.statusline.computing import is_computing, mark_use, start_computing
from ccsync_watch.statusline.figures_file import (
    DATABASE_NAME,
    FIGURES_NAME,
    holds,
    is_recent,
    read_figures,
    stamps_of,
)
from ccsync_watch.statusline.line import encode_line, format_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# The first line after a while; the client gives it more.
WAIT_SECONDS = 2.0
_POLL_SECONDS = 0.005


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
    if folder is None or not stamps_of([f"{folder}/{DATABASE_NAME}"])[f"{folder}/{DATABASE_NAME}"]:
        return format_line(fields, None, "", now=time.time(), env=env)
    figures = current_figures(folder)
    problem = ""
    if is_locked(f"{folder}/{DAEMON_LOCK_NAME}") is False:
        problem = "ccsync-watch is not running"
    elif figures is not None:
        problem = str(figures["problem"])
    return format_line(fields, figures, problem, now=time.time(), env=env)


def current_figures(folder: str, wait_seconds: float = WAIT_SECONDS) -> dict[str, Any] | None:
    """Return the figures of a state folder, computed again if necessary and in time."""
    figures = read_figures(folder)
    now = time.time()
    mark_use(folder)
    is_valid = figures is not None and holds(figures, now)
    if is_valid and figures is not None and is_recent(figures, now):
        return figures
    path = f"{folder}/{FIGURES_NAME}"
    before = stamps_of([path])
    # Where another process computes them already, it is about to be done.
    if not start_computing(folder) or is_valid:
        return figures
    until = time.monotonic() + wait_seconds
    while stamps_of([path]) == before and time.monotonic() < until and is_computing(folder):
        time.sleep(_POLL_SECONDS)
    return read_figures(folder) or figures
