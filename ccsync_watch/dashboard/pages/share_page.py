"""What a shared file of a session would have, before anybody makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.pages.session_page import require_session
from ccsync_watch.dashboard.query_params import build_query, text_param
from ccsync_watch.dashboard.sharing import SharedSource, count_shared

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site


def shared_source(site: Site, request: Request) -> SharedSource:
    """Return what the file that an address asks for is made from: `all=1` is everything."""
    session = require_session(site, request.path_params["session_id"])
    return SharedSource(
        site.database,
        session,
        site.figures.session(session.session_id),
        site.figures.subagents(session.session_id),
        is_whole=text_param(request, "all") == "1",
    )


def build_context(site: Site, request: Request) -> Context:
    """Return what is in the file, what was removed from it, and its size."""
    source = shared_source(site, request)
    params = {"all": "1" if source.is_whole else ""}
    return {
        "session": source.session,
        "is_whole": source.is_whole,
        "content": count_shared(source),
        "known_calls": site.figures.known_calls,
        "query": build_query(params),
        "view_query": build_query(params, view="1"),
    }


PAGE = Page(
    name="share",
    path="/sessions/{session_id}/share",
    title="Share this session",
    template="share.html",
    build_context=build_context,
    section="sessions",
)
