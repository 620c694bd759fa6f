"""Notice that a database file is not the one that was opened, or is not a database any more.

SQLite reports damage when it reads the damaged page; it never looks at whether the file is still
where it was, and continues to write to one that was deleted.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ccsync_watch.disk_faults import state_error
from ccsync_watch.errors import CcsyncError, DatabaseDamaged
from ccsync_watch.file_locks import file_identity
from ccsync_watch.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterable

LOGS = ("-wal", "-shm")
"""The ends of the names of a database's log, and of that log's index."""
_FILES = ("", *LOGS)
_ASIDE = ".corrupt-"
_SAVE_MS = 1_000
_LATELY_SECONDS = 600.0
_MOST_CHECKS = 5
_DAMAGED = "no such table", "Could not decode to UTF-8"

# What SQLite says where the system does not let it read, write or lock a file.
_OF_DISKS = re.compile(
    "unable to open database file|disk I/O error|disk is full|is locked|readonly database"
    "|locking protocol|out of memory"
)

# https://www.sqlite.org/fileformat.html, "The Database Header"
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_PAGE_SIZE = slice(16, 18)
_CHANGES = slice(24, 28)
_PAGE_COUNT = slice(28, 32)
_CHANGES_OF_COUNT = slice(92, 96)
_LARGEST_PAGE = 65_536
# Of this process, by device and inode: so are the locks, see `_read_header`.
_descriptors: dict[tuple[int, int], int] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a database; `is_lasting`: to open it again cannot help.

    `is_misplaced`: the files are not the opened ones, so that it helps however often that happens.
    """

    reason: str
    is_lasting: bool = False
    is_misplaced: bool = False


class CheckLevel(Enum):
    """How a database is checked when it is opened."""

    QUICK = "check it quickly"
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
        # Those of the log, which SQLite creates when it needs them.
        self._logs: dict[str, tuple[int, int]] = {}
        self._error: Damage | None = None
        self._expected = self._size = 0
        self.is_log_gone()

    def note(self, error: BaseException) -> None:
        """Note that this error came from the database, if it says that it is damaged."""
        if is_damage(error):
            self._error = Damage(str(error))

    def find(self, *, is_at_rest: bool) -> Damage | None:
        """Return what is wrong with the file, None when nothing is known to be.

        `is_at_rest`: nobody writes to it at this moment, so that its size means something.
        """
        return self._error or self._wrong_place() or self._wrong_content(is_at_rest=is_at_rest)

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

    def _wrong_content(self, *, is_at_rest: bool) -> Damage | None:
        try:
            header, size = _read_header(self._path)
        except OSError:
            return None  # such as too many open files: nothing is wrong with this one
        if not header.startswith(_MAGIC):
            return Damage("it is not a database any more", is_lasting=True)
        return self._truncation(size, _expected_size(header)) if is_at_rest else None

    def _truncation(self, size: int, expected: int) -> Damage | None:
        """Return the damage if the file lacks pages that it had when nobody wrote to it before.

        A file that is only shorter than its header says is sound: while a reader uses the log,
        SQLite moves the first page of a grown database into the file without its last ones.
        """
        if expected >= self._expected and size < min(expected, self._size):
            return Damage("it was truncated", is_lasting=True)
        self._expected, self._size = expected, size
        return None


def _read_header(path: Path) -> tuple[bytes, int]:
    """Return the first bytes of a database, and its size. Raises OSError.

    POSIX drops all locks of a process on a file when it closes any descriptor of it, SQLite's locks
    included: the next process that closes the database would believe to be the last one, and
    delete the log that this one writes to. So each file is opened once in this process, and its
    descriptor stays open for as long as the file has a name.
    """
    if not hasattr(os, "pread"):  # Windows keeps the locks
        with path.open("rb") as file:
            return file.read(_HEADER_BYTES), os.fstat(file.fileno()).st_size
    with _lock:
        identity = file_identity(path)
        if identity not in _descriptors:
            for old, descriptor in list(_descriptors.items()):
                if not os.fstat(descriptor).st_nlink:
                    os.close(_descriptors.pop(old))
            descriptor = open_regular(path)
            status = os.fstat(descriptor)
            identity = status.st_dev, status.st_ino
            _descriptors[identity] = descriptor
        descriptor = _descriptors[identity]
        return os.pread(descriptor, _HEADER_BYTES, 0), os.fstat(descriptor).st_size


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


def failure_of(path: Path, error: Exception, *, is_writing: bool) -> CcsyncError | None:
    """Return what an error of SQLite's says of the file or its disk, None where it says nothing.

    When reading, an OperationalError may be a defect, such as a column that does not exist.
    """
    if isinstance(error, CcsyncError):
        return error
    if is_damage(error):
        return DatabaseDamaged(
            f"{path} is damaged: {error}",
            hint="nothing to do: it is rebuilt from the transcripts within seconds",
        )
    if isinstance(error, sqlite3.OperationalError) and (is_writing or _OF_DISKS.search(str(error))):
        return state_error(path, error, doing="write" if is_writing else "use")
    return None


def _expected_size(header: bytes) -> int:
    """Return the bytes that a file with this header has at least, 0 where it does not say."""
    if header[_CHANGES] != header[_CHANGES_OF_COUNT]:
        return 0
    page_size = int.from_bytes(header[_PAGE_SIZE], "big")
    page_size = _LARGEST_PAGE if page_size == 1 else page_size
    return page_size * int.from_bytes(header[_PAGE_COUNT], "big")


def create_if_missing(path: Path) -> bool:
    """Return whether a database is missing at a path, or only an empty file is there; create it.

    An empty file counts as missing: an interrupted start leaves it where a restored database was
    to come.
    """
    if path.exists() and path.stat().st_size:
        return False
    # SQLite would write the lost database's log into the restored one.
    remove_files(path, LOGS)
    path.touch(mode=0o600)
    return True


def set_aside(path: Path, now_ms: int) -> Path:
    """Rename a damaged database, and remove earlier ones but for the last; return its new path."""
    earlier = sorted(path.parent.glob(f"{path.name}{_ASIDE}*[0-9]"), key=lambda file: file.name)
    for old in earlier[:-1]:
        remove_files(old)
    aside = path.with_name(f"{path.name}{_ASIDE}{now_ms}")
    for suffix in _FILES:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    path.touch(mode=0o600)
    return aside


def remove_files(path: Path, suffixes: Iterable[str] = _FILES) -> None:
    """Remove a database that nobody has open, or only the files with these suffixes."""
    for suffix in suffixes:
        with contextlib.suppress(OSError):
            Path(f"{path}{suffix}").unlink()
