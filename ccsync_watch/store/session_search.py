"""The list of sessions limited by a search: a page of those that match, and how many there are."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.store.search_operators import ANY_SESSION
from ccsync_watch.store.search_queries import MatchingSessions
from ccsync_watch.store.session_list import (
    DATED_SORTS,
    PageEnd,
    SessionFilter,
    SessionRow,
    SessionSort,
    count_matching,
    list_sessions,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from ccsync_watch.store.database import Database
    from ccsync_watch.store.search_compiler import CompiledQuery

_MAX_WALKED = 1000
MAX_COUNTED = 10_000
"""More sessions are not counted."""


class FoundSessions(NamedTuple):
    """A page of sessions, where the next one begins, and how many match.

    `total` is None where only walking through all of them could tell.
    """

    rows: list[SessionRow]
    end: PageEnd | None
    total: int | None


def list_matching(
    database: Database,
    session_filter: SessionFilter,
    query: CompiledQuery,
    *,
    sort: SessionSort = "recent",
    after: PageEnd | None = None,
    limit: int = 50,
    among: Collection[str] | None = None,
) -> FoundSessions:
    """Return the sessions of a filter that match a query too, an empty one all of them.

    `among` limits them to these sessions.

    Where nearly every session has the words, each is asked as it is reached: a page may then have
    fewer than others, and a next one all the same.
    """
    if query.of_session != ANY_SESSION:
        session_filter = replace(session_filter, condition=query.of_session)
    list_page = partial(list_sessions, database, session_filter, sort=sort)
    if query.is_of_sessions or query.is_empty:
        rows, end = list_page(after=after, limit=limit, among=among)
        total = count_matching(database, session_filter, MAX_COUNTED, among=among)
        return FoundSessions(rows, end, total)
    matching = MatchingSessions(database, query)
    ids = matching.all_ids()
    if ids is not None:
        ids = ids if among is None else sorted(set(ids).intersection(among))
        rows, end = list_page(after=after, limit=limit, among=ids)
        total = count_matching(database, session_filter, MAX_COUNTED, among=ids)
        return FoundSessions(rows, end, total)
    shown: list[SessionRow] = []
    end = after
    for _number in range(_MAX_WALKED // limit + 1):
        rows, end = list_page(after=end, limit=limit, among=among)
        for row in rows:
            if row.session_id in matching:
                shown.append(row)
                # Of another order the value is not known here: then the page has some more.
                is_full = len(shown) == limit and sort in DATED_SORTS
                if is_full and row is not rows[-1]:
                    at_ms = row.started_ms if sort == "started" else row.updated_ms
                    return FoundSessions(shown, PageEnd(at_ms or 0, row.session_id), None)
        if end is None or len(shown) >= limit:
            break
    are_all = end is None and after is None
    return FoundSessions(shown, end, len(shown) if are_all else None)
