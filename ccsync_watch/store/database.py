"""Open the database and provide its connections: one writer at a time, a reader per thread.

A commit is on the disk before it returns (`synchronous=FULL`): an offset lost to a power cut would
do no harm, a lost outbox mark would. So those of a backlog do not wait: the next one that does
brings them to the disk with itself.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import threading
import weakref
from typing import TYPE_CHECKING, TypeAlias

from ccsync_watch.disk_faults import state_error
from ccsync_watch.errors import DatabaseDamaged, StateError
from ccsync_watch.private_files import make_folder
from ccsync_watch.store import copied_parts
from ccsync_watch.store.backups import forget_answers, is_rebuilt, unused_copies
from ccsync_watch.store.connection import Reader, StoreConnection
from ccsync_watch.store.damage import (
    CheckLevel,
    Damage,
    DamageWatch,
    create_if_missing,
    failure_of,
    set_aside,
)
from ccsync_watch.store.database_file import is_there
from ccsync_watch.store.full_check import check_content, check_schema
from ccsync_watch.store.full_disk import open_with_room
from ccsync_watch.store.migrations import MIGRATIONS
from ccsync_watch.store.packed_texts import check_dictionary
from ccsync_watch.store.pragmas import BUSY_MS, cache_indexes, set_busy_timeout, set_pragmas
from ccsync_watch.store.restoring import Restoration, replace_by_unused, restore_copy
from ccsync_watch.store.schema import migrate, newer_schema, older_schema
from ccsync_watch.store.text_functions import add_text_functions
from ccsync_watch.store.views import create_views
from ccsync_watch.store.write_ahead_log import LOG_BYTES, Commits, close_log, empty_log, log_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.errors import CcsyncError

    _OnProgress: TypeAlias = Callable[[int, int], None]

DATABASE_NAME = "ccsync.db"
SHRINK_SHARE = 0.25
"""What share of the database must be unused, for its pages to be given back."""


class Database:
    """The database file; safe to use from several threads.

    `set_aside` is where a corrupt predecessor was moved to when this one was opened, else None.
    `restoration` says which copy this one was restored from, and which could not be used.
    `removed` names damaged databases that were removed, as the disk was full, to open this one.
    `is_current`: the file has the tables of this version, so the views of them can be created.
    """

    def __init__(
        self,
        path: Path,
        *,
        set_aside: Path | None = None,
        read_only: bool = False,
        is_current: bool = True,
    ) -> None:
        self.path = path
        self.set_aside = set_aside
        self.restoration = Restoration()
        self.removed: list[str] = []
        self._read_only = read_only
        self._lock = threading.RLock()
        self.is_closed = False
        self._local = threading.local()
        self._readers: weakref.WeakSet[Reader] = weakref.WeakSet()
        self._writer = None if read_only else self._connect(has_views=is_current)
        self._commits = Commits()
        self._damage = DamageWatch(path)

    def _connect(self, *, query_only: bool = False, has_views: bool = True) -> sqlite3.Connection:
        mode = "ro" if self._read_only else "rwc"
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=64 if query_only else 256,
            factory=StoreConnection,
        )
        connection.row_factory = sqlite3.Row
        try:
            set_busy_timeout(connection)
            add_text_functions(connection)
            if has_views:
                create_views(connection)
            set_pragmas(connection, query_only=query_only)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def write(self, *, waits_for_disk: bool = True) -> Iterator[sqlite3.Connection]:
        """Provide the writing connection in one transaction: all of the block or none of it.

        A power cut may undo one that does not wait, with those after it.
        Raises StateError when the disk or the file cannot be written, or the file is damaged.
        """
        with self._lock:
            if self._writer is None:
                raise StateError(f"{self.path} was opened for reading", hint="please report this")
            try:
                self._commits.begin(self._writer, waits_for_disk=waits_for_disk)
                try:
                    self._damage.check_content()
                    yield self._writer
                except BaseException:
                    with contextlib.suppress(sqlite3.Error):
                        self._writer.execute("ROLLBACK")
                    raise
                self._commits.commit(self._writer)
            except sqlite3.DatabaseError as error:
                with contextlib.suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                failure = self.note_failure(error, is_writing=True)
                if failure is None:
                    raise
                raise failure from error

    def read(self) -> sqlite3.Connection:
        """Return this thread's reading connection; it sees committed rows only."""
        reader: Reader | None = getattr(self._local, "reader", None)
        with self._lock:
            if self.is_closed:
                raise sqlite3.ProgrammingError(f"{self.path} was closed")
            if reader is None:
                reader = self._local.reader = Reader(self._connect(query_only=True))
                self._readers.add(reader)
        return reader.connection

    def note_failure(self, error: Exception, *, is_writing: bool = False) -> CcsyncError | None:
        """Note an error, which may be how damage shows; return it in words, None for a defect."""
        self._damage.note(error)
        return failure_of(self.path, error, is_writing=is_writing)

    def note_log(self) -> None:
        """Note which files are the log's, once it was written to, and the state of the file."""
        self._damage.is_log_gone()
        self._damage.find_overwritten()

    def damage(self) -> Damage | None:
        """Return what is wrong with the file, None when nothing is known to be."""
        is_at_rest = self._lock.acquire(blocking=False)
        try:
            return self._damage.find(is_at_rest=is_at_rest)
        finally:
            if is_at_rest:
                self._lock.release()

    def checkpoint(self) -> None:
        """Move commits from the write-ahead log into the file, as far as readers allow it."""
        with self._lock:
            if self._writer is not None:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                self.damage()

    def trim_log(self) -> None:
        """Empty the write-ahead log if it is large and nobody uses it; else do nothing, at once."""
        writer = self._writer
        if writer and log_bytes(self.path) > LOG_BYTES and self._lock.acquire(blocking=False):
            try:
                empty_log(writer, BUSY_MS)
            finally:
                self._lock.release()

    def release_memory(self) -> None:
        """Give back the memory that writing took."""
        with self._lock:
            if self._writer is not None:
                self._writer.execute("PRAGMA shrink_memory")

    def file_bytes(self) -> tuple[int, int]:
        """Return the size of the database, and how much of it are unused pages."""
        return copied_parts.file_bytes(self.read())

    def shrink(
        self,
        *,
        removed_bytes: int,
        min_share: float = SHRINK_SHARE,
        free: Callable[[Path], int] = copied_parts.free_bytes,
    ) -> copied_parts.Shrunk:
        """Give unused pages back, if that pays and there is room; 200 MB take about a second."""
        with self._lock:
            if self._writer is None:
                size = self.file_bytes()[0]
                return copied_parts.Shrunk(size, size, is_done=False, missing_bytes=0)
            return copied_parts.shrink_file(
                self._writer, free, removed_bytes=removed_bytes, min_share=min_share
            )

    def close(self) -> None:
        """Close the database, again without effect; the object cannot be used afterwards.

        Other threads may be reading: SQLite crashes when a connection is closed during a query.
        Their queries are interrupted, and each connection is closed when its thread ends.
        """
        own: Reader | None = getattr(self._local, "reader", None)
        with self._lock:
            was_closed, self.is_closed = self.is_closed, True
            for reader in list(self._readers):
                if reader is own:
                    reader.connection.close()
                else:
                    reader.connection.interrupt()
            if self._writer is not None and not was_closed:
                close_log(self._writer, BUSY_MS, is_log_gone=self._damage.is_log_gone())
            self._damage.close()


