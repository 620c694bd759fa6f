"""The pidfile of a state folder: which process holds it, and where its control socket is."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.file_locks import is_locked
from ccsync_watch.processes import start_time
from ccsync_watch.regular_files import file_of, read_regular
from ccsync_watch.state_path import DAEMON_LOCK_NAME

if TYPE_CHECKING:
    from pathlib import Path

PIDFILE_NAME = "daemon.json"
# For the plugin's hooks: one of them is starting a daemon.
STARTING_NAME = "starting"
# From a hook to a daemon that holds the lock. A start that failed leaves the marker, with a word in
# it unless it was killed.
STARTING_SECONDS = 60.0
# Where start.sh writes which rule found a program, and nothing if none did.
_FOUND_NAME = "hook.program"


@dataclass(frozen=True, slots=True)
class Pidfile:
    """Who holds the lock: its pid, since when, its version, and its control address.

    `started` distinguishes a process from a later one with the same id, where the system can;
    `is_daemon` a daemon from a `sync-now`, which never listens.
    The plugin's hooks read this file too.
    """

    pid: int
    since_ms: int
    version: str
    socket: str | None
    started: str | None = None
    is_daemon: bool = True


def read_pidfile(folder: Path) -> Pidfile | None:
    """Return what the last holder of the lock wrote; it may have died since. None if unreadable."""
    try:
        fields = orjson.loads(read_regular(folder / PIDFILE_NAME))
        pid, socket = fields["pid"], fields["socket"]
        pidfile = Pidfile(
            pid,
            fields["since_ms"],
            fields["version"],
            socket,
            fields.get("started"),
            bool(fields.get("is_daemon", True)),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
    is_valid = isinstance(pid, int) and pid > 0 and isinstance(socket, (str, type(None)))
    return pidfile if is_valid else None


def is_starting(folder: Path) -> bool:
    """Return whether a daemon runs that does not listen yet."""
    pidfile = read_pidfile(folder)
    return pidfile is not None and is_coming_up(folder, pidfile)


def is_coming_up(folder: Path, pidfile: Pidfile) -> bool:
    """Return whether the pidfile is of a daemon that runs, and did not listen when it was read."""
    return pidfile.is_daemon and pidfile.socket is None and is_holder(folder, pidfile)


def is_holder(folder: Path, pidfile: Pidfile) -> bool:
    """Return whether the process of a pidfile runs, and has the folder.

    A daemon that starts again, as its program was replaced, is without the lock for a moment.
    """
    if pidfile.started is not None and start_time(pidfile.pid) == pidfile.started:
        return True
    # The process may be of another container, or of a system that does not say when it started:
    # its id may have been reused, the lock cannot.
    return bool(is_locked(str(folder / DAEMON_LOCK_NAME)))


def is_being_started(folder: Path) -> bool:
    """Return whether a hook is starting a daemon, which does not hold the lock yet."""
    try:
        status = (folder / STARTING_NAME).stat()
    except OSError:
        return False
    begun, has_failed = status.st_mtime, status.st_size > 0
    return (
        not has_failed
        and 0 <= time.time() - begun < STARTING_SECONDS
        and not _is_without_program(folder, begun)
    )


def _is_without_program(folder: Path, since: float) -> bool:
    try:
        with file_of(folder / _FOUND_NAME) as file:
            return os.fstat(file.fileno()).st_mtime >= since and file.readline() == b"\n"
    except OSError:
        return False
