"""The list of sessions, filtered and sorted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast, get_args

from ccsync_watch.dashboard.local_time import day_end_ms, day_start_ms
from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.query_params import build_query, number_param, text_param
from ccsync_watch.store import session_list
from ccsync_watch.store.search_queries import MatchingSessions

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site

_PAGE_SESSIONS = 50
_MAX_WALKED = 1000
_PARAMS = ("q", "project", "branch", "model", "since", "until", "sort", "all")
_SORTS = {"recent": "latest activity", "started": "latest start", "oldest": "oldest"}


def build_context(site: Site, request: Request) -> Context:
    """Return the sessions that match, from where the last page ended."""
    params = {name: text_param(request, name) for name in _PARAMS}
    sort = params["sort"] if params["sort"] in get_args(session_list.SessionSort) else "recent"
    value, last_id = number_param(request, "value"), text_param(request, "after")
    rows, next_cursor = _list_matching(
        site,
        params,
        cast("session_list.SessionSort", sort),
        session_list.PageEnd(value, last_id) if value is not None and last_id else None,
    )
    more = None
    if next_cursor:
        more = build_query(params, value=next_cursor.value, after=next_cursor.session_id)
    choices = session_list.filter_options(site.database)
    is_filtered = any(text for name, text in params.items() if name != "sort")
    is_first = value is None
    is_store_empty = not rows and not session_list.has_sessions(site.database)
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
        "progress": site.figures.import_progress(),
    }


def _list_matching(
    site: Site,
    params: dict[str, str],
    sort: session_list.SessionSort,
    after: session_list.PageEnd | None,
) -> tuple[list[session_list.SessionRow], session_list.PageEnd | None]:
    """Return a page of the sessions that match, and where the next one begins.

    Where nearly every session has the words, each is asked as it is reached: a page may then have
    fewer than others, and a next one all the same.
    """
    session_filter = _build_filter(params)
    list_page = partial(session_list.list_sessions, site.database, session_filter, sort=sort)
    if not params["q"]:
        return list_page(after=after, limit=_PAGE_SESSIONS)
    matching = MatchingSessions(site.database, params["q"])
    ids = matching.all_ids()
    if ids is not None:
        return list_page(after=after, limit=_PAGE_SESSIONS, among=ids)
    shown: list[session_list.SessionRow] = []
    for _number in range(_MAX_WALKED // _PAGE_SESSIONS):
        rows, after = list_page(after=after, limit=_PAGE_SESSIONS)
        for row in rows:
            if row.session_id in matching:
                shown.append(row)
                if len(shown) == _PAGE_SESSIONS and row is not rows[-1]:
                    at_ms = row.started_ms if sort == "started" else row.updated_ms
                    return shown, session_list.PageEnd(at_ms or 0, row.session_id)
        if after is None or len(shown) >= _PAGE_SESSIONS:
            break
    return shown, after


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
