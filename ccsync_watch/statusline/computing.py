"""Start the process that computes the figures of a state folder, and show it that it is used."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from ccsync_watch.file_locks import take_lock
from ccsync_watch.statusline.figures_file import LOCK_NAME

# After standard input, output and error.
_FIRST_FREE = 3


def mark_use(folder: str) -> None:
    """Show the process that computes that a line was asked for."""
    with suppress(OSError):
        os.utime(f"{folder}/{LOCK_NAME}")


def start_computing(folder: str) -> None:
    """Start the process unless one runs.

    It inherits the lock from this one, so that two can never start. A folder that cannot be
    written has no figures.
    """
    with suppress(OSError):
        lock = take_lock(f"{folder}/{LOCK_NAME}")
        if lock is not None:
            try:
                _start(lock)
            finally:
                os.close(lock)


def _start(lock: int) -> None:
    """Start it, in a process session of its own, with nothing open but the lock."""
    if os.fork():
        return
    try:
        os.setsid()
        # `-m` takes programs from there, so it must be a folder that nobody else can write to.
        os.chdir("/")
        while lock < _FIRST_FREE:
            # The caller's standard streams were closed; their numbers are needed below.
            lock = os.dup(lock)
        null = os.open(os.devnull, os.O_RDWR)
        for handle in range(_FIRST_FREE):
            os.dup2(null, handle)
        os.set_inheritable(lock, True)  # noqa: FBT003 - as it is declared
        words = [sys.executable, "-m", "ccsync_watch", "statusline", "--compute", str(lock)]
        os.execv(sys.executable, words)  # noqa: S606 - ourselves
    finally:
        os._exit(1)
