"""Write the copy of the database once a day, in a thread of its own, where it is needed."""

from __future__ import annotations

import logging
import sqlite3
import threading
from typing import TYPE_CHECKING

from ccsync_watch.store import backups

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock
    from ccsync_watch.store.database import Database

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0
# The first one not while everything else begins, and none often where copies are removed again.
_FIRST_SECONDS = 600.0
_LEAST_SECONDS = 3_600.0
_JOIN_SECONDS = 1.0


class DailyBackup:
    """Used by the thread that reads; `turn` starts a copy, and never waits for it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._next_at = clock.monotonic() + _FIRST_SECONDS
        self._thread: threading.Thread | None = None
        # Why the last try kept no copy: it is said once, and again after one that succeeded.
        self._failure: str | None = None

    def turn(self) -> None:
        """Start a copy if it is needed and the last one is a day old; never raise."""
        now = self._clock.monotonic()
        if now < self._next_at or (self._thread is not None and self._thread.is_alive()):
            return
        self._next_at = now + _LEAST_SECONDS
        age_ms = backups.age_ms(self._database.path, self._clock.wall_ms())
        if age_ms is not None and age_ms < DAY_SECONDS * 1000:
            return
        # Also what reads the database is done there: an error of it must not end the daemon.
        self._thread = threading.Thread(target=self._write, name="backup", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait a moment for a copy under way; one that takes longer is interrupted by the close."""
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)

    def _write(self) -> None:
        failure: str | None = None
        try:
            read = self._database.read()
            if not backups.is_needed(read):
                return
            if not backups.write_backup(read):
                failure = "no copy of the database is kept: its disk has no room for one"
        except (OSError, sqlite3.Error) as error:
            self._database.note_failure(error)
            failure = f"the database could not be copied: {error}"
        if failure is not None and failure != self._failure:
            log.warning("%s", failure)
        if failure is None and self._failure is not None:
            log.info("the database is copied again")
        self._failure = failure
