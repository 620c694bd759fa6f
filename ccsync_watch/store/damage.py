"""Notice that a database file is not the one that was opened, or is not a database any more.

SQLite reports damage when it reads the damaged page; it never looks at whether the file is still
where it was, and continues to write to one that was deleted.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ccsync_watch.disk_faults import state_error
from ccsync_watch.errors import CcsyncError, DatabaseDamaged
from ccsync_watch.file_locks import file_identity
from ccsync_watch.store.database_file import is_there
from ccsync_watch.store.file_header import hold, read_header, release

if TYPE_CHECKING:
    from collections.abc import Iterable

LOGS = ("-wal", "-shm")
"""The ends of the names of a database's log, and of that log's index."""
_FILES = ("", *LOGS)
_ASIDE = ".corrupt-"
_SAVE_MS = 1_000
# One reading may be half of a change, or spoiled on its way.
_READINGS = 2
_LATELY_SECONDS = 600.0
_MOST_CHECKS = 5
_DAMAGED = "no such table", "Could not decode to UTF-8"

# What SQLite says where the system does not let it read, write or lock a file.
_OF_DISKS = re.compile(
    "unable to open database file|disk I/O error|disk is full|is locked|readonly database"
    "|locking protocol|out of memory"
)


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a database; `is_lasting`: to open it again cannot help.

    `is_misplaced`: the files are not the opened ones, so that it helps however often that happens.
    `is_overwritten`: the content of the file is another one, however sound it may be.
    """

    reason: str
    is_lasting: bool = False
    is_misplaced: bool = False
    is_overwritten: bool = False


class CheckLevel(Enum):
    """How a database is checked when it is opened."""

    LATER = "check it quickly; a large one is opened unchecked, and checked while it is in use"
    QUICK = "check it quickly"
    SHARED = "check it quickly; a daemon may have it open, so that no copy takes its place"
    FULL = "check all of it"
    REPLACE = "set it aside, whatever checks find"


class DamageHistory:
    """The damage that was met lately, by monotonic time; it says what to do with the file."""

    def __init__(self) -> None:
        self._met_at: list[float] = []

    def add(self, damage: Damage, now: float) -> CheckLevel:
        """Note damage; return how the file is to be opened again.

        A disk that was not readable for a moment looks like it. What comes back is looked for in
        the whole file, and what comes back again and again is not found by any check.
        """
        if damage.is_misplaced:
            return CheckLevel.QUICK
        if damage.is_overwritten:
            return CheckLevel.REPLACE
        self._met_at = [at for at in self._met_at if now - at < _LATELY_SECONDS] + [now]
        if len(self._met_at) > _MOST_CHECKS:
            self._met_at = []
            return CheckLevel.REPLACE
        return CheckLevel.FULL if damage.is_lasting or self._met_at[:-1] else CheckLevel.QUICK

    def add_error(self, error: Exception, now: float) -> CheckLevel:
        """Note what an opening met; a quick check is enough if it was no damage.

        The file may have been damaged since it was opened, or be damaged where nothing looked.
        """
        if not isinstance(error, DatabaseDamaged) and not is_damage(error):
            return CheckLevel.QUICK
        return self.add(Damage(str(error), is_lasting=True), now)


