"""Check a large database while it is in use: when it is opened, that would take too long.

SQLite checks about 200 MB in a second, and a start would answer nothing meanwhile. What is damaged
is opened again, and then checked at once.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

from ccsync_watch.store.full_check import check_pages, is_large

if TYPE_CHECKING:
    from ccsync_watch.store.database import Database


class LaterCheck:
    """Used by the thread that reads; `turn` starts the check once, and never waits for it.

    The close of the database interrupts it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread: threading.Thread | None = None

    def turn(self) -> None:
        """Start the check if it was not started; never raise."""
        if self._thread is None:
            # Also what reads the size is done there: an error of it must not end the daemon.
            self._thread = threading.Thread(target=self._check, name="check", daemon=True)
            self._thread.start()

    def _check(self) -> None:
        try:
            read = self._database.read()
            if is_large(read):
                check_pages(read, lambda: self._database.is_closed)
        except sqlite3.Error as error:
            if not self._database.is_closed:
                self._database.note_failure(error)
