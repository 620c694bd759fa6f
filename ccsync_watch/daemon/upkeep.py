"""What is done for the database while there is nothing to read: its log, its check, its copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.daemon.daily_backup import DailyBackup
from ccsync_watch.daemon.later_check import LaterCheck

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock
    from ccsync_watch.store.database import Database


class Upkeep:
    """Used by the thread that reads; `turn` starts what takes long, and never waits for it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._check = LaterCheck(database)
        self._backup = DailyBackup(database, clock)

    def turn(self) -> None:
        """Do what is due; called about once a second."""
        self._database.trim_log()
        self._check.turn()
        self._backup.turn()

    def stop(self) -> None:
        """Wait a moment for a copy under way."""
        self._backup.stop()
