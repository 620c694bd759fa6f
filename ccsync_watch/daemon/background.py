"""Start one daemon in the background, which outlives its caller; and stop the running one."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from ccsync_watch import __version__
from ccsync_watch.clock import SystemClock
from ccsync_watch.control.client import ControlClient, still_starting
from ccsync_watch.control.pidfile import STARTING_NAME, is_holder, is_starting, read_pidfile
from ccsync_watch.daemon.priority import raise_priority
from ccsync_watch.disk_faults import check_writing, state_error
from ccsync_watch.errors import (
    CcsyncError,
    NewerSchema,
    NotAnswering,
    NotRunning,
    StartFailed,
    StillStarting,
)
from ccsync_watch.file_locks import is_locked
from ccsync_watch.private_files import make_folder
from ccsync_watch.processes import is_alive, start_time
from ccsync_watch.state_path import DAEMON_LOCK_NAME
from ccsync_watch.store.database import open_for_reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ccsync_watch.clock import Clock
    from ccsync_watch.control.pidfile import Pidfile

# How long a caller waits. The rules take seconds to compile the first time, on a busy machine many:
# the daemon's priority is low.
START_SECONDS = 20.0
# Well beyond the forced exit of `Shutdown`: on a busy machine even that comes late.
STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05


def running_version(folder: Path) -> str | None:
    """Return the version of the daemon that answers, None when none runs.

    Raises NotAnswering for one that hangs.
    """
    try:
        return ControlClient(folder).hello().version
    except (NotRunning, StillStarting):
        return None


def is_older(version: str, other: str) -> bool:
    """Return whether a version comes before another."""
    return _numbers(version) < _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:4])


def start(
    folder: Path,
    env: Mapping[str, str],
    *,
    seconds: float = START_SECONDS,
    clock: Clock | None = None,
    on_launch: Callable[[], None] = lambda: None,
) -> bool:
    """Have a daemon of this version or a later one; return whether one was started.

    `on_launch` is called before the wait for one that is coming up.
    Raises NotAnswering when one hangs, StartFailed when a new one ends at once, StillStarting when
    it is not ready after so many seconds: it continues to start by itself; StateError where the
    folder cannot be used, NewerSchema where a newer version wrote the database.
    """
    clock = clock or SystemClock()
    version = running_version(folder)
    if version is not None and not is_older(version, __version__):
        return False
    if version is not None:
        stop(folder, clock=clock)
    _make_folder(folder)
    until = clock.monotonic() + seconds
    # Not while another one comes up: under load that would only make both slower.
    process = None if is_starting(folder) else _launch(folder, env)
    on_launch()
    is_other_seen = process is None
    while True:
        exit_code = None if process is None else process.poll()
        # On a busy machine a daemon that comes up may answer late: its priority is low.
        with contextlib.suppress(NotAnswering):
            version = running_version(folder)
            if version is not None and not is_older(version, __version__):
                return process is not None
            if version is not None:
                # It was starting when this began, such as before an update of the plugin.
                stop(folder, clock=clock)
                process, is_other_seen = _launch(folder, env), False
                continue
        if _has_holder(folder):
            is_other_seen = is_other_seen or exit_code is not None
        elif process is None or (exit_code is not None and is_other_seen):
            # The other one has ended, and ours with it or before.
            process, is_other_seen = _launch(folder, env), False
        elif exit_code is not None:
            check_writing(folder)
            raise StartFailed(
                f"the daemon ended at once (exit {exit_code})",
                hint="run `ccsync-watch` to see why",
            )
        if clock.monotonic() >= until:
            raise still_starting()
        _sleep(clock)


def wait_while_starting(folder: Path, seconds: float, *, clock: Clock | None = None) -> None:
    """Wait until no daemon is coming up, at most for so many seconds."""
    clock = clock or SystemClock()
    until = clock.monotonic() + seconds
    while is_starting(folder) and clock.monotonic() < until:
        _sleep(clock)


def _make_folder(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        raise state_error(folder, error, doing="use the state folder") from None


def _check_store(folder: Path) -> None:
    """Raise NewerSchema for a store that no daemon of this version can open.

    It would end at once, which on a busy machine is seen only after the caller gave up waiting.
    """
    try:
        database = open_for_reading(folder)
    except NewerSchema:
        raise
    except CcsyncError:
        return  # the daemon updates or repairs it, or its log says what is wrong
    if database is not None:
        database.close()


def _launch(folder: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    _check_store(folder)
    return subprocess.Popen(
        [sys.executable, "-m", "ccsync_watch", "run"],
        env=dict(env),
        # Not the caller's folder, which may be about to be deleted.
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),
    )


def _has_holder(folder: Path) -> bool:
    """Return whether a daemon, or a `sync-now`, has the folder: of several only one stays."""
    held = is_locked(str(folder / DAEMON_LOCK_NAME))
    pidfile = read_pidfile(folder)
    if held or pidfile is None:
        return bool(held)
    return is_alive(pidfile.pid) if held is None else is_holder(folder, pidfile)


def stop(folder: Path, *, clock: Clock | None = None) -> bool:
    """Stop the daemon that runs, starts or ends, and wait for it; return whether one did.

    Raises NotAnswering.
    """
    clock = clock or SystemClock()
    pidfile = read_pidfile(folder)
    if pidfile is None or not pidfile.is_daemon:
        return False
    # One that listens must answer, which one that hangs does not.
    if running_version(folder) is None and not is_holder(folder, pidfile):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pidfile.pid, signal.SIGTERM)
        raise_priority(pidfile.pid)
    # One that was still starting has not removed it.
    with contextlib.suppress(OSError):
        (folder / STARTING_NAME).unlink()
    until = clock.monotonic() + STOP_SECONDS
    while _is_running(pidfile, folder):
        if clock.monotonic() > until:
            raise NotAnswering(
                f"ccsync-watch (process {pidfile.pid}) does not end",
                hint=f"`kill -9 {pidfile.pid}` ends it without loss",
            )
        _sleep(clock)
    return True


def _is_running(pidfile: Pidfile, folder: Path) -> bool:
    if os.name == "nt":
        return running_version(folder) is not None
    return is_alive(pidfile.pid) and pidfile.started in {None, start_time(pidfile.pid)}


def _sleep(clock: Clock) -> None:
    clock.wait(threading.Event(), _POLL_SECONDS)
