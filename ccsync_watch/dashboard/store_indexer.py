"""Bring an index of the store up to date in a thread, while pages are opened."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.clock import Clock
    from ccsync_watch.dashboard.page_priority import PagePriority
    from ccsync_watch.store.database import Database

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.01


class StoreIndexer:
    """Indexes what was stored since the last time, a few hundred messages a transaction.

    `catch_up` indexes the next ones and returns how many, 0 when there are none; `subject` names
    the index in the log.
    """

    def __init__(
        self,
        database: Database,
        catch_up: Callable[[Database, Clock], int],
        *,
        subject: str,
        clock: Clock,
        priority: PagePriority,
    ) -> None:
        self._database = database
        self._catch_up = catch_up
        self._subject = subject
        self._clock = clock
        self._priority = priority
        self._threads = ThreadPoolExecutor(1, "indexer")
        self._never = threading.Event()
        self._is_running = False
        self._work: Future[None] | None = None
        self._failure = ""

    def wake(self) -> None:
        """Start indexing, unless it is running already."""
        if not self._is_running:
            self._is_running = True
            self._work = self._threads.submit(self._run)

    def wait(self, seconds: float) -> None:
        """Wake, and wait until all is indexed, but not longer than that."""
        self.wake()
        if self._work is not None:
            with self._priority.waiting():
                wait([self._work], seconds)

    def _run(self) -> None:
        try:
            while self._catch_up(self._database, self._clock):
                # The pump gets its turn to write.
                self._clock.wait(self._never, _PAUSE_SECONDS)
                self._priority.yield_to_pages()
        except Exception as error:
            if self._database.is_closed:
                return  # it is opened again, and indexed then, or the dashboard ends
            # Nobody asks for the result of the thread; the next page that is opened tries again.
            self._database.note_failure(error)
            if str(error) != self._failure:
                log.exception("the %s cannot be brought up to date", self._subject)
            self._failure = str(error)
        else:
            self._failure = ""
            # What is written next is not what was written last.
            self._database.release_memory()
        finally:
            self._is_running = False
