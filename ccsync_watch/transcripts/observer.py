"""Turn file-system events into wakeups: a set of dirty paths. Reads no file, decides nothing.

A lost event costs latency, never data: the rescan finds what events did not announce, and
replaces them where they do not work (network drives, a full inotify table).
"""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from typing import TYPE_CHECKING, NamedTuple

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer as WatchdogObserver

from ccsync_watch.transcripts.discovery import transcript_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watchdog.observers.api import BaseObserver, ObservedWatch

# Other kinds of event would report our own reads.
_EVENT_KINDS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
_JOIN_SECONDS = 2.0


class Wakeups:
    """Dirty paths, collected from any thread until the daemon's loop takes them.

    `needs_rescan` is set when a folder appeared or moved: no event announced its content.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: set[str] = set()
        self._needs_rescan = False
        self.event = threading.Event()

    def add(self, path: str) -> None:
        """Add the path of a transcript that may have changed."""
        with self._lock:
            self._paths.add(path)
        self.event.set()

    def request_rescan(self) -> None:
        """Ask for a rescan of all folders."""
        with self._lock:
            self._needs_rescan = True
        self.event.set()

    def wake(self) -> None:
        """Wake the waiting thread for another reason than a transcript."""
        self.event.set()

    def take(self) -> tuple[set[str], bool]:
        """Return the dirty paths and whether a rescan is needed, and clear both."""
        with self._lock:
            paths, self._paths = self._paths, set()
            needs_rescan, self._needs_rescan = self._needs_rescan, False
            self.event.clear()
        return paths, needs_rescan


class _EventHandler(FileSystemEventHandler):
    """Runs in watchdog's thread. `deleted` are folders that were deleted, and their watches too.

    The system names a folder by its path without links; `spellings` has the path that we use.
    """

    def __init__(self, wakeups: Wakeups, spool: str | None) -> None:
        self._wakeups = wakeups
        self._spool = spool
        self.spellings: dict[str, str] = {}
        self.deleted: set[str] = set()

    def on_any_event(self, event: FileSystemEvent) -> None:
        source = self._spell(event.src_path)
        if self._spool is not None and os.path.dirname(source) == self._spool:  # noqa: PTH120 - a str path may hold bytes that Path would not print
            # A hook event was written; other changes there are the daemon's own clean-up.
            if isinstance(event, FileModifiedEvent):
                self._wakeups.wake()
            return
        if event.is_directory:
            if isinstance(event, DirDeletedEvent) and source in self.spellings.values():
                self.deleted.add(source)
            self._wakeups.request_rescan()
            return
        for name in (event.src_path, event.dest_path):
            path = self._spell(name) if name else ""
            transcripts = transcript_paths(path)
            for transcript in transcripts:
                self._wakeups.add(transcript)
            if not transcripts and (path in self.spellings.values() or _is_new_folder(event, path)):
                # A link to a folder came or went; the system reports it as a file.
                self._wakeups.request_rescan()

    def _spell(self, name: bytes | str) -> str:
        path = os.fsdecode(name)
        # Replaced as a whole by the other thread.
        spellings = self.spellings
        for real, spelling in spellings.items():
            if real != spelling and _is_within(path, real):
                return spelling + path[len(real) :]
        return path


class _Watch(NamedTuple):
    """A folder that is watched; without a watch of its own if that of another one covers it."""

    real: str
    inode: int
    watch: ObservedWatch | None


class Observer:
    """Watches the `projects` folders that exist, and the others as soon as they are created.

    The system's events do not follow links: folders that links lead to are watched by themselves,
    see `set_links`. Changes in the folder `spool` only wake the daemon. `make` builds the watchdog
    observer that delivers the system's events.
    """

    def __init__(
        self,
        roots: Iterable[str],
        wakeups: Wakeups,
        *,
        spool: str | None = None,
        make: Callable[[], BaseObserver] = WatchdogObserver,
    ) -> None:
        self._roots = tuple(roots) if spool is None else (*roots, spool)
        self._links: tuple[str, ...] = ()
        self._make = make
        self._handler = _EventHandler(wakeups, spool)
        self._watches: dict[str, _Watch] = {}
        self._observer: BaseObserver | None = None
        self._problems: dict[str, str] = {}

    @property
    def problem(self) -> str | None:
        """Return why a folder cannot be watched, None when all that exist are."""
        return next(iter(self._problems.values()), None)

    def set_links(self, links: Iterable[str]) -> None:
        """Set the folders below the roots that only a link leads to, as the last scan listed them.

        They are watched from the next `ensure` on.
        """
        self._links = tuple(link for link in links if link not in self._roots)

    def ensure(self) -> bool:
        """Watch every folder that exists; return whether one appeared or disappeared."""
        changed = False
        folders = (*self._roots, *self._links)
        for folder in [folder for folder in self._watches if folder not in folders]:
            self._unwatch(folder)
            self._problems.pop(folder, None)
        for folder in folders:
            inode = _inode(folder)
            watch = self._watches.get(folder)
            # A folder that was deleted and created again often has the same inode: only the
            # event shows it.
            is_deleted = folder in self._handler.deleted
            self._handler.deleted.discard(folder)
            if watch and (watch.inode != inode or is_deleted):
                self._unwatch(folder)
                changed = True
            if inode is None:
                self._problems.pop(folder, None)
            elif folder not in self._watches:
                changed = self._watch(folder, inode) or changed
        return changed

    @property
    def is_complete(self) -> bool:
        """Return whether every root exists and is watched."""
        return all(root in self._watches for root in self._roots)

    def rebuild(self) -> None:
        """Replace all watches, after events were missed."""
        self.stop()
        self.ensure()

    def stop(self) -> None:
        """Stop watching."""
        if self._observer is not None:
            self._observer.stop()
            if self._observer.is_alive():
                self._observer.join(_JOIN_SECONDS)
        self._observer = None
        self._watches.clear()
        self._handler.spellings = {}

    def _watch(self, folder: str, inode: int) -> bool:
        real = os.path.realpath(folder)
        watch = None
        if not any(_is_within(real, other.real) for other in self._watches.values()):
            # Before its first event.
            self._handler.spellings = {**self._handler.spellings, real: folder}
            try:
                watch = self._start_observer().schedule(
                    self._handler, real, recursive=True, event_filter=_EVENT_KINDS
                )
            except OSError as error:
                # Usually the limit on inotify watches; the rescan finds changes then.
                self._problems[folder] = f"cannot watch {folder}: {error.strerror or error}"
                return False
        self._watches[folder] = _Watch(real, inode, watch)
        self._problems.pop(folder, None)
        return True

    def _unwatch(self, folder: str) -> None:
        """End the watch of a folder, and those of the folders that it covers."""
        ended = self._watches.pop(folder)
        if ended.watch is None:
            return
        spellings = self._handler.spellings
        self._handler.spellings = {
            real: spelling for real, spelling in spellings.items() if real != ended.real
        }
        for other in [name for name, watch in self._watches.items() if watch.watch is None]:
            if _is_within(self._watches[other].real, ended.real):
                del self._watches[other]
        # The folder may be deleted, and its watch with it.
        with contextlib.suppress(KeyError, OSError):
            self._start_observer().unschedule(ended.watch)

    def _start_observer(self) -> BaseObserver:
        if self._observer is None:
            # Watchdog announces folders created in quick succession twice, with a warning that
            # quotes their paths; both are harmless.
            warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
            self._observer = self._make()
            self._observer.daemon = True
            self._observer.start()
        return self._observer


def _is_new_folder(event: FileSystemEvent, path: str) -> bool:
    """Return whether an event is about a new link to a folder."""
    is_new = isinstance(event, (FileCreatedEvent, FileMovedEvent))
    return is_new and os.path.isdir(path)  # noqa: PTH112 - as above


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _inode(root: str) -> int | None:
    try:
        return os.stat(root).st_ino  # noqa: PTH116 - a str path may hold bytes that Path would not print
    except OSError:
        return None