def open_database(
    folder: Path,
    *,
    now_ms: int,
    on_progress: _OnProgress = lambda _done, _total: None,
    level: CheckLevel = CheckLevel.QUICK,
) -> Database:
    """Open the database in the state folder; create or migrate it as needed.

    `on_progress` gets how much of a long migration is done, and of how much. Its copy, or else an
    empty one, replaces a corrupt one, which is renamed and kept, and one that was deleted.
    Raises StateError when the folder or installation is unusable, UnsafePath when it is another's.
    """
    open_now = functools.partial(_open_any, folder, now_ms, on_progress, level)
    database, removed = open_with_room(folder / DATABASE_NAME, open_now)
    database.removed = removed
    return database


def _open_any(folder: Path, now_ms: int, on_progress: _OnProgress, level: CheckLevel) -> Database:
    path = folder / DATABASE_NAME
    check_dictionary(path)
    try:
        make_folder(folder)
        is_missing = create_if_missing(path)
    except OSError as error:
        raise state_error(folder, error, doing="use the state folder") from None
    # Twice: what the disk cannot read for a moment looks like damage.
    for _ in range(0 if level is CheckLevel.REPLACE else 2):
        try:
            if is_missing:
                return _restored(path, None, now_ms, on_progress)
            return _open_best(path, now_ms, on_progress, level)
        except sqlite3.OperationalError as error:
            raise state_error(path, error) from None
        except (sqlite3.DatabaseError, DatabaseDamaged):
            continue
    try:
        return _restored(path, set_aside(path, now_ms), now_ms, on_progress)
    except (OSError, sqlite3.Error) as error:
        raise state_error(path, error) from None


