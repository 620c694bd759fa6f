"""Put the copy of a database in its place, and keep a copy with which that does not succeed.

Only the copy has sessions whose transcripts are gone, and what a disk does not read now it may read
later. So a copy is tried twice. Then it gets a name that no later copy takes, and it is tried again
whenever the program starts, for some days.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.disk_faults import is_passing, state_error
from ccsync_watch.errors import StateError
from ccsync_watch.store.backups import backup_path, copy_file, restored_path, unused_copies
from ccsync_watch.store.damage import remove_files, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ATTEMPTS = 2
# Each start copies and checks the whole file; a daemon that cannot start tries it every 2 seconds.
_TRY_MS = 7 * 86_400_000


class UnusedCopy(NamedTuple):
    """Where a copy is kept that could not be used, and why it could not."""

    path: Path
    reason: str


class Restoration(NamedTuple):
    """`written_ms` is when the restored copy was written, None if there was none that is usable.

    `replaced` is the database whose place it took, if that was a sound one.
    """

    written_ms: int | None = None
    unused: UnusedCopy | None = None
    replaced: Path | None = None


def restore_copy(path: Path, prepare: Callable[[Path], None], now_ms: int) -> Restoration:
    """Put the copy of a lost database in its place, or else the one that earlier starts kept.

    `prepare` checks a copy and makes it ready for use. Raises StateError when that may succeed
    later, as on a full disk: with an empty database in its place it never would.
    """
    failures: list[UnusedCopy] = []
    written_ms = None
    try:
        for copy in (backup_path(path), *_worth_trying(path, now_ms)):
            written_ms, reason = _prepare(path, copy, prepare)
            if reason is not None:
                failures.append(UnusedCopy(copy, reason))
            elif written_ms is not None:
                restored_path(path).replace(path)
                if copy != backup_path(path):
                    remove_files(copy)
                break
        # Of several, the last one that was written.
        unused = _keep(path, failures[0], now_ms) if failures else None
    except OSError as error:
        raise state_error(path, error, doing="restore") from error
    return Restoration(written_ms, unused)


def replace_by_unused(
    path: Path, prepare: Callable[[Path], None], now_ms: int
) -> Restoration | None:
    """Put a copy that earlier starts could not use in the place of what they began instead.

    Nobody has that database open, and transcripts have all that is in it. Returns None without
    such a copy. Raises StateError.
    """
    try:
        for copy in _worth_trying(path, now_ms):
            written_ms, reason = _prepare(path, copy, prepare)
            if reason is not None:
                return Restoration(unused=_keep(path, UnusedCopy(copy, reason), now_ms))
            if written_ms is not None:
                replaced = set_aside(path, now_ms)
                restored_path(path).replace(path)
                remove_files(copy)
                return Restoration(written_ms, replaced=replaced)
    except OSError as error:
        raise state_error(path, error, doing="restore") from error
    return None


def _worth_trying(path: Path, now_ms: int) -> list[Path]:
    return [copy for copy in unused_copies(path) if now_ms - _kept_ms(copy, now_ms) < _TRY_MS]


def _kept_ms(copy: Path, now_ms: int) -> int:
    """Return since when a copy is kept, by its name; now for the one in use."""
    end = copy.name.rpartition("-")[2]
    return int(end) if end.isdecimal() else now_ms


def _prepare(
    path: Path, copy: Path, prepare: Callable[[Path], None]
) -> tuple[int | None, str | None]:
    """Prepare a copy beside its database; return when it was written, and why it is unusable.

    Both are None where it does not exist.
    """
    new, reason = restored_path(path), ""
    for _ in range(_ATTEMPTS):
        try:
            written_ms = copy_file(copy, new)
            if written_ms is not None:
                prepare(new)
        except (OSError, sqlite3.Error, StateError) as error:
            remove_files(new)
            cause = error.__cause__ if isinstance(error, StateError) else error
            if not isinstance(cause, OSError | sqlite3.Error):
                raise  # a newer version's, or no room to update it: nothing is wrong with it
            if is_passing(path.parent, cause):
                raise state_error(path, cause, doing="restore") from error
            reason = str(cause)
        else:
            return written_ms, None
    return None, reason


def _keep(path: Path, unused: UnusedCopy, now_ms: int) -> UnusedCopy:
    """Give an unusable copy a name that no later one takes; of such copies, one is kept."""
    name = f"{backup_path(path).name}.unused-{_kept_ms(unused.path, now_ms)}"
    kept = backup_path(path).with_name(name)
    if unused.path != kept:
        with contextlib.suppress(FileNotFoundError):
            unused.path.replace(kept)
    for other in unused_copies(path):
        if other != kept:
            remove_files(other)
    return UnusedCopy(kept, unused.reason)
