"""One session: its figures, its turns and a page of its conversation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from ccsync_watch.accounting import activity
from ccsync_watch.dashboard.conversation import build_entries
from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.query_params import (
    MAX_TEXT_CHARS,
    build_query,
    number_param,
    parse_number,
    text_param,
)
from ccsync_watch.dashboard.resuming import is_running, resume_command
from ccsync_watch.dashboard.session_turns import load_turns
from ccsync_watch.store import (
    conversations,
    hand_offs,
    rewound,
    session_facts,
    session_list,
    session_outline,
    session_summaries,
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
_AFTER_ALL = 10**16
"""Larger than the number of any message."""
_SELECTIONS = {
    None: "All",
    "conversation": "Conversation",
    "prompts": "Prompts",
    "errors": "Errors",
}
_SAID = frozenset({"text", "note", "image", "file", "verbatim"})


def require_session(site: Site, session_id: str) -> SessionRow:
    """Return a session, or raise a 404 that says why."""
    row = session_list.load_session(site.database, session_id[:MAX_TEXT_CHARS])
    if row is None:
        raise HTTPException(404, "This session is not stored here, or its project is excluded.")
    return row


def require_agent(site: Site, session_id: str, agent_id: str) -> SubagentRow:
    """Return a subagent of a session, or raise a 404."""
    for subagent in conversations.list_subagents(site.database, session_id):
        if subagent.agent_id == agent_id:
            return subagent
    raise HTTPException(404, "This subagent is not stored here.")


def build_context(site: Site, request: Request) -> Context:
    """Return a page of a conversation, and the figures of its session or subagent.

    It is its beginning; of one that is running its end; or the messages around the one that `at`
    names. `show` limits it to some messages.
    """
    database = site.database
    session = require_session(site, request.path_params["session_id"])
    session_id = session.session_id
    agent_id = text_param(request, "agent") or None
    details = session_outline.load_details(database, session_id)
    subagents = conversations.list_subagents(database, session_id)
    agent = next((subagent for subagent in subagents if subagent.agent_id == agent_id), None)
    updated_ms = session.updated_ms if agent is None else agent.updated_ms
    running = is_running(details, updated_ms, site.clock.wall_ms())
    shown = text_param(request, "show")
    selection = shown if shown in conversations.SELECTIONS else None
    window = _Window(session_id, agent_id, selection)
    messages, at = _read_messages(site, request, window, is_running=running)
    first_seq, last_seq = (messages[0].seq, messages[-1].seq) if messages else (0, 0)
    entries = _build_entries(
        site, messages, subagents, earlier_calls=_earlier_calls(site, messages)
    )
    called = {part.tool_use_id for message in messages for part in message.parts}
    called.discard(None)
    return {
        "title": session.title or session_id,
        "session": session,
        "details": details,
        "is_running": running,
        "folder": details.folder,
        "resume": resume_command(session_id, details.folder),
        "agent": agent,
        "agent_id": agent_id,
        "agents": site.figures.subagents(session_id) if subagents else {},
        "entries": entries if selection != "conversation" else _without_calls(entries),
        "at": at,
        "other_subagents": [
            subagent
            for subagent in subagents
            if subagent.tool_use_id not in called and subagent.agent_id != agent_id
        ],
        "selection": selection,
        "selections": _SELECTIONS,
        "first_seq": first_seq,
        "last_seq": last_seq,
        "has_earlier": bool(first_seq) and _has_message(site, window, before_seq=first_seq),
        "has_later": bool(last_seq) and _has_message(site, window, after_seq=last_seq),
        "after_all": _AFTER_ALL,
        "build_query": build_query,
        **(_of_session(site, session) if agent_id is None else _of_agent()),
    }


def _of_session(site: Site, session: SessionRow) -> Context:
    """Return what the page says of a session as a whole."""
    database, session_id = site.database, session.session_id
    last = load_turns(site, session_id)
    titles = session_outline.first_lines(database, [turn.seq for turn in last.turns])
    summary = session_summaries.session_summary(database, session_id)
    return {
        "account": site.figures.session(session_id),
        "duration_ms": summary.value.duration_ms if summary else None,
        "is_final": last.is_final,
        "facts": session_facts.shown_facts(database.read(), session_id),
        "activity": activity.load_activity(database, session_id),
        "known_calls": site.figures.known_calls,
        "turns": last.turns,
        "are_all_turns": last.are_all,
        "titles": titles,
        "files": session_outline.changed_files(database, session_id),
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
    }


def _of_agent() -> Context:
    """Return that nothing of its session as a whole is on a subagent's page."""
    return {"turns": [], "titles": {}, "files": [], "forks": [], "team": [], "parent": None}


def _without_calls(entries: list[Entry]) -> list[Entry]:
    """Return the entries with what was said in them only."""
    said = (
        replace(entry, items=tuple(item for item in entry.items if item.kind in _SAID))
        for entry in entries
    )
    return [entry for entry in said if entry.items]


@dataclass(frozen=True, slots=True)
class _Window:
    """Which messages a page may show: of a conversation, all or a selection of them."""

    session_id: str
    agent_id: str | None
    selection: str | None

    def read(
        self, site: Site, *, after_seq: int = 0, before_seq: int | None = None, limit: int
    ) -> list[StoredMessage]:
        """Return messages of it: those after a message, or those before one."""
        return conversations.conversation_page(
            site.database,
            self.session_id,
            agent_id=self.agent_id,
            after_seq=after_seq,
            before_seq=before_seq,
            limit=limit,
            selection=self.selection,
        )


def _read_messages(
    site: Site, request: Request, window: _Window, *, is_running: bool
) -> tuple[list[StoredMessage], str | None]:
    """Return the messages that the address asks for, and the name of the one that it names."""
    before, after = (number_param(request, name) for name in ("before", "after"))
    name = text_param(request, "at")
    at = _find_named(site, window, name) if name else None
    if after is not None:
        return window.read(site, after_seq=after, limit=_PAGE_MESSAGES), None
    if at is not None:
        half = _PAGE_MESSAGES // 2
        messages = [
            *window.read(site, before_seq=at, limit=half),
            *window.read(site, after_seq=at - 1, limit=half),
        ]
        named = next((message for message in messages if message.seq == at), None)
        return messages, conversations.permanent_name(named) if named else None
    if before is None and not is_running:
        return window.read(site, limit=_PAGE_MESSAGES), None
    return window.read(site, before_seq=before or _AFTER_ALL, limit=_PAGE_MESSAGES), None


def _find_named(site: Site, window: _Window, name: str) -> int | None:
    """Return the number of the message of a link, which in links of version 0.1 is its number."""
    seq = conversations.find_seq(site.database, window.session_id, window.agent_id, name)
    return parse_number(name) if seq is None else seq


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
        "agents": site.figures.subagents(session_id) if subagents else {},
        "at": None,
        "folder": session_outline.load_details(site.database, session_id).folder,
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
        unfinished=conversations.unfinished_responses(site.database, messages[0].session_id)
        if messages
        else (),
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
    site: Site, window: _Window, *, after_seq: int = 0, before_seq: int | None = None
) -> bool:
    return bool(window.read(site, after_seq=after_seq, before_seq=before_seq, limit=1))


PAGE = Page(
    name="session",
    path="/sessions/{session_id}",
    title="Session",
    template="session.html",
    build_context=build_context,
    section="sessions",
)
