"""A copy of the database beside it, for what only the database knows.

Sessions whose transcripts are gone, what left this machine, and what was pruned cannot be read
again from the transcripts. Where a damaged database is set aside, the copy takes its place, and
what was written since is read again.

No word is longer in the copy than in the database: whatever redacts or removes texts counts
that in the database and removes the copy. One that could not be used is kept like a damaged
database, until the user has something removed; when it is used, the rules are applied to it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from ccsync_watch.store.connection import StoreConnection
from ccsync_watch.store.copied_parts import free_bytes
from ccsync_watch.store.damage import remove_files
from ccsync_watch.store.meta import get_meta, set_meta

if TYPE_CHECKING:
    from collections.abc import Callable

_SUFFIX = ".backup"
_NEW_SUFFIX = ".backup.new"
_UNUSED = ".backup.unused-*"
_RESTORED_SUFFIX = ".restored"
# Room for the copy, and for the database to grow meanwhile.
_LEAST_FREE = 2
_REWRITTEN = "rewritten"
RESTORED = "restored"
"""The value of `meta` that says that a copy is in use, to which no rules were applied yet."""
# A file system may date a file a little later than the clock.
_CLOCK_ERROR_MS = 60_000


def backup_path(path: Path) -> Path:
    """Return where the copy of a database is."""
    return path.with_name(path.name + _SUFFIX)


def age_ms(path: Path, now_ms: int) -> int | None:
    """Return how old the copy of a database is; None without one, or if its clock was wrong."""
    try:
        written_ms = backup_path(path).stat().st_mtime_ns // 1_000_000
    except OSError:
        return None
    age = now_ms - written_ms
    # One from the future would count as new until then.
    return age if age >= -_CLOCK_ERROR_MS else None


def is_needed(read: sqlite3.Connection) -> bool:
    """Return whether a database knows what cannot be read again from the transcripts."""
    query = (
        "SELECT EXISTS (SELECT 1 FROM transcripts WHERE missing_since_ms IS NOT NULL)"
        " OR EXISTS (SELECT 1 FROM ledger)"
    )
    return bool(read.execute(query).fetchone()[0])


def is_rebuilt(read: sqlite3.Connection) -> bool:
    """Return whether transcripts have every session that a database knows."""
    query = "SELECT NOT EXISTS (SELECT 1 FROM transcripts WHERE missing_since_ms IS NOT NULL)"
    return bool(read.execute(query).fetchone()[0])


def write_backup(read: sqlite3.Connection, free: Callable[[Path], int] = free_bytes) -> bool:
    """Replace the copy by one of now; return whether there was room for it on the disk.

    It is written in the calling thread, whose reading connection this is, and holds up no writer.
    Raises sqlite3.Error, OSError.
    """
    path = _path(read)
    new = path.with_name(path.name + _NEW_SUFFIX)
    _unlink(new)
    if free(path.parent) < _LEAST_FREE * path.stat().st_size:
        return False
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        _copy(read, new)
        new.replace(backup_path(path))
    finally:
        _unlink(new)
    if _count_of(backup_path(path)) != get_meta(read, _REWRITTEN):
        _unlink(backup_path(path))  # words were removed while it was written
    return True


def remove_backup(connection: sqlite3.Connection) -> None:
    """Remove the copy, inside the transaction that removes words from the database."""
    count = int(get_meta(connection, _REWRITTEN) or 0) + 1
    set_meta(connection, _REWRITTEN, str(count))
    _unlink(backup_path(_path(connection)))


def remove_copies(connection: sqlite3.Connection) -> None:
    """Remove the copy as `remove_backup` does, and one that could not be used."""
    remove_backup(connection)
    for copy in unused_copies(_path(connection)):
        _unlink(copy)


def unused_copies(path: Path) -> list[Path]:
    """Return the copies that could not be used; see `restoring`."""
    return sorted(path.parent.glob(f"{path.name}{_UNUSED}"))


def restored_path(path: Path) -> Path:
    """Return where the copy is prepared before it takes the place of a database."""
    return path.with_name(path.name + _RESTORED_SUFFIX)


def copy_file(copy: Path, new: Path) -> int | None:
    """Write a copy to a new file; return when the copy was written, None without one.

    Not to the database's own path: an interrupted start must not leave half of a database there,
    or one that takes for unsent what was sent. Raises OSError.
    """
    remove_files(new)
    try:
        status = copy.stat()
    except FileNotFoundError:
        return None
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    shutil.copyfile(copy, new)
    # An empty file would be a sound database without rows.
    if not status.st_size or new.stat().st_size != status.st_size:
        raise OSError(errno.EIO, "the copy is incomplete")
    return status.st_mtime_ns // 1_000_000


def forget_answers(connection: sqlite3.Connection) -> None:
    """Take nothing for certainly unsent, inside a transaction: some was sent after the copy."""
    set_meta(connection, RESTORED, "due")
    connection.execute("UPDATE outbox SET is_certain = 0")
    connection.execute(
        "UPDATE remote SET is_preexisting = 1, is_search_stale = 1 WHERE sent IS NOT NULL"
    )


def _path(connection: sqlite3.Connection) -> Path:
    return Path(connection.execute("PRAGMA database_list").fetchone()[2])


def _copy(source: sqlite3.Connection, new: Path) -> None:
    # It writes to another file, which reading connections are not allowed either.
    source.execute("PRAGMA query_only = OFF")
    try:
        source.execute("VACUUM INTO ?", (str(new),))
    finally:
        source.execute("PRAGMA query_only = ON")
    with new.open("rb") as file:
        os.fsync(file.fileno())


def _count_of(path: Path) -> str | None:
    with contextlib.closing(sqlite3.connect(path, factory=StoreConnection)) as connection:
        return get_meta(connection, _REWRITTEN)


def _unlink(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