def open_for_reading(folder: Path) -> Database | None:
    """Open the database next to a running daemon; None while there is none.

    Raises OtherSchema for one of another version, StateError when it cannot be read.
    """
    path = folder / DATABASE_NAME
    if not is_there(path):
        return None
    check_dictionary(path)
    database = Database(path, read_only=True)
    try:
        read = database.read()
        (version,) = read.execute("PRAGMA user_version").fetchone()
        is_updating = copied_parts.is_begun(read)
    except sqlite3.Error as error:
        database.close()
        raise state_error(path, error) from None
    if version == len(MIGRATIONS):
        return database
    database.close()
    if version == 0:  # a daemon is creating it
        return None
    is_newer = version > len(MIGRATIONS)
    raise newer_schema(version) if is_newer else older_schema(is_updating=is_updating)


def _open(path: Path, aside: Path | None, on_progress: _OnProgress, level: CheckLevel) -> Database:
    database = Database(path, set_aside=aside, is_current=False)
    try:
        with database.write() as connection:
            check_content(connection, level)
        cache_indexes(connection)
        migrate(connection, on_progress=on_progress)
        check_schema(connection, level)
        # Not before: a view of columns that an old file lacks prevents its migration.
        create_views(connection)
        database.note_log()
    except BaseException:
        database.close()
        raise
    return database


def _open_best(path: Path, now_ms: int, on_progress: _OnProgress, level: CheckLevel) -> Database:
    """Open a database; or a copy, if it was begun because that one could not be used then."""
    database = _open(path, None, on_progress, level)
    is_kept = level is CheckLevel.SHARED or not unused_copies(path)
    if is_kept or not is_rebuilt(database.read()):
        return database
    database.close()
    restoration = None
    with contextlib.suppress(StateError):  # as on a full disk: the next start tries again
        prepare = functools.partial(_prepare, on_progress=on_progress)
        restoration = replace_by_unused(path, prepare, now_ms)
    database = _open(path, None, on_progress, level)
    database.restoration = restoration or Restoration()
    return database


def _restored(path: Path, aside: Path | None, now_ms: int, on_progress: _OnProgress) -> Database:
    """Open what replaces a lost database: its copy, else an empty one. Raises StateError."""
    prepare = functools.partial(_prepare, on_progress=on_progress)
    restoration = restore_copy(path, prepare, now_ms)
    database = _open(path, aside, on_progress, CheckLevel.QUICK)
    database.restoration = restoration
    return database


def _prepare(copy: Path, *, on_progress: _OnProgress) -> None:
    """Check a copy, and make it ready to be the database."""
    with contextlib.closing(_open(copy, None, on_progress, CheckLevel.QUICK)) as database:
        with database.write() as connection:
            forget_answers(connection)
        database.checkpoint()
