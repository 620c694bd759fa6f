"""One session's conversation, for its page and export: messages by page, subagents, forks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.store.stored_messages import MESSAGE_COLUMNS, MESSAGE_JOINS, read_message
from ccsync_watch.store.turns import ENDS_TURN

if TYPE_CHECKING:
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.database import Database


def conversation_page(
    database: Database,
    session_id: str,
    *,
    agent_id: str | None = None,
    after_seq: int = 0,
    before_seq: int | None = None,
    limit: int = 100,
) -> list[StoredMessage]:
    """Return messages of the main conversation or of one subagent, in the order of the file.

    With `before_seq` the last ones before it, else the first ones after `after_seq`.
    """
    order = "m.seq DESC" if before_seq is not None else "m.seq"
    read = database.read()
    rows = read.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM messages m {MESSAGE_JOINS}"  # noqa: S608 - constants
        " WHERE m.session_id = ? AND m.agent_id IS ? AND m.kind <> 'session'"
        f" AND m.seq > ? AND m.seq < ? ORDER BY {order} LIMIT ?",
        (session_id, agent_id, after_seq, before_seq or (1 << 62), limit),
    ).fetchall()
    if before_seq is not None:
        rows.reverse()
    return [read_message(read, row) for row in rows]


@dataclass(frozen=True, slots=True)
class SubagentRow:
    """A subagent of a session; `tool_use_id` is the call that started it."""

    agent_id: str
    agent_type: str | None
    description: str | None
    tool_use_id: str | None
    messages: int


def list_subagents(database: Database, session_id: str) -> list[SubagentRow]:
    """Return a session's subagents in the order in which they appeared."""
    rows = database.read().execute(
        "SELECT m.agent_id, a.agent_type, a.description, a.tool_use_id, count(*) AS messages"
        " FROM messages m LEFT JOIN subagents a"
        "   ON a.session_id = m.session_id AND a.agent_id = m.agent_id"
        " WHERE m.session_id = ? AND m.agent_id IS NOT NULL GROUP BY m.agent_id"
        " ORDER BY min(m.seq)",
        (session_id,),
    )
    return [SubagentRow(*row) for row in rows]


class TimelineStep(NamedTuple):
    """What a timeline needs to know of one message."""

    seq: int
    kind: str
    timestamp_ms: int | None
    prompt_tokens: int | None
    output_tokens: int | None
    calls: int
    usage_id: str | None = None
    ends_turn: bool = False


def timeline_steps(database: Database, session_id: str) -> list[TimelineStep]:
    """Return a step for every message of a session's main conversation."""
    rows = database.read().execute(
        "SELECT m.seq, m.kind, m.dated_ms, u.prompt_tokens, u.output_tokens,"  # noqa: S608 - a constant
        " iif(m.role = 'assistant', (SELECT count(*) FROM parts p"
        f"   WHERE p.message_seq = m.seq AND p.kind = 'tool-call'), 0), u.id, {ENDS_TURN}"
        " FROM messages m LEFT JOIN usage_tokens u ON u.carrier = m.id AND u.id = m.usage_id"
        " WHERE m.session_id = ? AND m.agent_id IS NULL AND m.kind <> 'session' ORDER BY m.seq",
        (session_id,),
    )
    return [TimelineStep(*row) for row in rows]


def list_forks(database: Database, session_id: str) -> list[str]:
    """Return the sessions that were forked from this one."""
    rows = database.read().execute(
        "SELECT id FROM sessions WHERE forked_from = ? AND NOT is_excluded ORDER BY started_ms",
        (session_id,),
    )
    return [row[0] for row in rows]
