"""Doubles of files, redactor and store that fail at a step, and the counting of steps."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ccsync_watch.errors import StateError
from ccsync_watch.pipeline.files import RealFiles
from ccsync_watch.store.database import Database
from support.pumping import PassingRedactor

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from ccsync_watch.model import JsonValue
    from ccsync_watch.transcripts.discovery import Transcript, TranscriptScan
    from ccsync_watch.transcripts.transcript_file import OpenFile

MOST_STEPS = 2000


class Counter:
    """Does something at step `at`, once."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self._left = at
        self._act = act
        self._is_armed = True

    def step(self) -> None:
        """Count a step, and act if it is the one."""
        self._left -= self._is_armed
        if self._left == 0 and self._is_armed:
            self._is_armed = False
            self._act()

    def disarm(self) -> bool:
        """Count no further; return whether the step was reached."""
        self._is_armed = False
        return self._left == 0


@dataclass
class FailingFiles(RealFiles):
    """The real file system, on which each operation is a step."""

    counter: Counter

    def __post_init__(self) -> None:
        """Confine it nowhere."""
        super().__init__()

    @contextmanager
    def open_file(self, path: str) -> Iterator[OpenFile]:
        """Open a transcript."""
        self.counter.step()
        with super().open_file(path) as file:

            def read_at(offset: int, count: int) -> bytes:
                self.counter.step()
                return file.read_at(offset, count)

            yield replace(file, read_at=read_at)

    def stat(self, path: str) -> Transcript | None:
        """Return one transcript as it is now."""
        self.counter.step()
        return super().stat(path)

    def scan(self, roots: Iterable[str]) -> TranscriptScan:
        """Return every transcript; a scan that fails has found nothing, and says so."""
        roots = tuple(roots)
        try:
            self.counter.step()
        except OSError as error:
            scan = super().scan(())
            scan.unread = {root: str(error.strerror) for root in roots}
            return scan
        return super().scan(roots)


class FailingRedactor(PassingRedactor):
    """Each use is a step."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self.counter = counter

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return the value as it is."""
        self.counter.step()
        return super().redact_value(obj)


class FailingDatabase(Database):
    """A transaction's begin and end are steps; with `every`, so are that many SQLite operations."""

    def __init__(self, path: Path, counter: Counter, *, every: int = 0) -> None:
        super().__init__(path)
        self.counter = counter
        if every and self._writer is not None:
            self._writer.set_progress_handler(self._progress, every)

    def _progress(self) -> int:
        try:
            self.counter.step()
        except StateError:
            return 1
        return 0

    @contextmanager
    def write(self, *, waits_for_disk: bool = True) -> Iterator[sqlite3.Connection]:
        """Give the writing connection; the step after it fails with the commit done."""
        self.counter.step()
        with super().write(waits_for_disk=waits_for_disk) as connection:
            yield connection
            self.counter.step()
        self.counter.step()


def refuse_disk() -> None:
    """Fail as a broken disk does."""
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def refuse_store() -> None:
    """Fail as a full disk does."""
    raise StateError("cannot write", hint="free some space")


def refuse_redaction() -> None:
    """Fail as a defect does."""
    raise RuntimeError


def runs() -> Iterator[int]:
    """Count up; whoever takes from it ends it."""
    return iter(range(1, MOST_STEPS))
