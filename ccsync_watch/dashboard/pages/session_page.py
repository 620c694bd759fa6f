"""One session: its figures, its turns and a page of its conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from ccsync_watch.accounting import activity
from ccsync_watch.dashboard.conversation_window import (
    AFTER_ALL,
    ConversationWindow,
    earlier_calls,
    load_entries,
    said_alone,
)
from ccsync_watch.dashboard.entry_facts import NO_FACTS, entry_facts, local_facts
from ccsync_watch.dashboard.find_in_session import find_in_session
from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.query_params import MAX_TEXT_CHARS, build_query, text_param
from ccsync_watch.dashboard.response_cards import build_cards, group_cards
from ccsync_watch.dashboard.resuming import is_running, resume_command
from ccsync_watch.dashboard.session_plans import load_plans
from ccsync_watch.dashboard.session_turns import load_outline
from ccsync_watch.dashboard.subagent_tree import load_tree
from ccsync_watch.store import (
    conversations,
    hand_offs,
    session_facts,
    session_figures,
    session_list,
    session_outline,
    teams,
)

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.dashboard.subagent_tree import SubagentTree
    from ccsync_watch.store.conversations import SubagentRow
    from ccsync_watch.store.session_list import SessionRow

_SELECTIONS = {
    None: "All",
    "conversation": "Conversation",
    "prompts": "Prompts",
    "errors": "Errors",
}


def require_session(site: Site, session_id: str) -> SessionRow:
    """Return a session, or raise a 404 that says why."""
    session_id = session_id[:MAX_TEXT_CHARS]
    row = session_list.load_session(site.database, session_id)
    if row is None and session_list.is_empty_session(site.database, session_id):
        raise HTTPException(
            404, "Nothing was said in this session: its transcript has no message to show."
        )
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
    names. `show` limits it to some messages. An unknown subagent has no page.
    """
    database = site.database
    session = require_session(site, request.path_params["session_id"])
    session_id = session.session_id
    agent_id = text_param(request, "agent") or None
    agent = require_agent(site, session_id, agent_id) if agent_id else None
    details = session_outline.load_details(database, session_id)
    subagents = conversations.list_subagents(database, session_id)
    updated_ms = session.updated_ms if agent is None else agent.updated_ms
    running = is_running(details, updated_ms, site.clock.wall_ms())
    shown = text_param(request, "show")
    finding = find_in_session(site, request, session_id, agent_id)
    # What is found may be any message.
    selection = shown if shown in conversations.SELECTIONS and finding is None else None
    window = ConversationWindow(site, session_id, agent_id, selection)
    messages, at = window.read_page(
        request,
        is_running=running,
        match_name=finding.shown.name if finding and finding.shown else None,
    )
    first_seq, last_seq = (messages[0].seq, messages[-1].seq) if messages else (0, 0)
    has_later = bool(last_seq) and window.has_message(after_seq=last_seq)
    entries = load_entries(
        database, messages, subagents, earlier_calls=earlier_calls(site, messages)
    )
    if selection == "conversation":
        entries = said_alone(entries)
    tree = load_tree(site, session_id, subagents)
    return {
        "title": session.title or session_id,
        "session": session,
        "details": details,
        "is_running": running,
        "folder": details.folder,
        "resume": resume_command(session_id, details.folder),
        "agent": agent,
        "agent_id": agent_id,
        "nodes": tree.nodes,
        "known_calls": site.figures.known_calls,
        "groups": group_cards(build_cards(entries), named=at, is_growing=running and not has_later),
        "at": at,
        "before_ms": session.started_ms if agent is None else agent.started_ms,
        "finding": finding,
        "selection": selection,
        "selections": _SELECTIONS,
        "first_seq": first_seq,
        "last_seq": last_seq,
        "has_earlier": bool(first_seq) and window.has_message(before_seq=first_seq),
        "has_later": has_later,
        "after_all": AFTER_ALL,
        "build_query": build_query,
        **entry_facts(site, session_id, messages),
        **(_of_session(site, session, tree) if agent is None else _of_agent(site, agent, tree)),
    }


def _of_session(site: Site, session: SessionRow, tree: SubagentTree) -> Context:
    """Return what the page says of a session as a whole.

    What all of its messages are read for is loaded when the page comes to it.
    """
    database, session_id = site.database, session.session_id
    return {
        "subagents": tree.roots,
        "load_figures": lambda: _load_figures(site, session_id),
        "load_outline": lambda: _load_outline(site, session_id),
        "links": session_facts.linked_pages(database.read(), session_id),
        "facts": session_facts.shown_facts(database.read(), session_id, with_links=False),
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
        **local_facts(site, session_id),
        "hand_off": hand_offs.find_hand_off(database, session_id),
    }


def _load_figures(site: Site, session_id: str) -> Context:
    """Return the figures of a session, and its files."""
    database = site.database
    return {
        "account": site.figures.session(session_id),
        "activity": activity.count_session(database, session_id),
        "duration_ms": session_figures.session_duration(database, session_id),
        "is_final": session_outline.is_final(database, session_id),
        "files": session_outline.changed_files(database, session_id),
    }


def _load_outline(site: Site, session_id: str) -> Context:
    """Return a session's turns, the beginnings of their prompts, their contexts, and its plans."""
    outline = load_outline(site, session_id)
    turns = outline.last.turns
    return {
        "turns": turns,
        "are_all": outline.last.are_all,
        "titles": session_outline.first_lines(site.database, [turn.seq for turn in turns]),
        "contexts": outline.contexts,
        "plans": load_plans(site.database, session_id),
    }


def _of_agent(site: Site, agent: SubagentRow, tree: SubagentTree) -> Context:
    """Return what started a subagent and what it started; nothing of its session as a whole."""
    call = conversations.name_of(site.database, agent.call_seq) if agent.call_seq else None
    return {
        "subagents": tree.nodes[agent.agent_id].children,
        "ancestors": tree.ancestors(agent.agent_id),
        "called_at": call,
        "forks": [],
        "team": [],
        "parent": None,
    }


def build_growth(
    site: Site, session_id: str, agent_id: str | None, after_seq: int
) -> tuple[int, Context]:
    """Return what a conversation has grown by since a message: the last one, and its cards.

    A page that is open appends them, however many calls of this function that takes.
    """
    window = ConversationWindow(site, session_id, agent_id, None)
    messages = window.read(after_seq=after_seq)
    subagents = conversations.list_subagents(site.database, session_id)
    # A result that arrives after its call was shown is shown where it is in the file.
    entries = load_entries(site.database, messages, subagents)
    called = {subagent.agent_id for entry in entries for item in entry.items
              for subagent in item.subagents}  # fmt: skip
    context = {
        "groups": group_cards(build_cards(entries), is_growing=True),
        "session_id": session_id,
        "nodes": load_tree(site, session_id, subagents, called).nodes,
        "at": None,
        "before_ms": conversations.time_of(site.database, after_seq),
        "folder": session_outline.load_details(site.database, session_id).folder,
        **NO_FACTS,
    }
    return messages[-1].seq if messages else after_seq, context


PAGE = Page(
    name="session",
    path="/sessions/{session_id}",
    title="Session",
    template="session.html",
    build_context=build_context,
    section="sessions",
    is_streamed=True,
)
