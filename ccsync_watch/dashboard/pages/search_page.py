"""The search over all sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.query_params import build_query, number_param, text_param
from ccsync_watch.store import search, search_queries, session_list

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site

_PAGE_HITS = 30
_AFTER_ALL = 10**16


def build_context(site: Site, request: Request) -> Context:
    """Return the messages that match, by session, the session of the last activity first."""
    words = text_param(request, "q")
    at_ms, seq = number_param(request, "at"), number_param(request, "seq")
    last_id = text_param(request, "after")
    after = None
    if at_ms is not None and seq is not None:
        after = search_queries.SearchEnd(at_ms, last_id, seq)
    shown, end = search_queries.find_messages(
        site.database,
        words,
        limit=_PAGE_HITS,
        after=after,
    )
    by_session: dict[str, list[search_queries.SearchHit]] = {}
    for hit in shown:
        by_session.setdefault(hit.session_id, []).append(hit)
    sessions = {name: session_list.load_session(site.database, name) for name in by_session}
    context: Context = {
        "words": words,
        "marks": search_queries.MARKS,
        "groups": [(sessions[name], group) for name, group in by_session.items() if sessions[name]],
        "more": end
        and build_query(
            {"q": words}, at=end.updated_ms, after=end.session_id, seq=min(end.seq, _AFTER_ALL)
        ),
        "not_indexed": search.count_unindexed(site.database),
    }
    return {**context, "title": words} if words else context


PAGE = Page(
    name="search",
    path="/search",
    title="Search",
    template="search.html",
    build_context=build_context,
    section="sessions",
)
