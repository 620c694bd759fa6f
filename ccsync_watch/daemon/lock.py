"""One daemon for one state folder, held by a lock for the process's life.

The lock is the truth; the note beside it only says who holds it and where it listens.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock
import orjson

from ccsync_watch import __version__
from ccsync_watch.errors import AlreadyRunning, StateError

_LOCK_NAME = "daemon.lock"
_NOTE_NAME = "daemon.json"


@dataclass(frozen=True, slots=True)
class Note:
    """Who holds the lock: its pid, since when, its version, and its control socket.

    `started` tells a process from a later one of the same id, where the system can. The plugin's
    hooks read this file too.
    """

    pid: int
    since_ms: int
    version: str
    socket: str | None
    started: str | None = None


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
            note = read_note(self._folder)
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
            self._sweep_up(read_note(self._folder))
            self.announce(None)
        except StateError:
            self._lock.release()
            raise

    def announce(self, socket: str | None) -> None:
        """Note who holds the lock and where it listens. Raises StateError."""
        path = self._folder / _NOTE_NAME
        made = path.with_suffix(".json.new")
        pid = os.getpid()
        note = Note(pid, self._since_ms, __version__, socket, started(pid))
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
            (self._folder / _NOTE_NAME).unlink()
        self._lock.release()

    def _sweep_up(self, dead: Note | None) -> None:
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


def read_note(folder: Path) -> Note | None:
    """Return what the last holder of the lock noted; it may have died since."""
    try:
        fields = orjson.loads((folder / _NOTE_NAME).read_bytes())
        pid, socket = fields["pid"], fields["socket"]
        note = Note(pid, fields["since_ms"], fields["version"], socket, fields.get("started"))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    is_sound = isinstance(pid, int) and pid > 0 and isinstance(socket, (str, type(None)))
    return note if is_sound else None


def started(pid: int) -> str | None:
    """Return when a process started, in clock ticks since the system did; None if not known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command's name comes first, in brackets, and may hold anything.
    fields = text.rpartition(")")[2].split()
    # One that ended, and whose parent has not asked how, runs no more.
    is_running = len(fields) > 19 and fields[0] != "Z"  # noqa: PLR2004 - the kernel's field 22
    return fields[19] if is_running else None


def is_alive(pid: int) -> bool:
    """Tell whether a process with this id exists; where that cannot be asked, its socket tells."""
    if os.name == "nt":
        # There, asking like this would end it.
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
