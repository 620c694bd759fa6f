"""One daemon for one state folder, held by a lock for the process's lifetime.

The lock is the truth; the pidfile only says who holds it and where it listens.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import filelock
import orjson

from ccsync_watch import __version__
from ccsync_watch.control.address import ControlAddress, remove_socket
from ccsync_watch.control.pidfile import PIDFILE_NAME, STARTING_NAME, Pidfile, read_pidfile
from ccsync_watch.daemon.plugin_copy import PROGRAM_NAME
from ccsync_watch.disk_faults import state_error
from ccsync_watch.errors import AlreadyRunning, StateError
from ccsync_watch.file_locks import file_identity
from ccsync_watch.hook_events import ASIDE_NAME, SPOOL_NAME
from ccsync_watch.private_files import make_folder, tighten_folder
from ccsync_watch.processes import start_time
from ccsync_watch.state_path import DAEMON_LOCK_NAME

if TYPE_CHECKING:
    from pathlib import Path


class InstanceLock:
    """The right to write to a state folder; `is_daemon` is false for one `sync-now`."""

    def __init__(self, folder: Path, *, is_daemon: bool = True) -> None:
        self._folder = folder
        self._is_daemon = is_daemon
        # The timeout is for a holder that releases it at this moment.
        self._lock = filelock.FileLock(folder / DAEMON_LOCK_NAME, timeout=0.2, mode=0o600)
        self._since_ms = 0
        self._identity: tuple[int, int] | None = None

    def acquire(self, now_ms: int) -> None:
        """Take the lock and write the pidfile. Raises AlreadyRunning with the holder's pid.

        Raises StateError when the folder cannot be used, UnsafePath when another user can change
        it, or has put something into it.
        """
        try:
            make_folder(self._folder)
            tighten_folder(self._folder, besides={SPOOL_NAME, ASIDE_NAME, PROGRAM_NAME})
            self._lock.acquire(poll_interval=0.05)
        except filelock.Timeout:
            raise _already_running(read_pidfile(self._folder)) from None
        except NotImplementedError as error:  # the file system knows no locks
            raise self._unusable(OSError(errno.ENOLCK, str(error))) from None
        except OSError as error:
            raise self._unusable(error) from None
        self._since_ms = now_ms
        self._identity = file_identity(self._folder / DAEMON_LOCK_NAME)
        try:
            self._remove_dead_socket(read_pidfile(self._folder))
            self.announce(None)
        except StateError:
            self._lock.release()
            raise

    def announce(self, address: str | None) -> None:
        """Write who holds the lock and where it listens, which ends a start. Raises StateError."""
        path = self._folder / PIDFILE_NAME
        new = path.with_suffix(".json.new")
        pid = os.getpid()
        pidfile = Pidfile(
            pid, self._since_ms, __version__, address, start_time(pid), self._is_daemon
        )
        try:
            new.unlink(missing_ok=True)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(orjson.dumps(asdict(pidfile)))
            new.replace(path)
            if address is not None:
                # Not only by whoever started it: that may have been killed.
                (self._folder / STARTING_NAME).unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from None

    def is_lost(self) -> bool:
        """Return whether the lock's file was deleted or replaced: another may hold the new one."""
        return file_identity(self._folder / DAEMON_LOCK_NAME) != self._identity

    def is_announced(self) -> bool:
        """Return whether others still find this process, and the socket that it listens on."""
        pidfile = read_pidfile(self._folder)
        return (
            pidfile is not None
            and pidfile.pid == os.getpid()
            and pidfile.socket is not None
            and ControlAddress.parse(pidfile.socket).is_there()
        )

    def take_again(self) -> None:
        """Take the lock of a file that replaced ours. Raises what `acquire` does."""
        self._lock.release()
        self.acquire(self._since_ms)

    def release(self, *, is_restarting: bool = False) -> None:
        """Remove the pidfile, unless it is of another holder by now, and release the lock.

        Of a process that starts again it stays: others see that it comes up, and can stop it.
        """
        if not is_restarting and not self.is_lost():
            with contextlib.suppress(OSError):
                (self._folder / PIDFILE_NAME).unlink()
        self._lock.release()

    def _remove_dead_socket(self, dead: Pidfile | None) -> None:
        """Remove the socket, and the temporary folder, of a holder that died."""
        if dead and dead.socket:
            with contextlib.suppress(OSError):
                remove_socket(ControlAddress.parse(dead.socket), self._folder)

    def _unusable(self, error: OSError) -> StateError:
        return state_error(self._folder, error, doing="use the state folder")


def _already_running(holder: Pidfile | None) -> AlreadyRunning:
    if holder is None:
        return AlreadyRunning(
            "already running in another process", hint="stop it with Ctrl+C in its terminal"
        )
    hint = "open it: `ccsync-watch dashboard`; stop it: `ccsync-watch stop`"
    if holder.socket is None:
        # A daemon that is starting, or a `sync-now` without a daemon.
        hint = f"wait until it has ended, or stop it with `kill {holder.pid}`"
    return AlreadyRunning(f"already running (process {holder.pid})", hint=hint)
