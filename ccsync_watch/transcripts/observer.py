"""Turn file-system events into wakeups: a set of dirty paths. Reads nothing, decides nothing.

A lost event costs latency, never data: the sweep finds what events did not announce, and takes
over where they do not work (network drives, a full inotify table).
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

from ccsync_watch.transcripts.discovery import transcript_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watchdog.observers.api import BaseObserver, ObservedWatch

# Our own reads would come back as events if all kinds were asked for.
_KINDS: list[type[FileSystemEvent]] = [
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
    """Dirty paths, gathered from any thread until someone takes them.

    `everything` says that a folder appeared or moved: what lies in it was not announced.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: set[str] = set()
        self._everything = False
        self.event = threading.Event()

    def add(self, path: str) -> None:
        """Note a path whose transcript may have changed."""
        with self._lock:
            self._paths.add(path)
        self.event.set()

    def add_everything(self) -> None:
        """Ask for a sweep."""
        with self._lock:
            self._everything = True
        self.event.set()

    def ring(self) -> None:
        """Wake whoever waits, for something that is no transcript."""
        self.event.set()

    def take(self) -> tuple[set[str], bool]:
        """Return the dirty paths and whether to sweep, and forget both."""
        with self._lock:
            taken, self._paths = self._paths, set()
            everything, self._everything = self._everything, False
            self.event.clear()
        return taken, everything


class _Handler(FileSystemEventHandler):
    """Runs in watchdog's thread. `deleted` are roots that went, and their watches with them."""

    def __init__(self, roots: tuple[str, ...], wakeups: Wakeups, spool: str | None) -> None:
        self._roots = roots
        self._wakeups = wakeups
        self._spool = spool
        self.deleted: set[str] = set()

    def on_any_event(self, event: FileSystemEvent) -> None:
        folder = os.fsdecode(event.src_path)
        if self._spool is not None and os.path.dirname(folder) == self._spool:  # noqa: PTH120 - a str path may hold bytes that Path would not print
            # A signal was written; all else that happens there is our own tidying.
            if isinstance(event, FileModifiedEvent):
                self._wakeups.ring()
            return
        if event.is_directory:
            if isinstance(event, DirDeletedEvent) and folder in self._roots:
                self.deleted.add(folder)
            self._wakeups.add_everything()
            return
        for name in (event.src_path, event.dest_path):
            path = transcript_of(os.fsdecode(name)) if name else None
            if path:
                self._wakeups.add(path)


class Observer:
    """Watches the `projects` folders that exist, and takes up the others when they appear.

    What comes into the folder `spool` merely wakes. `make` builds what delivers the system's
    events.
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
        self._handler = _Handler(self._roots, wakeups, spool)
        self._watches: dict[str, tuple[ObservedWatch, int]] = {}
        self._observer: BaseObserver | None = None
        self._problems: dict[str, str] = {}

    @property
    def problem(self) -> str | None:
        """Return why a root cannot be watched, None when all that exist are."""
        return next(iter(self._problems.values()), None)

    def ensure(self) -> bool:
        """Watch every root that exists; return whether a root came or went."""
        changed = False
        for root in self._roots:
            inode = _inode(root)
            watch = self._watches.get(root)
            # A folder made anew often has the inode of the one deleted: the event tells.
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
        """Tell whether every root exists and is watched."""
        return len(self._watches) == len(self._roots)

    def rebuild(self) -> None:
        """Start afresh: events were missed."""
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
            watch = self._running().schedule(
                self._handler, root, recursive=True, event_filter=_KINDS
            )
        except OSError as error:
            # Commonly the limit on inotify watches; the sweep is the watcher then.
            self._problems[root] = f"cannot watch {root}: {error.strerror or error}"
            return False
        self._watches[root] = (watch, inode)
        self._problems.pop(root, None)
        return True

    def _unwatch(self, root: str) -> None:
        watch, _inode_then = self._watches.pop(root)
        # The folder may have gone away, and its watch with it.
        with contextlib.suppress(KeyError, OSError):
            self._running().unschedule(watch)

    def _running(self) -> BaseObserver:
        if self._observer is None:
            # Folders made in quick succession are announced twice; harmless, and it quotes paths.
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
