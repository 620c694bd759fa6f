"""Which messages of a conversation a page shows, and those messages as entries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from ccsync_watch.dashboard.conversation import build_entries
from ccsync_watch.dashboard.query_params import number_param, parse_number, text_param
from ccsync_watch.dashboard.session_plans import load_task_lists
from ccsync_watch.store import conversations, rewound, stored_messages
from ccsync_watch.transcripts.task_list import TASK_TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from starlette.requests import Request

    from ccsync_watch.dashboard.conversation import Entry
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.conversations import SubagentRow
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.rewound import RewoundRange
    from ccsync_watch.transcripts.task_list import TasksAfter

PAGE_MESSAGES = 100
AFTER_ALL = 10**16
"""Larger than the number of any message."""
_SAID = frozenset({"text", "note", "image", "file", "verbatim"})


@dataclass(frozen=True, slots=True)
class ConversationWindow:
    """Which messages a page may show: of a conversation, all or a selection of them."""

    site: Site
    session_id: str
    agent_id: str | None
    selection: str | None

    def read(
        self, *, after_seq: int = 0, before_seq: int | None = None, limit: int = PAGE_MESSAGES
    ) -> list[StoredMessage]:
        """Return messages of it: those after a message, or those before one."""
        return conversations.conversation_page(
            self.site.database,
            self.session_id,
            agent_id=self.agent_id,
            after_seq=after_seq,
            before_seq=before_seq,
            limit=limit,
            selection=self.selection,
        )

    def has_message(self, *, after_seq: int = 0, before_seq: int | None = None) -> bool:
        """Return whether there is any message after one, or before one."""
        return bool(self.read(after_seq=after_seq, before_seq=before_seq, limit=1))

    def read_page(
        self, request: Request, *, is_running: bool, match_name: str | None = None
    ) -> tuple[list[StoredMessage], str | None]:
        """Return the messages that the address asks for, and the name of the one that it names.

        `match_name` is the name of one that was searched for.
        """
        before, after = (number_param(request, name) for name in ("before", "after"))
        name = text_param(request, "at") or match_name
        at = self._find_named(name) if name else None
        if after is not None:
            return self.read(after_seq=after), None
        if at is not None:
            half = PAGE_MESSAGES // 2
            messages = [
                *self.read(before_seq=at, limit=half),
                *self.read(after_seq=at - 1, limit=half),
            ]
            named = next((message for message in messages if message.seq == at), None)
            return messages, conversations.permanent_name(named) if named else None
        if before is None and not is_running:
            return self.read(), None
        return self.read(before_seq=before or AFTER_ALL), None

    def _find_named(self, name: str) -> int | None:
        """Return the number of the message of a link; in links of version 0.1 it is the name."""
        seq = conversations.find_seq(self.site.database, self.session_id, self.agent_id, name)
        return parse_number(name) if seq is None else seq


@dataclass(frozen=True, slots=True)
class MessageStates:
    """Which messages of a session were taken back, and which had responses that had not ended.

    To find them out all of the session is gone through; and for its lists of tasks, which are
    loaded when a call has to do with them.
    """

    rewound: Sequence[RewoundRange]
    unfinished: Collection[int]
    load_tasks: Callable[[], Mapping[str | None, TasksAfter]]


def load_states(database: Database, session_id: str) -> MessageStates:
    """Return the states of a session's messages."""
    return MessageStates(
        rewound.rewound_ranges(database, session_id),
        conversations.unfinished_responses(database, session_id),
        cache(lambda: load_task_lists(database, session_id)),
    )


def load_entries(
    database: Database,
    messages: Sequence[StoredMessage],
    subagents: Sequence[SubagentRow],
    *,
    earlier_calls: Iterable[str] = (),
    states: MessageStates | None = None,
) -> list[Entry]:
    """Return messages as entries, their calls with their results.

    Who asks for several parts of one session passes its `states`.
    """
    if not messages:
        return []
    states = states or load_states(database, messages[0].session_id)
    return build_entries(
        messages,
        results=stored_messages.tool_results(database, tool_use_ids(messages, "tool-call")),
        subagents=subagents,
        earlier_calls=earlier_calls,
        rewound=states.rewound,
        unfinished=states.unfinished,
        responses=conversations.responses_of(database, [message.seq for message in messages]),
        tasks=states.load_tasks() if _has_tasks(messages) else {},
    )


def _has_tasks(messages: Sequence[StoredMessage]) -> bool:
    return any(part.tool_name in TASK_TOOLS for message in messages for part in message.parts)


def said_alone(entries: list[Entry]) -> list[Entry]:
    """Return the entries with what was said in them only."""
    said = (
        replace(entry, items=tuple(item for item in entry.items if item.kind in _SAID))
        for entry in entries
    )
    return [entry for entry in said if entry.items]


def earlier_calls(site: Site, messages: Sequence[StoredMessage]) -> set[str]:
    """Return the calls, on an earlier page, whose results are on this one."""
    return stored_messages.known_tool_calls(site.database, tool_use_ids(messages, "tool-result"))


def tool_use_ids(messages: Sequence[StoredMessage], kind: str) -> list[str]:
    """Return the calls that parts of a kind in these messages belong to."""
    return [
        part.tool_use_id
        for message in messages
        for part in message.parts
        if part.kind == kind and part.tool_use_id
    ]
