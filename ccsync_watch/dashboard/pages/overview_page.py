"""The first page: figures of a range of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.local_time import (
    DATE_RANGES,
    DEFAULT_RANGE,
    local_datetime,
    local_minute,
)
from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.plan_windows import load_windows
from ccsync_watch.dashboard.query_params import build_query
from ccsync_watch.store.search_nodes import quoted
from ccsync_watch.store.session_list import SessionFilter, has_sessions, list_sessions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from starlette.requests import Request

    from ccsync_watch.accounting.hour_blocks import HourBlock
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.dashboard.snapshots import Snapshot


_LATEST = 5
_SPOKEN = SessionFilter(is_conversation=True)
_SPLITS = {"total": "Total", "model": "By model", "project": "By project"}
"""How the costs of a day are divided, by the name in the address."""


class _Links:
    """The addresses of the sessions that figures are about, in the range that they are of."""

    def __init__(self, figures: Snapshot) -> None:
        start_ms = figures.since_ms
        self._since = None if start_ms is None else local_datetime(start_ms).date().isoformat()
        self.days = [self._day(span.first, span.last) for span in figures.bars.spans]

    def sessions(self, **params: object) -> str:
        """Return the address of the sessions of the range that match some parameters."""
        return "/sessions" + build_query({"since": self._since, **params})

    def model(self, names: Sequence[str]) -> str:
        """Return the address of the sessions with a model, which may be written in several ways."""
        if len(names) == 1:
            return self.sessions(model=names[0])
        return self.sessions(q=" OR ".join(f"model:{quoted(name)}" for name in names))

    def tool(self, name: str) -> str:
        """Return the address of the sessions in which a tool was called."""
        return self.sessions(q=f"tool:{quoted(name)}")

    def day(self, day: date) -> str:
        """Return the address of the sessions of a day."""
        return self._day(day, day)

    def hour(self, weekday: int, hour: int) -> str:
        """Return the address of the sessions with prompts in an hour of the week."""
        return self.sessions(hour=f"{weekday}-{hour}")

    def block(self, block: HourBlock) -> str:
        """Return the address of the sessions of a block of hours."""
        since, until = local_minute(block.start_ms), local_minute(block.end_ms)
        return "/sessions" + build_query({"since": since, "until": until})

    def _day(self, first: date, last: date) -> str:
        return "/sessions" + build_query({"since": first, "until": last})


def build_context(site: Site, request: Request) -> Context:
    """Return the figures of the range that the address names."""
    name = request.query_params.get("range", "")
    range_name = name if name in DATE_RANGES else DEFAULT_RANGE
    by = request.query_params.get("by", "")
    is_store_empty = not has_sessions(site.database)
    progress = site.figures.import_progress()
    is_first_run = progress is not None and "partial" not in request.query_params
    is_counted = not is_store_empty and not is_first_run
    figures = site.figures.overview(range_name) if is_counted else None
    return {
        "range_name": range_name,
        "ranges": DATE_RANGES,
        "figures": figures,
        "by": by if by in _SPLITS else "total",
        "splits": _SPLITS,
        "build_query": build_query,
        "links": _Links(figures) if figures else None,
        "budgets": [] if is_store_empty else site.figures.budgets(),
        "plan_windows": load_windows(site.state_dir, site.clock.wall_ms()),
        "known_calls": site.figures.known_calls,
        # An empty store is explained: nothing was written yet, or it is being imported.
        "is_store_empty": is_store_empty,
        "is_first_run": is_first_run,
        "status": None if is_counted else site.figures.status(),
        "progress": progress,
        "latest": list_sessions(site.database, _SPOKEN, limit=_LATEST)[0] if is_first_run else [],
    }


PAGE = Page(
    name="overview",
    path="/",
    title="Overview",
    template="overview.html",
    build_context=build_context,
    navigation=1,
)
