"""The first page: figures of a range of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.local_time import DATE_RANGES, DEFAULT_RANGE
from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.store.session_list import has_sessions

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site


def build_context(site: Site, request: Request) -> Context:
    """Return the figures of the range that the address names."""
    name = request.query_params.get("range", "")
    range_name = name if name in DATE_RANGES else DEFAULT_RANGE
    is_store_empty = not has_sessions(site.database)
    return {
        "range_name": range_name,
        "ranges": DATE_RANGES,
        "figures": None if is_store_empty else site.figures.overview(range_name),
        "known_calls": site.figures.known_calls,
        # An empty store is explained: nothing was written yet, or it is being imported.
        "status": site.figures.status() if is_store_empty else None,
        "progress": site.figures.import_progress(),
    }


PAGE = Page(
    name="overview",
    path="/",
    title="Overview",
    template="overview.html",
    build_context=build_context,
    navigation=1,
    waits_for_figures=True,
)
