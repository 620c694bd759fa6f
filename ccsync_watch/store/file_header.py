"""Read the header of a database's file, without giving up SQLite's locks on it.

The header says whether the file is a database, how long it is at least, and in which state. In the
file of a database with a write-ahead log that state changes only when commits are moved there, and
never goes back: also not by a checkpoint that a reader holds up, VACUUM, or a migration.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ccsync_watch.file_locks import file_identity
from ccsync_watch.regular_files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

# https://www.sqlite.org/fileformat.html, "The Database Header"
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_PAGE_SIZE = slice(16, 18)
_CHANGES = slice(24, 28)
_PAGE_COUNT = slice(28, 32)
_SCHEMA_CHANGES = slice(40, 44)
_CHANGES_OF_COUNT = slice(92, 96)
_LARGEST_PAGE = 65_536

State: TypeAlias = tuple[int, int, int]
"""The changes by connections, those of the schema (VACUUM is one), and the pages, in this order.

A connection counts its first change alone; from then on its file only grows, but for VACUUM.
"""
NO_STATE: State = (0, 0, 0)


@dataclass(slots=True)
class _OpenFile:
    """A file of this process; `newest` is the latest state that two readings in a row agree on."""

    descriptor: int
    last: State = NO_STATE
    newest: State = NO_STATE


# By device and inode: so are the locks, see `read_header`.
_files: dict[tuple[int, int], _OpenFile] = {}
_users: Counter[tuple[int, int]] = Counter()
_lock = threading.Lock()
# A daemon has one or two; who opens one after the other must not run out of descriptors.
_MOST_FILES = 16


@dataclass(frozen=True, slots=True)
class Header:
    """`size` is the file's, and `least_size` what the header says, 0 where it does not.

    `newest` is the latest state in which this process has seen the file before.
    """

    is_database: bool
    size: int
    least_size: int
    state: State
    newest: State


def read_header(path: Path) -> Header:
    """Return the header of a database. Raises OSError.

    POSIX drops all locks of a process on a file when it closes any descriptor of it, SQLite's locks
    included: the next process that closes the database would believe to be the last one, and
    delete the log that this one writes to. So each file is opened once in this process, and its
    descriptor stays open for as long as the file has a name, if it is held.
    """
    if not hasattr(os, "pread"):  # Windows keeps the locks
        with path.open("rb") as opened:
            return _header(opened.read(_HEADER_BYTES), os.fstat(opened.fileno()).st_size, NO_STATE)
    with _lock:
        identity = file_identity(path)
        if identity not in _files:
            _close_unused()
            descriptor = open_regular(path)
            status = os.fstat(descriptor)
            identity = status.st_dev, status.st_ino
            _files[identity] = _OpenFile(descriptor)
        file = _files[identity]
        data = os.pread(file.descriptor, _HEADER_BYTES, 0)
        header = _header(data, os.fstat(file.descriptor).st_size, file.newest)
        if header.is_database:
            # Of two: a reading that was spoiled on its way must not make the next ones older.
            file.newest = max(file.newest, min(file.last, header.state))
            file.last = header.state
        return header


def hold(identity: tuple[int, int] | None) -> None:
    """Keep what is known of a file, by its device and inode: a database is opened."""
    with _lock:
        if identity is not None:
            _users[identity] += 1


def release(identity: tuple[int, int] | None) -> None:
    """Let go of a file whose database was closed; one that is opened again soon is still known."""
    with _lock:
        if identity is not None:
            _users[identity] -= 1
            if not _users[identity]:
                del _users[identity]


def _close_unused() -> None:
    for identity, file in list(_files.items()):
        is_used = _users[identity] > 0 or len(_files) < _MOST_FILES
        if not is_used or not os.fstat(file.descriptor).st_nlink:
            os.close(_files.pop(identity).descriptor)


def _header(data: bytes, size: int, newest: State) -> Header:
    def number(place: slice) -> int:
        return int.from_bytes(data[place], "big")

    is_database = data.startswith(_MAGIC) and len(data) == _HEADER_BYTES
    page_size = number(_PAGE_SIZE)
    page_size = _LARGEST_PAGE if page_size == 1 else page_size
    is_counted = data[_CHANGES] == data[_CHANGES_OF_COUNT]
    return Header(
        is_database=is_database,
        size=size,
        least_size=page_size * number(_PAGE_COUNT) if is_counted else 0,
        state=(number(_CHANGES), number(_SCHEMA_CHANGES), number(_PAGE_COUNT)),
        newest=newest,
    )
