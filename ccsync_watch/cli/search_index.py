"""Bring index and figures up to date for a command; the daemon does so for its pages."""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

from ccsync_watch.cli.console import warn
from ccsync_watch.clock import SystemClock
from ccsync_watch.dashboard import session_counter
from ccsync_watch.errors import StateError
from ccsync_watch.store import search
from ccsync_watch.store.database import Database
from ccsync_watch.units import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.accounting.prices import PriceList

_MIN_SHOWN = 2000
"""Fewer messages take less than a second."""


def index_messages(database: Database) -> None:
    """Index what is not yet, with a bar on a terminal; warn where that cannot be written.

    `database` is open for reading, so it is of this version; a daemon may run meanwhile.
    """
    waiting = search.count_unindexed(database)
    if not waiting:
        return
    try:
        writer = Database(database.path)
        try:
            _index(writer, waiting)
        finally:
            writer.close()
    except (sqlite3.Error, StateError, OSError):
        warn(f"{plural(waiting, 'message')} cannot be indexed now, and are not found")


def count_sessions(database: Database, prices: PriceList) -> None:
    """Count what sessions are sorted by, where the dashboard has not; warn where it cannot."""
    if not session_counter.count_uncounted(database, prices):
        return
    try:
        writer = Database(database.path)
        try:
            while session_counter.count_sessions(writer, prices):
                pass
        finally:
            writer.close()
    except (sqlite3.Error, StateError, OSError):
        warn("new sessions cannot be counted now, and are not in this order")


def _index(writer: Database, waiting: int) -> None:
    clock = SystemClock()
    if waiting < _MIN_SHOWN or not sys.stderr.isatty():
        _catch_up(writer, clock, lambda _count: None)
        return
    # Loaded here: it is slow to import, and only a long time needs it.
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.progress import Progress  # noqa: PLC0415 - see above

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("Indexing", total=waiting)
        _catch_up(writer, clock, lambda count: bars.advance(task, count))


def _catch_up(writer: Database, clock: SystemClock, advance: Callable[[int], object]) -> None:
    while count := search.catch_up(writer, clock):
        advance(count)
        if not search.count_unindexed(writer):
            return  # what is left is cleaning up, which can wait
