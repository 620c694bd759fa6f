"""What the pages are made from: the store, the figures and the running daemon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ccsync_watch.dashboard.figures import Figures
from ccsync_watch.dashboard.page_priority import PagePriority
from ccsync_watch.dashboard.store_indexer import StoreIndexer
from ccsync_watch.dashboard.versioned import Versioned
from ccsync_watch.store import call_index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.control.messages import FlushAnswer, FlushRequest
    from ccsync_watch.dashboard.browser_access import BrowserAccess
    from ccsync_watch.dashboard.conversation import SessionOutline
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.annotation_writer import MarkChange, SessionChange
    from ccsync_watch.store.database import Database


_CACHED_OUTLINES = 4


class DaemonApi(Protocol):
    """The daemon, as the pages see it. Called from several threads."""

    def status(self, *, max_sessions: int | None = None) -> dict[str, JsonValue]:
        """Return `report.status` with at most so many sessions."""
        ...

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """Read, and send if the request says so, one session or all."""
        ...

    def known_secrets(self) -> dict[str, int]:
        """Return how many values are known to be secret, by where they come from."""
        ...

    def annotate(self, change: SessionChange | MarkChange) -> None:
        """Store what a person says of a session or a message. Raises CcsyncError."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are made from; `state_dir` holds the log. `calls` fills `call_index`.

    `settings` returns those in force. `outlines` are those of the sessions that were opened last.
    """

    database: Database
    daemon: DaemonApi
    figures: Figures
    access: BrowserAccess
    state_dir: Path
    clock: Clock
    priority: PagePriority
    calls: StoreIndexer
    settings: Callable[[], Settings]
    outlines: Versioned[SessionOutline]


def build_site(
    database: Database,
    daemon: DaemonApi,
    *,
    access: BrowserAccess,
    prices: PriceList,
    settings: Callable[[], Settings],
    clock: Clock,
) -> Site:
    """Return what the pages are made from. `settings()` is in force."""
    priority = PagePriority(clock)
    figures = Figures(
        database,
        prices,
        settings=settings,
        # The pages list sessions by themselves, a page at a time.
        status=lambda: daemon.status(max_sessions=0),
        clock=clock,
        priority=priority,
    )
    calls = StoreIndexer(
        database, call_index.catch_up, subject="index of calls", clock=clock, priority=priority
    )
    return Site(
        database,
        daemon,
        figures,
        access,
        settings().state_dir,
        clock,
        priority,
        calls,
        settings,
        Versioned(_CACHED_OUTLINES),
    )
