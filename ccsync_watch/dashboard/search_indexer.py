"""Bring the search index, and what else is counted, up to date in a thread, as pages are opened."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ccsync_watch.store import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.clock import Clock
    from ccsync_watch.dashboard.page_priority import PagePriority
    from ccsync_watch.store.database import Database

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.01


class SearchIndexer:
    """Indexes what was stored since the last time, a few hundred messages a transaction.

    Before, it calls `count` until that returns 0.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        priority: PagePriority,
        count: Callable[[], int] = lambda: 0,
    ) -> None:
        self._database = database
        self._count = count
        self._clock = clock
        self._priority = priority
        self._threads = ThreadPoolExecutor(1, "search")
        self._never = threading.Event()
        self._is_running = False
        self._failure = ""

    def wake(self) -> None:
        """Start indexing, unless it is running already."""
        if not self._is_running:
            self._is_running = True
            self._threads.submit(self._run)

    def _run(self) -> None:
        try:
            # A list of sessions is opened more often than a search.
            while self._count() or search.catch_up(self._database, self._clock):
                # The pump gets its turn to write.
                self._clock.wait(self._never, _PAUSE_SECONDS)
                self._priority.yield_to_pages()
        except Exception as error:
            if self._database.is_closed:
                return  # it is opened again, and indexed then, or the dashboard ends
            # Nobody asks for the result of the thread; the next page that is opened tries again.
            self._database.note_failure(error)
            if str(error) != self._failure:
                log.exception(
                    "the search index or the figures of sessions cannot be brought up to date"
                )
            self._failure = str(error)
        else:
            self._failure = ""
            # What is written next is not what was written last.
            self._database.release_memory()
        finally:
            self._is_running = False
