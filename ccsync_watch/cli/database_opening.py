"""Open the database for a command that changes it, or shows what it would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.redaction_progress import show_migration
from ccsync_watch.store.damage import CheckLevel
from ccsync_watch.store.database import open_database, open_for_reading

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.clock import Clock
    from ccsync_watch.store.database import Database


def open_beside_daemon(folder: Path, clock: Clock, *, is_dry: bool) -> Database | None:
    """Open it next to a daemon that may run; None while there is none, for a dry run.

    A dry run only reads: opened for writing, a database of an earlier version would be converted
    for good. Raises StateError.
    """
    if is_dry:
        return open_for_reading(folder)
    # Safe: each step is a commit of its own, by the same rules as the daemon's.
    with show_migration() as on_migration:
        return open_database(
            folder,
            now_ms=clock.wall_ms(),
            on_progress=on_migration,
            level=CheckLevel.SHARED,
        )
