"""One session's conversation, for its page and export: messages by page, subagents, forks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.store.hand_offs import IS_DRAWN
from ccsync_watch.store.stored_messages import (
    CARRIED_USAGE,
    MESSAGE_COLUMNS,
    MESSAGE_JOINS,
    PROMPT_TOKENS,
    read_message,
)
from ccsync_watch.store.turns import ENDS_TURN

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.database import Database

_MAX_DEPTH = 64


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

    With `before_seq` the last ones before it, else the first ones after `after_seq`. What a session
    copied that was handed off to it is left out: it is drawn once, where it was said.
    """
    order = "m.seq DESC" if before_seq is not None else "m.seq"
    read = database.read()
    rows = read.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM messages m {MESSAGE_JOINS}"  # noqa: S608 - constants
        " WHERE m.session_id = ? AND m.agent_id IS ? AND m.kind <> 'session'"
        f" AND m.seq > ? AND m.seq < ? AND {IS_DRAWN} ORDER BY {order} LIMIT ?",
        (session_id, agent_id, after_seq, before_seq or (1 << 62), limit),
    ).fetchall()
    if before_seq is not None:
        rows.reverse()
    return [read_message(read, row) for row in rows]


@dataclass(frozen=True, slots=True)
class SubagentRow:
    """A subagent of a session; `tool_use_id` is the call that started it.

    `phase` is the part of a workflow that it worked on; `teammate_id` is `name@team`.
    """

    agent_id: str
    agent_type: str | None
    description: str | None
    tool_use_id: str | None
    messages: int
    phase: str | None = None
    teammate_id: str | None = None

    @property
    def name(self) -> str:
        """What it is called: by its team, else its type, else its id."""
        return (self.teammate_id or "").partition("@")[0] or self.agent_type or self.agent_id


def list_subagents(database: Database, session_id: str) -> list[SubagentRow]:
    """Return a session's subagents in the order of their calls, each before those it started.

    Those without a known call follow, in the order in which they appeared.
    """
    rows = (
        database.read()
        .execute(
            "SELECT m.agent_id, a.agent_type, a.description, a.tool_use_id, count(*) AS messages,"
            " a.phase, a.teammate_id, a.run_id, a.position, min(m.seq) AS seq,"
            " min(m.timestamp_ms) AS at_ms FROM messages m LEFT JOIN subagents a"
            "   ON a.session_id = m.session_id AND a.agent_id = m.agent_id"
            " WHERE m.session_id = ? AND m.agent_id IS NOT NULL GROUP BY m.agent_id",
            (session_id,),
        )
        .fetchall()
    )
    calls = _locate_calls(database, session_id, [row["tool_use_id"] for row in rows])
    by_id = {row["agent_id"]: row for row in rows}
    places = {agent_id: _place(agent_id, by_id, calls) for agent_id in by_id}
    return [
        SubagentRow(*by_id[agent_id][:7])
        for agent_id in sorted(places, key=lambda agent_id: places[agent_id])
    ]


def list_helpers(database: Database, session_id: str) -> list[tuple[str, int, int]]:
    """Return what the client's own helpers were for, their responses and tokens of output."""
    rows = database.read().execute(
        "SELECT a.agent_type, count(*), sum(u.output_tokens) FROM subagents a"
        " JOIN usage_tokens u ON u.session_id = a.session_id AND u.agent_id = a.agent_id"
        " WHERE a.session_id = ? AND a.is_helper GROUP BY 1 ORDER BY 1",
        (session_id,),
    )
    return [tuple(row) for row in rows]


class _CallPlace(NamedTuple):
    """Where a call stands: in which subagent's conversation, if any, and after what."""

    agent_id: str | None
    seq: int
    position: int


def _locate_calls(
    database: Database, session_id: str, tool_use_ids: Iterable[str | None]
) -> dict[str, _CallPlace]:
    read = database.read()
    places: dict[str, _CallPlace] = {}
    for tool_use_id in {name for name in tool_use_ids if name}:
        row = read.execute(
            "SELECT m.agent_id, m.seq, p.position FROM parts p"
            " JOIN messages m ON m.seq = p.message_seq"
            " WHERE p.tool_use_id = ? AND p.kind = 'tool-call' AND m.session_id = ?"
            " ORDER BY m.seq LIMIT 1",
            (tool_use_id, session_id),
        ).fetchone()
        if row is not None:
            places[tool_use_id] = _CallPlace(*row)
    return places


def _place(
    agent_id: str, by_id: Mapping[str, sqlite3.Row], calls: Mapping[str, _CallPlace]
) -> tuple[tuple[int, ...], ...]:
    """Return what a subagent is sorted by: the places of the calls that led to it, in order."""
    steps: list[tuple[int, ...]] = []
    current: str | None = agent_id
    for _depth in range(_MAX_DEPTH):
        row = by_id.get(current) if current else None
        if row is None:
            break
        call = calls.get(row["tool_use_id"])
        within = (row["position"] or 0, row["at_ms"] or 0, row["seq"])
        if call is None:
            steps.append((1, 0, 0, *within))
            break
        steps.append((0, call.seq, call.position, *within))
        current = call.agent_id
    return tuple(reversed(steps))


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
        f"SELECT m.seq, m.kind, m.dated_ms, {PROMPT_TOKENS}, u.output_tokens,"  # noqa: S608 - constants
        " iif(m.role = 'assistant', (SELECT count(*) FROM parts p"
        f"   WHERE p.message_seq = m.seq AND p.kind = 'tool-call'), 0),"
        f" iif(u.key IS NULL, NULL, m.usage_id), {ENDS_TURN} FROM messages m {CARRIED_USAGE}"
        " WHERE m.session_id = ? AND m.agent_id IS NULL AND m.kind <> 'session'"
        f" AND {IS_DRAWN} ORDER BY m.seq",
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
