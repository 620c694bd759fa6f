"""The search over all sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.query_params import build_query, number_param, text_param
from ccsync_watch.dashboard.speakers import SPEAKERS
from ccsync_watch.dashboard.typed_query import read_query
from ccsync_watch.store import search, search_hits, search_queries, session_list
from ccsync_watch.store.search_operators import OPERATORS

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site

_PAGE_SESSIONS = 20
_ORDERS = {"newest": "Newest", "best": "Best match"}


def build_context(site: Site, request: Request) -> Context:
    """Return the messages that match, by session, in the order that was asked for."""
    words = text_param(request, "q")
    order: search_queries.SearchOrder = (
        "best" if text_param(request, "sort") == "best" else "newest"
    )
    value, last_id = number_param(request, "value"), text_param(request, "after")
    after = search_queries.SearchEnd(value, last_id) if value is not None and last_id else None
    typed = read_query(site, words)
    matches = None
    if typed.query is not None and not typed.query.is_empty:
        matches = search_queries.find_messages(
            site.database, typed.query, limit=_PAGE_SESSIONS, after=after, order=order
        )
    groups = [
        (session_list.load_session(site.database, group.session_id), group)
        for group in (matches.groups if matches else ())
    ]
    params = {"q": words, "sort": order if order == "best" else None}
    end = matches.end if matches else None
    context: Context = {
        "words": words,
        "typed": typed,
        "matches": matches,
        "order": order,
        "orders": _ORDERS,
        "marks": search_hits.MARKS,
        "speakers": {kind: speaker.name for kind, speaker in SPEAKERS.items()},
        "groups": [(session, group) for session, group in groups if session],
        "operators": OPERATORS,
        "is_first": after is None,
        "build_query": build_query,
        "more": end and build_query(params, value=end.value, after=end.session_id),
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