class DamageWatch:
    """What is known of a database file since it was opened; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = file_identity(path)
        hold(self._identity)
        self._is_closed = False
        # Those of the log, which SQLite creates when it needs them.
        self._logs: dict[str, tuple[int, int]] = {}
        self._error: Damage | None = None
        self._expected = self._size = 0
        self.is_log_gone()

    def close(self) -> None:
        """Watch no longer: the database is closed, however often."""
        if not self._is_closed:
            self._is_closed = True
            release(self._identity)

    def note(self, error: BaseException) -> None:
        """Note that this error came from the database, if it says that it is damaged."""
        if is_damage(error):
            self._error = Damage(str(error))

    def find(self, *, is_at_rest: bool) -> Damage | None:
        """Return what is wrong with the file, None when nothing is known to be.

        `is_at_rest`: nobody writes to it at this moment, so that its size means something.
        """
        # In this order: the log and another content together are what SQLite calls malformed.
        return (
            self._wrong_place()
            or self.find_overwritten()
            or self._error
            or (self._truncation() if is_at_rest else None)
        )

    def _wrong_place(self) -> Damage | None:
        identity = file_identity(self._path)
        if identity is None:
            return Damage("it was deleted", is_misplaced=True)
        if identity != self._identity:
            return Damage("another file is in its place", is_misplaced=True)
        return Damage("its log was deleted", is_misplaced=True) if self.is_log_gone() else None

    def is_log_gone(self) -> bool:
        """Return whether a file of the log is not the opened one, which SQLite continues to use.

        Other processes do not see what is written to it, and nobody does after a crash.
        """
        for suffix in LOGS:
            identity = file_identity(self._path.with_name(self._path.name + suffix))
            if suffix not in self._logs and identity is not None:
                self._logs[suffix] = identity
            if identity != self._logs.get(suffix):
                return True
        return False

    def find_overwritten(self) -> Damage | None:
        """Return the damage if something was written over the file, by its header: quick.

        That may be an older copy of it, which no check finds wrong: it would take for unsent what
        was sent since.
        """
        reason = ""
        for _ in range(_READINGS):
            try:
                header = read_header(self._path)
            except OSError:
                return None  # such as too many open files: nothing is wrong with this one
            if not header.is_database:
                reason = "it is not a database any more"
            elif header.state < header.newest:
                reason = "an older copy was written over it"
            else:
                return None
        return Damage(reason, is_overwritten=True)

    def check_content(self) -> None:
        """Raise DatabaseDamaged if something was written over the file: before anything is sent."""
        if damage := self.find_overwritten():
            raise damaged_error(self._path, damage.reason)

    def _truncation(self) -> Damage | None:
        """Return the damage if the file lacks pages that it had when nobody wrote to it before.

        A file that is only shorter than its header says is sound: while a reader uses the log,
        SQLite moves the first page of a grown database into the file without its last ones.
        """
        try:
            header = read_header(self._path)
        except OSError:
            return None
        size, expected = header.size, header.least_size
        if expected >= self._expected and size < min(expected, self._size):
            return Damage("it was truncated", is_lasting=True)
        self._expected, self._size = expected, size
        return None


def save_log(writer: sqlite3.Connection) -> None:
    """Move the commits of a deleted log into the database's file, as far as that works.

    The next connection of this process would look for them in the log that it creates.
    """
    with contextlib.suppress(sqlite3.Error):
        writer.execute(f"PRAGMA busy_timeout = {_SAVE_MS}")
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def is_damage(error: BaseException) -> bool:
    """Return whether an error says that the file is damaged: not that it is locked, or full."""
    # The subclasses are about statements, values and the disk.
    return type(error) is sqlite3.DatabaseError or (
        isinstance(error, sqlite3.OperationalError) and str(error).startswith(_DAMAGED)
    )


def damaged_error(path: Path, reason: str) -> DatabaseDamaged:
    """Return what to raise where a database is damaged."""
    return DatabaseDamaged(
        f"{path} is damaged: {reason}",
        hint="nothing to do: it is rebuilt from the transcripts within seconds",
    )


def failure_of(path: Path, error: Exception, *, is_writing: bool) -> CcsyncError | None:
    """Return what an error of SQLite's says of the file or its disk, None where it says nothing.

    When reading, an OperationalError may be a defect, such as a column that does not exist.
    """
    if isinstance(error, CcsyncError):
        return error
    if is_damage(error):
        return damaged_error(path, str(error))
    if isinstance(error, sqlite3.OperationalError) and (is_writing or _OF_DISKS.search(str(error))):
        return state_error(path, error, doing="write" if is_writing else "use")
    return None


def create_if_missing(path: Path) -> bool:
    """Return whether a database is missing at a path, or only an empty file is there; create it.

    An empty file counts as missing: an interrupted start leaves it where a restored database was
    to come.
    """
    if is_there(path) and path.stat().st_size:
        return False
    # SQLite would write the lost database's log into the restored one.
    remove_files(path, LOGS)
    path.touch(mode=0o600)
    return True


def set_aside(path: Path, now_ms: int) -> Path:
    """Rename a damaged database, and remove earlier ones but for the last; return its new path."""
    for old in _all_aside(path)[:-1]:
        remove_files(old)
    aside = path.with_name(f"{path.name}{_ASIDE}{now_ms}")
    for suffix in _FILES:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    path.touch(mode=0o600)
    return aside


def remove_oldest_aside(path: Path) -> str | None:
    """Remove the oldest damaged database that is kept; return its name, None without one."""
    for old in _all_aside(path)[:1]:
        remove_files(old)
        return None if old.exists() else old.name
    return None


def _all_aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}{_ASIDE}*[0-9]"), key=lambda file: file.name)


def remove_files(path: Path, suffixes: Iterable[str] = _FILES) -> None:
    """Remove a database that nobody has open, or only the files with these suffixes."""
    for suffix in suffixes:
        with contextlib.suppress(OSError):
            Path(f"{path}{suffix}").unlink()
