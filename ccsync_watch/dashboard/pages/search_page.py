"""The search over all sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.query_params import build_query, number_param, text_param
from ccsync_watch.store import search, session_list

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site

_PAGE_HITS = 30


def build_context(site: Site, request: Request) -> Context:
    """Return the messages that match, the newest first, grouped by session."""
    words = text_param(request, "q")
    hits = search.find_messages(
        site.database, words, limit=_PAGE_HITS + 1, before_seq=number_param(request, "before")
    )
    shown = hits[:_PAGE_HITS]
    by_session: dict[str, list[search.SearchHit]] = {}
    for hit in shown:
        by_session.setdefault(hit.session_id, []).append(hit)
    sessions = {name: session_list.load_session(site.database, name) for name in by_session}
    context: Context = {
        "words": words,
        "marks": search.MARKS,
        "groups": [(sessions[name], group) for name, group in by_session.items() if sessions[name]],
        "more": build_query({"q": words}, before=shown[-1].seq) if hits[_PAGE_HITS:] else None,
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
