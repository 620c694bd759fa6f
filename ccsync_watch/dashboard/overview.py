"""What the first page is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.dashboard.snapshots import RANGES

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.app import Site


def given(site: Site, request: Request) -> dict[str, Any]:
    """Return the page of the range that the address asks for."""
    asked = request.query_params.get("range", "")
    chosen = asked if asked in RANGES else "7"
    return {"range": chosen, "figures": site.figures.overview(chosen)}
