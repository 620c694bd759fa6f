"""Start a daemon that outlives whoever asked, once; and end one in an orderly way."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from ccsync_watch import __version__
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.pidfile import is_alive, read_pidfile, start_time
from ccsync_watch.errors import NotAnswering, NotRunning, StartFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ccsync_watch.control.pidfile import Pidfile

# The rules compile for seconds the first time.
START_SECONDS = 30.0
# The last resort of `Shutdown`, and some.
END_SECONDS = 8.0
_POLL_SECONDS = 0.05


def running_version(folder: Path) -> str | None:
    """Return the version of the daemon that answers, None when none runs.

    Raises NotAnswering for one that hangs.
    """
    try:
        return ControlClient(folder).hello().version
    except NotAnswering:
        raise
    except NotRunning:
        return None


def is_older(one: str, other: str) -> bool:
    """Tell whether a version comes before another."""
    return _numbers(one) < _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version)[:4])


def start(folder: Path, env: Mapping[str, str]) -> bool:
    """Have a daemon of this version or a later one; return whether one was started.

    Raises NotAnswering when one hangs, StartFailed when a new one does not come up.
    """
    version = running_version(folder)
    if version is not None and not is_older(version, __version__):
        return False
    if version is not None:
        stop(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "ccsync_watch", "run"],
        env=dict(env),
        # Not where the caller stands: that folder may be about to go away.
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),
    )
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        code = process.poll()
        # On a busy machine one that comes up may take its time to greet: it gives way to the rest.
        with contextlib.suppress(NotAnswering):
            if running_version(folder) is not None:
                return True
        if code is not None and not _has_holder(folder):
            raise StartFailed(
                f"the daemon ended at once (exit {code})", hint="run `ccsync-watch` to see why"
            )
        time.sleep(_POLL_SECONDS)
    raise StartFailed(
        f"the daemon does not answer after {START_SECONDS:.0f} s", hint=f"see {folder / 'log'}"
    )


def _has_holder(folder: Path) -> bool:
    """Tell whether another is coming up: of several that start at once, all but one give way."""
    note = read_pidfile(folder)
    return note is not None and is_alive(note.pid)


def stop(folder: Path) -> bool:
    """End the running daemon and wait for it; return whether one ran. Raises NotAnswering."""
    if running_version(folder) is None:
        return False
    note = read_pidfile(folder)
    if note is None:
        return False
    # It has answered just now on the socket of this note: the process is the one meant.
    with contextlib.suppress(ProcessLookupError):
        os.kill(note.pid, signal.SIGTERM)
    until = time.monotonic() + END_SECONDS
    while _lives(note, folder):
        if time.monotonic() > until:
            raise NotAnswering(
                f"ccsync-watch (process {note.pid}) does not end",
                hint=f"`kill -9 {note.pid}` ends it, and nothing is lost",
            )
        time.sleep(_POLL_SECONDS)
    return True


def _lives(note: Pidfile, folder: Path) -> bool:
    if os.name == "nt":
        return running_version(folder) is not None
    return is_alive(note.pid) and note.started in {None, start_time(note.pid)}
