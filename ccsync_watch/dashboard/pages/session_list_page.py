"""The list of sessions, filtered and sorted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, cast

from ccsync_watch.accounting.account import total_cost
from ccsync_watch.clock import has_date
from ccsync_watch.dashboard.local_time import (
    day_end_ms,
    day_start_ms,
    hour_name,
    local_datetime,
    midnight_ms,
    parse_hour,
)
from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.query_params import build_query, exact_param, number_param, text_param
from ccsync_watch.dashboard.resuming import is_recent, is_running
from ccsync_watch.dashboard.typed_query import read_query
from ccsync_watch.store import (
    prompt_counts,
    session_annotations,
    session_figures,
    session_list,
    session_outline,
    session_search,
)

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.accounting.account import Cost, SessionAccount
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.store.session_figures import SessionWork
    from ccsync_watch.store.session_list import SessionRow

_PAGE_SESSIONS = 50
_PARAMS = (
    "q", "project", "branch", "model", "tag", "starred", "since", "until", "sort", "all", "host",
    "hour",
)  # fmt: skip
_STORED = frozenset({"project", "branch", "model", "host"})
_SORTS = {
    "recent": "latest activity",
    "started": "latest start",
    "oldest": "oldest",
    "cost": "cost",
    "tokens": "tokens",
    "duration": "duration",
    "messages": "messages",
    "failed": "failed calls",
}


@dataclass(frozen=True, slots=True)
class ListedSession:
    """One row of the list: a session with what it cost, what it did, and whether it is running.

    `api_errors`: so many turns ended because the API failed.
    """

    row: SessionRow
    account: SessionAccount
    work: SessionWork
    is_running: bool
    api_errors: int


@dataclass(frozen=True, slots=True)
class SessionDay:
    """The sessions of one day, or all in an order that is not by day: `start_ms` is None then.

    `is_whole`: the day has no other sessions, on the page before or after.
    """

    start_ms: int | None
    lines: list[ListedSession]
    is_whole: bool = True

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.lines)

    @property
    def cost(self) -> Cost:
        """What they cost together."""
        return total_cost([line.account.cost for line in self.lines])

    @property
    def duration_ms(self) -> int:
        """How long they lasted together."""
        return sum(line.work.duration_ms or 0 for line in self.lines)


def build_context(site: Site, request: Request) -> Context:
    """Return the sessions that match, from where the last page ended."""
    params = {
        name: (exact_param if name in _STORED else text_param)(request, name) for name in _PARAMS
    }
    sort = cast(
        "session_list.SessionSort", params["sort"] if params["sort"] in _SORTS else "recent"
    )
    value, last_id = number_param(request, "value"), text_param(request, "after")
    typed = read_query(site, params["q"])
    matching = session_search.FoundSessions([], None, 0)
    if typed.query is not None:
        has_words = not (typed.query.is_empty or typed.query.is_of_sessions)
        session_filter = _build_filter(params, has_words=has_words)
        matching = session_search.list_matching(
            site.database,
            session_filter,
            typed.query,
            among=_picked(site, params, session_filter),
            sort=sort,
            after=session_list.PageEnd(value, last_id) if value is not None and last_id else None,
            limit=_PAGE_SESSIONS,
        )
    rows, next_cursor = matching.rows, matching.end
    more = None
    if next_cursor:
        more = build_query(params, value=next_cursor.value, after=next_cursor.session_id)
    tags = session_annotations.known_tags(site.database)
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
            *([("tag", "Tag", tags)] if tags or params["tag"] else []),
        ],
        "sorts": _SORTS,
        "hour": hour_name(params["hour"]),
        "annotations": session_annotations.load_annotations(
            site.database, [row.session_id for row in rows]
        ),
        "days": _group_days(_build_lines(site, rows), sort, is_first=is_first, is_last=not more),
        "typed": typed,
        "total": matching.total,
        "most_counted": session_search.MAX_COUNTED,
        "uncounted": 0 if sort in session_list.DATED_SORTS else site.figures.uncounted_messages(),
        "more": more,
        "build_query": build_query,
        "live_after": session_list.last_change(site.database) if is_first else None,
        "is_filtered": is_filtered,
        "is_narrowed": any(text for name, text in params.items() if name != "q"),
        "is_first": is_first,
        # An empty store is explained: nothing was written yet, or it is being imported.
        "status": site.figures.status() if is_store_empty else None,
        "progress": site.figures.import_progress(),
    }


def _build_lines(site: Site, rows: list[SessionRow]) -> list[ListedSession]:
    ids = [row.session_id for row in rows]
    accounts = site.figures.sessions(ids)
    works = session_figures.load_works(site.database, ids)
    api_errors = session_figures.count_api_errors(site.database, ids)
    now_ms = site.clock.wall_ms()
    return [
        ListedSession(
            row,
            accounts[row.session_id],
            works[row.session_id],
            # What ended says so in a hook event, which only what wrote lately is asked for.
            is_recent(row.updated_ms, now_ms)
            and is_running(
                session_outline.load_details(site.database, row.session_id), row.updated_ms, now_ms
            ),
            api_errors.get(row.session_id, 0),
        )
        for row in rows
    ]


def _group_days(
    lines: list[ListedSession], sort: session_list.SessionSort, *, is_first: bool, is_last: bool
) -> list[SessionDay]:
    """Return the lines by their local days; in one group if they are not sorted by date."""
    if sort not in session_list.DATED_SORTS:
        return [SessionDay(None, lines)] if lines else []

    def day_of(line: ListedSession) -> int | None:
        at_ms = line.row.started_ms if sort == "started" else line.row.updated_ms
        if at_ms is None or not has_date(at_ms):
            return None
        return midnight_ms(local_datetime(at_ms).date())

    groups = [(day_ms, list(group)) for day_ms, group in groupby(lines, key=day_of)]
    return [
        SessionDay(
            day_ms,
            group,
            is_whole=(is_first or number > 0) and (is_last or number < len(groups) - 1),
        )
        for number, (day_ms, group) in enumerate(groups)
    ]


def _picked(
    site: Site, params: dict[str, str], session_filter: session_list.SessionFilter
) -> set[str] | None:
    """Return the sessions of an hour, of a tag, with a star, as asked for; None for all."""
    picked = _sessions_at_hour(site, params, session_filter)
    if params["tag"] or params["starred"]:
        own = session_annotations.annotated_sessions(
            site.database, tag=params["tag"], is_starred=bool(params["starred"])
        )
        picked = set(own) if picked is None else picked.intersection(own)
    return picked


def _sessions_at_hour(
    site: Site, params: dict[str, str], session_filter: session_list.SessionFilter
) -> set[str] | None:
    """Return the sessions with prompts in the hour of the week that is asked for, None for all."""
    hour = parse_hour(params["hour"])
    if hour is None:
        return None
    since_ms = session_filter.since_ms or 0
    return prompt_counts.sessions_at_hour(site.database, *hour, since_ms=since_ms)


def _build_filter(params: dict[str, str], *, has_words: bool) -> session_list.SessionFilter:
    return session_list.SessionFilter(
        project=params["project"] or None,
        branch=params["branch"] or None,
        model=params["model"] or None,
        since_ms=day_start_ms(params["since"]),
        until_ms=day_end_ms(params["until"]),
        host=params["host"] or None,
        is_conversation=not (has_words or any(params[name] for name in ("all", "tag", "starred"))),
    )


PAGE = Page(
    name="sessions",
    path="/sessions",
    title="Sessions",
    template="sessions.html",
    build_context=build_context,
    navigation=2,
)
