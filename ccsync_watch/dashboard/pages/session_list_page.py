"""The list of sessions, filtered and sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from ccsync_watch.dashboard.local_time import day_end_ms, day_start_ms
from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.query_params import build_query, number_param, text_param
from ccsync_watch.store import search, session_list

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site

_PAGE_SESSIONS = 50
_MAX_MATCHING_MESSAGES = 2000
_PARAMS = ("q", "project", "branch", "model", "since", "until", "sort", "all")
_SORTS = {"recent": "latest activity", "started": "latest start", "oldest": "oldest"}


def build_context(site: Site, request: Request) -> Context:
    """Return the sessions that match, from where the last page ended."""
    params = {name: text_param(request, name) for name in _PARAMS}
    sort = params["sort"] if params["sort"] in get_args(session_list.SessionSort) else "recent"
    value, last_id = number_param(request, "value"), text_param(request, "after")
    matching = None
    if params["q"]:
        matching = search.find_session_ids(site.database, params["q"], limit=_MAX_MATCHING_MESSAGES)
    rows, next_cursor = session_list.list_sessions(
        site.database,
        _build_filter(params),
        sort=cast("session_list.SessionSort", sort),
        after=session_list.PageEnd(value, last_id) if value is not None and last_id else None,
        limit=_PAGE_SESSIONS,
        among=matching,
    )
    more = None
    if next_cursor:
        more = build_query(params, value=next_cursor.value, after=next_cursor.session_id)
    choices = session_list.filter_options(site.database)
    is_filtered = any(text for name, text in params.items() if name != "sort")
    is_first = value is None
    is_store_empty = is_first and not rows and not is_filtered
    return {
        "params": params,
        "choices": [
            ("project", "Project", choices.projects),
            ("branch", "Branch", choices.branches),
            ("model", "Model", choices.models),
        ],
        "sorts": _SORTS,
        "rows": rows,
        "accounts": site.figures.sessions([row.session_id for row in rows]),
        "more": more,
        "is_filtered": is_filtered,
        "is_first": is_first,
        # An empty store is explained: nothing was written yet, or it is being imported.
        "status": site.figures.status() if is_store_empty else None,
    }


def _build_filter(params: dict[str, str]) -> session_list.SessionFilter:
    return session_list.SessionFilter(
        project=params["project"] or None,
        branch=params["branch"] or None,
        model=params["model"] or None,
        since_ms=day_start_ms(params["since"]),
        until_ms=day_end_ms(params["until"]),
        is_conversation=not (params["all"] or params["q"]),
    )


PAGE = Page(
    name="sessions",
    path="/sessions",
    title="Sessions",
    template="sessions.html",
    build_context=build_context,
    navigation=2,
)
