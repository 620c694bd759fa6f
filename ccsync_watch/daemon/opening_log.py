"""What the log says of how the database was opened."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.store.database import Database

log = logging.getLogger(__name__)


def log_migration() -> Callable[[int, int], None]:
    """Return what logs how far a migration is, a tenth at a time; short ones are not worth it."""
    logged = 0

    def on_progress(done: int, total: int) -> None:
        nonlocal logged
        tenths = 10 * done // total if total else 0
        if logged < tenths < 10:  # noqa: PLR2004 - all of it
            logged = tenths
            log.info("updating the database: %d %%", 10 * tenths)

    return on_progress


def log_opening(database: Database) -> None:
    """Log what was damaged, and what is in its place."""
    if database.removed:
        log.warning(
            "the disk was full: damaged databases that were kept are removed (%s)",
            ", ".join(database.removed),
        )
    if database.set_aside is not None:
        log.error(
            "the database was damaged: it is kept as %s, and rebuilt from the transcripts",
            database.set_aside.name,
        )
    restoration = database.restoration
    if restoration.unused is not None:
        copy, reason = restoration.unused
        log.error(
            "the copy of the database could not be used (%s): it is kept as %s; the next starts"
            " try it again",
            reason,
            copy.name,
        )
    if restoration.replaced is not None:
        log.warning(
            "the copy of the database that could not be used is used now; what was in its place is"
            " kept as %s",
            restoration.replaced.name,
        )
    elif restoration.written_ms is not None:
        log.error("the database is restored from its copy; what came since is read again")
