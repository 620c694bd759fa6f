"""One daemon for one state folder, held by a lock for the process's life.

The lock is the truth; the note beside it only says who holds it and where it listens.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict
from pathlib import Path

import filelock
import orjson

from ccsync_watch import __version__
from ccsync_watch.control.pidfile import PIDFILE_NAME, Pidfile, read_pidfile, start_time
from ccsync_watch.errors import AlreadyRunning, StateError

_LOCK_NAME = "daemon.lock"


class InstanceLock:
    """The right to write to a state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # The timeout is for whoever lets go at this moment.
        self._lock = filelock.FileLock(folder / _LOCK_NAME, timeout=0.2, mode=0o600)
        self._since_ms = 0

    def acquire(self, now_ms: int) -> None:
        """Take the lock and say who has it. Raises AlreadyRunning with its pid, or StateError."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire(poll_interval=0.05)
        except filelock.Timeout:
            note = read_pidfile(self._folder)
            who = f"process {note.pid}" if note else "another process"
            raise AlreadyRunning(
                f"a daemon or sync is at work in {self._folder} already ({who})",
                hint="see `ccsync-watch status`; stop it with "
                + (f"`kill {note.pid}`" if note else "Ctrl+C in its terminal"),
            ) from None
        except (OSError, NotImplementedError) as error:
            raise self._unusable(error) from None
        self._since_ms = now_ms
        try:
            self._sweep_up(read_pidfile(self._folder))
            self.announce(None)
        except StateError:
            self._lock.release()
            raise

    def announce(self, socket: str | None) -> None:
        """Note who holds the lock and where it listens. Raises StateError."""
        path = self._folder / PIDFILE_NAME
        made = path.with_suffix(".json.new")
        pid = os.getpid()
        note = Pidfile(pid, self._since_ms, __version__, socket, start_time(pid))
        try:
            made.unlink(missing_ok=True)
            handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(orjson.dumps(asdict(note)))
            made.replace(path)
        except OSError as error:
            raise self._unusable(error) from None

    def release(self) -> None:
        """Give the lock back, and take the note away."""
        with contextlib.suppress(OSError):
            (self._folder / PIDFILE_NAME).unlink()
        self._lock.release()

    def _sweep_up(self, dead: Pidfile | None) -> None:
        """Remove the socket of a holder that died, where it does not stand in the folder."""
        if dead and dead.socket and not dead.socket.startswith(f"{self._folder}{os.sep}"):
            with contextlib.suppress(OSError):
                Path(dead.socket).unlink()
                Path(dead.socket).parent.rmdir()

    def _unusable(self, error: Exception) -> StateError:
        reason = getattr(error, "strerror", None) or str(error)
        return StateError(
            f"cannot use the state folder {self._folder}: {reason}",
            hint="make it writable, or set CCSYNC_WATCH_HOME to a folder that is",
        )
