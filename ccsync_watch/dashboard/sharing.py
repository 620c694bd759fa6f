"""A session as one HTML file for other people: nothing else is loaded, and no script runs in it.

It has what is stored, so that secrets are removed already; stars, tags, notes and marks are left
out. Its own policy forbids whatever a mistake of ours might let pass.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

import orjson
from markupsafe import Markup

from ccsync_watch.dashboard.conversation_window import load_entries, load_states, said_alone
from ccsync_watch.dashboard.entry_facts import NO_FACTS
from ccsync_watch.dashboard.rendering import STATIC_FOLDER, Templates
from ccsync_watch.dashboard.response_cards import build_cards, group_cards
from ccsync_watch.dashboard.subagent_tree import build_tree
from ccsync_watch.privacy.engine.placeholders import count_kinds
from ccsync_watch.store import conversations, session_outline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.session_accounts import SubagentAccount
    from ccsync_watch.dashboard.conversation import Entry
    from ccsync_watch.dashboard.conversation_window import MessageStates
    from ccsync_watch.dashboard.page import Context
    from ccsync_watch.store.conversations import SubagentRow
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_list import SessionRow

MEDIA_TYPE = "text/html; charset=utf-8"
_CHUNK_MESSAGES = 200
_MAX_WRITTEN = 400
"""Writing more, only to count, takes longer than a page may."""
_Chunk: TypeAlias = "tuple[int, Callable[[], str]]"
"""How many messages a chunk of the file has, and what writes it."""


@dataclass(frozen=True, slots=True)
class SharedSource:
    """What a file is made from. `is_whole`: with calls, results, thinking and subagents."""

    database: Database
    session: SessionRow
    account: SessionAccount
    subagent_accounts: Mapping[str, SubagentAccount]
    is_whole: bool


@dataclass(slots=True)
class SharedContent:
    """What a file has, counted while it is written. `removed` are the placeholders by kind.

    `is_size_estimated`: only a part of it was written, and `size` follows from that part.
    """

    prompts: int = 0
    answers: int = 0
    calls: int = 0
    subagents: int = 0
    size: int = 0
    is_size_estimated: bool = False
    removed: Counter[str] = field(default_factory=Counter)


def content_security_policy() -> str:
    """Return the policy of the file: its own style, and nothing from anywhere."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none';"
        " form-action 'none'"
    )


def iterate_shared(source: SharedSource, content: SharedContent) -> Iterator[str]:
    """Yield the file in chunks, and count what is in it."""
    for piece in _pieces(source, content):
        content.size += len(piece.encode())
        yield piece


def count_shared(source: SharedSource, *, max_written: int = _MAX_WRITTEN) -> SharedContent:
    """Return what the file has.

    Its first messages, at most so many, are written for that and not kept; the size of the others
    is estimated by theirs.
    """
    content = SharedContent()
    written = entries = 0
    frame_bytes, written_bytes = 0, 0
    for count, write in _chunks(source, content):
        entries += count
        if count and written >= max_written:
            continue
        size = len(write().encode())
        written += count
        frame_bytes += size if not count else 0
        written_bytes += size if count else 0
    content.is_size_estimated = written < entries
    content.size = frame_bytes + round(written_bytes * entries / max(1, written))
    return content


def _pieces(source: SharedSource, content: SharedContent) -> Iterator[str]:
    for _count_of_entries, write in _chunks(source, content):
        yield write()


def _chunks(source: SharedSource, content: SharedContent) -> Iterator[_Chunk]:
    database, session = source.database, source.session
    templates, session_id = _templates(), session.session_id
    subagents = conversations.list_subagents(database, session_id) if source.is_whole else []
    content.removed += count_kinds([(session.title or "").encode()])
    content.subagents = len(subagents)
    head: Context = {
        "session": session,
        "account": source.account,
        "is_final": session_outline.is_final(database, session_id),
        "is_whole": source.is_whole,
        "policy": content_security_policy(),
        "style": Markup(_style()),  # noqa: S704 - a file of ours
    }
    yield 0, partial(templates.render_fragment, "share_head.html", head)
    # Both once: they are read from all of the session, and from all that subagents did.
    states = load_states(database, session_id)
    context: Context = {
        "session_id": session_id,
        "nodes": build_tree(database, session_id, subagents, source.subagent_accounts).nodes,
        "at": None,
        "folder": session_outline.load_details(database, session_id).folder,
        **NO_FACTS,
    }
    yield from _conversation(source, content, subagents, None, context, states)
    for subagent in subagents:
        yield 0, partial(templates.render_fragment, "share_agent.html", {"subagent": subagent})
        yield from _conversation(source, content, subagents, subagent.agent_id, context, states)
    yield 0, partial(templates.render_fragment, "share_end.html", {})


def _conversation(
    source: SharedSource,
    content: SharedContent,
    subagents: list[SubagentRow],
    agent_id: str | None,
    context: Context,
    states: MessageStates,
) -> Iterator[_Chunk]:
    database, session_id = source.database, source.session.session_id
    seq, earlier = 0, set[str]()
    before_ms = source.session.started_ms
    while messages := conversations.conversation_page(
        database,
        session_id,
        agent_id=agent_id,
        after_seq=seq,
        limit=_CHUNK_MESSAGES,
        selection=None if source.is_whole else "conversation",
    ):
        seq = messages[-1].seq
        entries = load_entries(database, messages, subagents, earlier_calls=earlier, states=states)
        earlier |= {
            part.tool_use_id
            for message in messages
            for part in message.parts
            if part.kind == "tool-call" and part.tool_use_id
        }
        if not source.is_whole:
            entries = said_alone(entries)
        _count(entries, content)
        shown = {"groups": group_cards(build_cards(entries)), "before_ms": before_ms}
        yield (
            len(entries),
            partial(_templates().render_fragment, "entries.html", {**context, **shown}),
        )
        before_ms = next(
            (entry.message.timestamp_ms for entry in reversed(entries)
             if entry.message.timestamp_ms is not None),
            before_ms,
        )  # fmt: skip


def _count(entries: list[Entry], content: SharedContent) -> None:
    for entry in entries:
        content.prompts += entry.message.kind == "prompt"
        content.answers += entry.message.kind == "answer" and any(
            item.kind == "text" for item in entry.items
        )
        content.calls += sum(item.kind == "call" for item in entry.items)
        texts = [orjson.dumps([item.content, item.result]) for item in entry.items]
        content.removed += count_kinds(texts)


@cache
def _templates() -> Templates:
    return Templates((), is_shared=True)


@cache
def _style() -> str:
    return (STATIC_FOLDER / "site.css").read_text(encoding="utf-8")
