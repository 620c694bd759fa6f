"""Copy the table of parts before its migration, in small steps, and give its space back.

The table may hold gigabytes. Each step is a commit, so a copy that is interrupted continues where
it was; until the migration itself, an earlier version can still use the database.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch import units
from ccsync_watch.errors import StateError
from ccsync_watch.store.migrations import COPY_PARTS, NEW_PARTS

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = 12
"""The migration that needs the copy."""
_STEP_ROWS = 2000
_MIN_FREE_SHARE = 0.25
_MIN_FREE_BYTES = 4 << 20
# While both tables exist, an earlier version may write: what it changed is copied again.
_FOLLOW = "".join(
    f"CREATE TRIGGER IF NOT EXISTS parts_{name}_since AFTER {name} ON parts BEGIN"  # noqa: S608 - constants
    f" DELETE FROM new_parts WHERE message_seq >= {changed}; END;"
    for name, changed in (
        ("insert", "new.message_seq"),
        ("update", "min(old.message_seq, new.message_seq)"),
        ("delete", "old.message_seq"),
    )
)


def free_bytes(folder: Path) -> int:
    """Return how many bytes can be written to a folder's disk."""
    return shutil.disk_usage(folder).free


def check_space(connection: sqlite3.Connection, free: Callable[[Path], int] = free_bytes) -> None:
    """Raise StateError when the disk has no room for a copy of the database."""
    path = _path(connection)
    if path is None:
        return
    needed = _pages(connection, "page_count")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    # The copy of the parts takes the most, and is in the file already where it was begun.
    if version < VERSION and not is_begun(connection):
        needed += needed // 2
    if (available := free(path.parent)) < needed:
        error = StateError(
            f"updating the database needs {units.size(needed)} of disk space,"
            f" {units.size(available)} are free",
            hint=f"free some space on the disk of {path.parent}; nothing is lost",
        )
        error.is_full = True
        raise error


class Shrunk(NamedTuple):
    """The database's size before and after; `missing_bytes` of free disk space prevented it."""

    before_bytes: int
    after_bytes: int
    is_done: bool
    missing_bytes: int


def copy_parts(connection: sqlite3.Connection, on_progress: Callable[[int, int], None]) -> None:
    """Copy all parts; `on_progress` gets how many messages are copied, and how many there are."""
    connection.executescript(f"BEGIN IMMEDIATE; {NEW_PARTS}; {_FOLLOW} COMMIT;")
    (total,) = connection.execute("SELECT coalesce(max(message_seq), 0) FROM parts").fetchone()
    while True:
        (done,) = connection.execute(
            "SELECT coalesce(max(message_seq), -1) FROM new_parts"
        ).fetchone()
        on_progress(max(0, done), total)
        row = connection.execute(
            "SELECT max(message_seq) FROM (SELECT message_seq FROM parts WHERE message_seq > ?"
            " ORDER BY message_seq LIMIT ?)",
            (done, _STEP_ROWS),
        ).fetchone()
        if row[0] is None:
            return
        connection.execute(f"{COPY_PARTS} AND message_seq <= ?", row)


def is_begun(read: sqlite3.Connection) -> bool:
    """Return whether the copy was begun: it is under way, or was interrupted."""
    query = "SELECT 1 FROM sqlite_master WHERE name = 'new_parts'"
    return read.execute(query).fetchone() is not None


def file_bytes(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the size of the database, and how much of it are unused pages."""
    return _pages(connection, "page_count"), _pages(connection, "freelist_count")


def space_to_shrink(connection: sqlite3.Connection) -> int:
    """Return how many bytes of the disk `shrink` needs for a while: a copy, and its log."""
    size, unused = file_bytes(connection)
    return 2 * (size - unused)


def shrink(
    connection: sqlite3.Connection,
    free: Callable[[Path], int] = free_bytes,
    *,
    removed_bytes: int = 0,
    min_share: float = _MIN_FREE_SHARE,
) -> bool:
    """Give unused pages back to the disk if that pays; return whether that was done.

    It pays for this share of the file. `removed_bytes` were just removed: many of them are in pages
    that are not empty. Without the space that this needs itself, the pages stay until another time.
    """
    path = _path(connection)
    size, unused = file_bytes(connection)
    gain = max(unused, removed_bytes)
    if path is None or gain < max(_MIN_FREE_BYTES, size * min_share):
        return False
    if free(path.parent) < space_to_shrink(connection):
        return False
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return True
    return False


def shrink_file(
    connection: sqlite3.Connection,
    free: Callable[[Path], int] = free_bytes,
    *,
    removed_bytes: int,
    min_share: float,
) -> Shrunk:
    """Give unused pages back as `shrink` does; return what came of it."""
    before, missing = _pages(connection, "page_count"), 0
    is_done = shrink(connection, free, removed_bytes=removed_bytes, min_share=min_share)
    path = _path(connection)
    if not is_done and path is not None:
        missing = max(0, space_to_shrink(connection) - free(path.parent))
    after = _pages(connection, "page_count")
    return Shrunk(before, after, is_done=is_done, missing_bytes=missing)


def _path(connection: sqlite3.Connection) -> Path | None:
    name = connection.execute("PRAGMA database_list").fetchone()[2]
    return Path(name) if name else None


def _pages(connection: sqlite3.Connection, pragma: str) -> int:
    """Return the bytes of so many pages as a pragma counts."""
    (count,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(count * size)
