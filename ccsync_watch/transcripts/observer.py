"""Turn file-system events into wakeups: a set of dirty paths. Reads and decides nothing.

A lost event costs latency, never data: the rescan finds what events did not announce, and
replaces them where they do not work (network drives, a full inotify table).
"""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from typing import TYPE_CHECKING

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

from ccsync_watch.transcripts.discovery import transcript_path

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
    """Runs in watchdog's thread. `deleted` are roots that were deleted, and their watches too."""

    def __init__(self, roots: tuple[str, ...], wakeups: Wakeups, spool: str | None) -> None:
        self._roots = roots
        self._wakeups = wakeups
        self._spool = spool
        self.deleted: set[str] = set()

    def on_any_event(self, event: FileSystemEvent) -> None:
        source = os.fsdecode(event.src_path)
        if self._spool is not None and os.path.dirname(source) == self._spool:  # noqa: PTH120 - a str path may hold bytes that Path would not print
            # A hook event was written; other changes there are the daemon's own clean-up.
            if isinstance(event, FileModifiedEvent):
                self._wakeups.wake()
            return
        if event.is_directory:
            if isinstance(event, DirDeletedEvent) and source in self._roots:
                self.deleted.add(source)
            self._wakeups.request_rescan()
            return
        for name in (event.src_path, event.dest_path):
            path = transcript_path(os.fsdecode(name)) if name else None
            if path:
                self._wakeups.add(path)


class Observer:
    """Watches the `projects` folders that exist, and the others as soon as they are created.

    Changes in the folder `spool` only wake the daemon. `make` builds the watchdog observer that
    delivers the system's events.
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
        self._make = make
        self._handler = _EventHandler(self._roots, wakeups, spool)
        self._watches: dict[str, tuple[ObservedWatch, int]] = {}
        self._observer: BaseObserver | None = None
        self._problems: dict[str, str] = {}

    @property
    def problem(self) -> str | None:
        """Return why a root cannot be watched, None when all that exist are."""
        return next(iter(self._problems.values()), None)

    def ensure(self) -> bool:
        """Watch every root that exists; return whether one appeared or disappeared."""
        changed = False
        for root in self._roots:
            inode = _inode(root)
            watch = self._watches.get(root)
            # A folder that was deleted and created again often has the same inode: only the
            # event shows it.
            is_deleted = root in self._handler.deleted
            self._handler.deleted.discard(root)
            if watch and (watch[1] != inode or is_deleted):
                self._unwatch(root)
                changed = True
            if inode is None:
                self._problems.pop(root, None)
            elif root not in self._watches:
                changed = self._watch(root, inode) or changed
        return changed

    @property
    def is_complete(self) -> bool:
        """Return whether every root exists and is watched."""
        return len(self._watches) == len(self._roots)

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

    def _watch(self, root: str, inode: int) -> bool:
        try:
            watch = self._start_observer().schedule(
                self._handler, root, recursive=True, event_filter=_EVENT_KINDS
            )
        except OSError as error:
            # Usually the limit on inotify watches; the rescan finds changes then.
            self._problems[root] = f"cannot watch {root}: {error.strerror or error}"
            return False
        self._watches[root] = (watch, inode)
        self._problems.pop(root, None)
        return True

    def _unwatch(self, root: str) -> None:
        watch, _inode_then = self._watches.pop(root)
        # The folder may be deleted, and its watch with it.
        with contextlib.suppress(KeyError, OSError):
            self._start_observer().unschedule(watch)

    def _start_observer(self) -> BaseObserver:
        if self._observer is None:
            # Watchdog announces folders created in quick succession twice, with a warning that
            # quotes their paths; both are harmless.
            warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
            self._observer = self._make()
            self._observer.daemon = True
            self._observer.start()
        return self._observer


def _inode(root: str) -> int | None:
    try:
        return os.stat(root).st_ino  # noqa: PTH116 - a str path may hold bytes that Path would not print
    except OSError:
        return None
