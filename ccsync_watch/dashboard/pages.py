"""What the pages of sessions are given: the list, a search, one conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from ccsync_watch.dashboard import formatting
from ccsync_watch.dashboard.conversation import entries, timeline
from ccsync_watch.store import conversations, search, session_list, stored_messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from ccsync_watch.dashboard.app import Site
    from ccsync_watch.model import StoredMessage
    from ccsync_watch.store.conversations import SubagentRow
    from ccsync_watch.store.session_list import SessionRow

PATHS = {
    "overview": "/",
    "sessions": "/sessions",
    "search": "/search",
    "session": "/sessions/{session_id}",
    "sync": "/sync",
}
PAGE_SESSIONS = 50
PAGE_MESSAGES = 100
PAGE_HITS = 30
_MAX_TEXT = 400
_MAX_FOUND = 2000
_DAY_MS = 86_400_000
_FILTERS = ("q", "project", "branch", "model", "since", "until", "sort")


def text(request: Request, name: str) -> str:
    """Return a parameter of the address, `` when it is not there; no longer than a person types."""
    return request.query_params.get(name, "")[:_MAX_TEXT].strip()


def number(request: Request, name: str) -> int | None:
    """Return a parameter that is a number, None when it is none."""
    return _number(request.query_params.get(name, ""))


def shown_last(request: Request) -> int:
    """Return the last message that a page has, from which its stream goes on."""
    resumed = _number(request.headers.get("last-event-id", ""))
    return (number(request, "after") or 0) if resumed is None else resumed


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 18 else None  # noqa: PLR2004 - what SQLite's integers hold


def known_session(site: Site, session_id: str) -> SessionRow:
    """Return a session, or raise a 404 that helps."""
    row = session_list.load_session(site.database, session_id[:_MAX_TEXT])
    if row is None:
        raise HTTPException(404, "There is no such session here, or its project is excluded.")
    return row


def link(given: Mapping[str, object], **changes: object) -> str:
    """Return a query with these parameters, the empty ones left out."""
    made = {name: value for name, value in {**given, **changes}.items() if value not in {None, ""}}
    return "?" + urlencode({name: str(value) for name, value in made.items()})


def sessions(site: Site, request: Request) -> dict[str, Any]:
    """Return a page of the list."""
    asked = {name: text(request, name) for name in _FILTERS}
    until = formatting.day_start(asked["until"])
    chosen = session_list.SessionFilter(
        project=asked["project"] or None,
        branch=asked["branch"] or None,
        model=asked["model"] or None,
        since_ms=formatting.day_start(asked["since"]),
        until_ms=until + _DAY_MS if until is not None else None,
    )
    sort = asked["sort"] if asked["sort"] in get_args(session_list.SessionSort) else "recent"
    value, last = number(request, "value"), text(request, "after")
    among = None
    if asked["q"]:
        among = search.find_session_ids(site.database, asked["q"], limit=_MAX_FOUND)
    rows, following = session_list.list_sessions(
        site.database,
        chosen,
        sort=cast("session_list.SessionSort", sort),
        after=session_list.PageEnd(value, last) if value is not None and last else None,
        limit=PAGE_SESSIONS,
        among=among,
    )
    more = following and link(asked, value=following.value, after=following.session_id)
    return {
        "asked": asked,
        "choices": session_list.filter_options(site.database),
        "rows": rows,
        "more": more,
        "is_filtered": any(value for name, value in asked.items() if name != "sort"),
        "is_first": value is None,
    }


def searched(site: Site, request: Request) -> dict[str, Any]:
    """Return what a search has found, the newest first, under their sessions."""
    asked = text(request, "q")
    hits = search.find_messages(
        site.database, asked, limit=PAGE_HITS + 1, before_seq=number(request, "before")
    )
    shown = hits[:PAGE_HITS]
    found: dict[str, list[search.SearchHit]] = {}
    for hit in shown:
        found.setdefault(hit.session_id, []).append(hit)
    known = {each: session_list.load_session(site.database, each) for each in found}
    return {
        "asked": asked,
        "marks": search.MARKS,
        "found": [(known[each], hits) for each, hits in found.items() if known[each]],
        "more": link({"q": asked}, before=shown[-1].seq) if len(hits) > PAGE_HITS else None,
        "behind": search.count_unindexed(site.database),
    }


def session(site: Site, request: Request) -> dict[str, Any]:
    """Return a page of a conversation: its end, or round the message that `at` names."""
    row = known_session(site, request.path_params["session_id"])
    agent_id = text(request, "agent") or None
    at, before, after = (number(request, name) for name in ("at", "before", "after"))
    database = site.database
    if after is not None:
        found = conversations.conversation_page(
            database, row.session_id, agent_id=agent_id, after_seq=after, limit=PAGE_MESSAGES
        )
    elif at is not None:
        half = PAGE_MESSAGES // 2
        found = conversations.conversation_page(
            database, row.session_id, agent_id=agent_id, before_seq=at, limit=half
        ) + conversations.conversation_page(
            database, row.session_id, agent_id=agent_id, after_seq=at - 1, limit=half
        )
    else:
        found = conversations.conversation_page(
            database,
            row.session_id,
            agent_id=agent_id,
            before_seq=before or (1 << 62),
            limit=PAGE_MESSAGES,
        )
    steps = conversations.timeline_steps(database, row.session_id) if agent_id is None else []
    first, last = (found[0].seq, found[-1].seq) if found else (0, 0)
    subagents = conversations.list_subagents(database, row.session_id)
    placed = {part.tool_use_id for message in found for part in message.parts}
    return {
        "session": row,
        "account": site.figures.session(row.session_id),
        "agent": next((subagent for subagent in subagents if subagent.agent_id == agent_id), None),
        "agent_id": agent_id,
        "entries": _entries(site, found, subagents),
        "subagents": subagents,
        "unplaced": [subagent for subagent in subagents if subagent.tool_use_id not in placed],
        "timeline": timeline(steps, site.figures.response_costs(steps)),
        "forks": [
            session_list.load_session(database, fork)
            for fork in conversations.list_forks(database, row.session_id)
        ],
        "parent": row.forked_from and session_list.load_session(database, row.forked_from),
        "first_seq": first,
        "last_seq": last,
        "has_earlier": _has(site, row.session_id, agent_id, before_seq=first),
        "has_later": bool(last) and _has(site, row.session_id, agent_id, after_seq=last),
        "link": link,
    }


def news(site: Site, session_id: str, agent_id: str | None, after: int) -> dict[str, Any]:
    """Return what a conversation has grown by since a message was shown."""
    found = conversations.conversation_page(
        site.database, session_id, agent_id=agent_id, after_seq=after, limit=PAGE_MESSAGES
    )
    return {
        "entries": _entries(
            site, found, conversations.list_subagents(site.database, session_id), is_news=True
        ),
        "last_seq": found[-1].seq if found else after,
        "session_id": session_id,
        "now_ms": site.now_ms(),
    }


def _entries(
    site: Site,
    found: list[StoredMessage],
    subagents: list[SubagentRow],
    *,
    is_news: bool = False,
) -> list[Any]:
    used = [
        part.tool_use_id
        for message in found
        for part in message.parts
        if part.kind == "tool-call" and part.tool_use_id
    ]
    return entries(
        found,
        results=stored_messages.tool_results(site.database, used),
        subagents=subagents,
        # A result that comes after its call was shown is shown where it stands.
        shown=() if is_news else _calls_before(site, found),
    )


def _calls_before(site: Site, found: list[StoredMessage]) -> set[str]:
    """Return the calls, on an earlier page, whose results stand on this one."""
    used = [
        part.tool_use_id
        for message in found
        for part in message.parts
        if part.kind == "tool-result" and part.tool_use_id
    ]
    return stored_messages.known_tool_calls(site.database, used)


def _has(
    site: Site,
    session_id: str,
    agent_id: str | None,
    *,
    after_seq: int = 0,
    before_seq: int | None = None,
) -> bool:
    return bool(
        conversations.conversation_page(
            site.database,
            session_id,
            agent_id=agent_id,
            after_seq=after_seq,
            before_seq=before_seq,
            limit=1,
        )
    )
