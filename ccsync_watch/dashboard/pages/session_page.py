"""One session: its figures, its turns and a page of its conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from ccsync_watch.accounting import activity
from ccsync_watch.dashboard.conversation import build_entries, build_timeline
from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.query_params import (
    MAX_TEXT_CHARS,
    build_query,
    number_param,
    text_param,
)
from ccsync_watch.store import (
    conversations,
    hand_offs,
    rewound,
    session_facts,
    session_list,
    stored_messages,
    teams,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from ccsync_watch.dashboard.conversation import Entry
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.conversations import SubagentRow
    from ccsync_watch.store.session_list import SessionRow

_PAGE_MESSAGES = 100
_AFTER_ALL = 1 << 62
"""Larger than the number of any message."""


def require_session(site: Site, session_id: str) -> SessionRow:
    """Return a session, or raise a 404 that says why."""
    row = session_list.load_session(site.database, session_id[:MAX_TEXT_CHARS])
    if row is None:
        raise HTTPException(404, "This session is not stored here, or its project is excluded.")
    return row


def build_context(site: Site, request: Request) -> Context:
    """Return a page of a conversation: its end, or the messages around the one that `at` names."""
    database = site.database
    session = require_session(site, request.path_params["session_id"])
    session_id = session.session_id
    agent_id = text_param(request, "agent") or None
    messages = _read_messages(site, request, session_id, agent_id)
    steps = conversations.timeline_steps(database, session_id) if agent_id is None else []
    first_seq, last_seq = (messages[0].seq, messages[-1].seq) if messages else (0, 0)
    subagents = conversations.list_subagents(database, session_id)
    shown_calls = {part.tool_use_id for message in messages for part in message.parts}
    return {
        "title": session.title or session_id,
        "session": session,
        "account": site.figures.session(session_id),
        "facts": session_facts.shown_facts(database.read(), session_id),
        "activity": activity.load_activity(database, session_id),
        "agent": next((subagent for subagent in subagents if subagent.agent_id == agent_id), None),
        "agent_id": agent_id,
        "entries": _build_entries(
            site, messages, subagents, earlier_calls=_earlier_calls(site, messages)
        ),
        "other_subagents": [
            subagent for subagent in subagents if subagent.tool_use_id not in shown_calls
        ],
        "timeline": build_timeline(steps, site.figures.response_costs(steps)),
        "forks": [
            session_list.load_session(database, fork)
            for fork in conversations.list_forks(database, session_id)
        ],
        "helpers": site.figures.helpers(session_id),
        "team": [
            (member.name, session_list.load_session(database, member.session_id))
            for member in teams.list_team(database, session_id)
        ],
        "parent": session.forked_from and session_list.load_session(database, session.forked_from),
        "hand_off": hand_offs.find_hand_off(database, session_id),
        "first_seq": first_seq,
        "last_seq": last_seq,
        "has_earlier": _has_message(site, session_id, agent_id, before_seq=first_seq),
        "has_later": bool(last_seq)
        and _has_message(site, session_id, agent_id, after_seq=last_seq),
        "build_query": build_query,
    }


def _read_messages(
    site: Site, request: Request, session_id: str, agent_id: str | None
) -> list[StoredMessage]:
    """Return the messages that the address asks for."""
    at, before, after = (number_param(request, name) for name in ("at", "before", "after"))
    database = site.database
    if after is not None:
        return conversations.conversation_page(
            database, session_id, agent_id=agent_id, after_seq=after, limit=_PAGE_MESSAGES
        )
    if at is not None:
        half = _PAGE_MESSAGES // 2
        return conversations.conversation_page(
            database, session_id, agent_id=agent_id, before_seq=at, limit=half
        ) + conversations.conversation_page(
            database, session_id, agent_id=agent_id, after_seq=at - 1, limit=half
        )
    return conversations.conversation_page(
        database,
        session_id,
        agent_id=agent_id,
        before_seq=before or _AFTER_ALL,
        limit=_PAGE_MESSAGES,
    )


def build_growth(
    site: Site, session_id: str, agent_id: str | None, after_seq: int
) -> tuple[int, Context]:
    """Return what a conversation has grown by since a message: the last one, and the entries.

    A page that is open appends them, however many calls of this function that takes.
    """
    messages = conversations.conversation_page(
        site.database, session_id, agent_id=agent_id, after_seq=after_seq, limit=_PAGE_MESSAGES
    )
    subagents = conversations.list_subagents(site.database, session_id)
    context = {
        # A result that arrives after its call was shown is shown where it is in the file.
        "entries": _build_entries(site, messages, subagents, earlier_calls=()),
        "session_id": session_id,
    }
    return messages[-1].seq if messages else after_seq, context


def _build_entries(
    site: Site,
    messages: list[StoredMessage],
    subagents: list[SubagentRow],
    *,
    earlier_calls: Iterable[str],
) -> list[Entry]:
    call_ids = _tool_use_ids(messages, "tool-call")
    return build_entries(
        messages,
        results=stored_messages.tool_results(site.database, call_ids),
        subagents=subagents,
        earlier_calls=earlier_calls,
        rewound=rewound.rewound_ranges(site.database, messages[0].session_id) if messages else [],
    )


def _earlier_calls(site: Site, messages: list[StoredMessage]) -> set[str]:
    """Return the calls, on an earlier page, whose results are on this one."""
    return stored_messages.known_tool_calls(site.database, _tool_use_ids(messages, "tool-result"))


def _tool_use_ids(messages: list[StoredMessage], kind: str) -> list[str]:
    return [
        part.tool_use_id
        for message in messages
        for part in message.parts
        if part.kind == kind and part.tool_use_id
    ]


def _has_message(
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


PAGE = Page(
    name="session",
    path="/sessions/{session_id}",
    title="Session",
    template="session.html",
    build_context=build_context,
    section="sessions",
)
