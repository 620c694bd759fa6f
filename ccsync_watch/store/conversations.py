"""One session's conversation, for its page and export: messages by page, subagents, forks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store.call_index import MAY_HAVE_FAILED
from ccsync_watch.store.hand_offs import IS_DRAWN
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.stored_messages import (
    CARRIED_USAGE,
    MESSAGE_COLUMNS,
    MESSAGE_JOINS,
    PROMPT_TOKENS,
    read_message,
)
from ccsync_watch.store.turns import ENDS_TURN, STARTERS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.database import Database

_MAX_DEPTH = 64

# A result `p` of a call that failed; one that was denied did not run. `ok` comes before the rest.
IS_FAILED = (
    "({p}.kind = 'tool-result'"
    " AND json_extract(unpacked({p}.content), '$.ok', '$.denied') = '[false,null]')"
)
_SPOKEN = "('prompt', 'command', 'blocked', 'teammate', 'cross_session', 'plan')"
_HAS_FAILED_CALL = (
    "EXISTS (SELECT 1 FROM parts c JOIN parts r ON r.tool_use_id = c.tool_use_id"  # noqa: S608 - constants
    f" WHERE c.message_seq = m.seq AND c.kind = 'tool-call' AND {IS_FAILED.format(p='r')})"
)
SELECTIONS = {
    "conversation": (
        f"(m.kind IN {_SPOKEN} OR m.kind IN ('interrupt', 'api_error', 'compaction', 'summary')"  # noqa: S608 - constants
        " OR m.kind = 'answer' AND EXISTS (SELECT 1 FROM parts t WHERE t.message_seq = m.seq"
        "  AND t.kind = 'text'))"
    ),
    "prompts": f"m.kind IN {_SPOKEN}",
    "errors": f"(m.kind IN ('api_error', 'blocked') OR {_HAS_FAILED_CALL})",
}
"""What a page of a conversation can be limited to: conditions of a message `m`, by their names."""


def conversation_page(
    database: Database,
    session_id: str,
    *,
    agent_id: str | None = None,
    after_seq: int = 0,
    before_seq: int | None = None,
    limit: int = 100,
    selection: str | None = None,
) -> list[StoredMessage]:
    """Return messages of the main conversation or of one subagent, in the order of the file.

    With `before_seq` the last ones before it, else the first ones after `after_seq`. What a session
    copied that was handed off to it is left out: it is drawn once, where it was said. `selection`
    is a name of `SELECTIONS`.
    """
    selected = SELECTIONS[selection] if selection else "true"
    order = "m.seq DESC" if before_seq is not None else "m.seq"
    read = database.read()
    rows = read.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM messages m {MESSAGE_JOINS}"  # noqa: S608 - constants
        " WHERE m.session_id = ? AND m.agent_id IS ? AND m.kind <> 'session'"
        f" AND m.seq > ? AND m.seq < ? AND {IS_DRAWN} AND {selected} ORDER BY {order} LIMIT ?",
        (session_id, agent_id, after_seq, before_seq or (1 << 62), limit),
    ).fetchall()
    if before_seq is not None:
        rows.reverse()
    return [read_message(read, row) for row in rows]


def permanent_name(message: StoredMessage) -> str:
    """Return a message's name within its conversation.

    The number of its row would be another one in a store that was built again.
    """
    return conversation_name(message.id, message.session_id, message.agent_id)


def conversation_name(message_id: str, session_id: str, agent_id: str | None) -> str:
    """Return a message's id without its conversation's: nearly always its uuid."""
    name = message_id.removeprefix(f"{session_id}:")
    return name.removeprefix(f"{agent_id}:") if agent_id else name


def name_of(database: Database, seq: int) -> str:
    """Return the permanent name of the message with a number, which must be stored."""
    row = (
        database.read()
        .execute("SELECT id, session_id, agent_id FROM messages WHERE seq = ?", (seq,))
        .fetchone()
    )
    return conversation_name(*row)


def time_of(database: Database, seq: int) -> int | None:
    """Return when the message with a number was written; None if its row does not say or is not."""
    query = "SELECT timestamp_ms FROM messages WHERE seq = ?"
    row = database.read().execute(query, (seq,)).fetchone()
    return row[0] if row else None


def find_seq(database: Database, session_id: str, agent_id: str | None, name: str) -> int | None:
    """Return the number of the message of a conversation that has this permanent name."""
    of_session = f"session_key = {key_of('?1')} AND agent_id IS ?2"
    read, values = database.read(), (session_id, agent_id, name)
    row = read.execute(
        f"SELECT seq FROM compact_messages WHERE uuid_key = uuid_key(?3) AND {of_session}"  # noqa: S608 - constants
        " AND typeof(own_id) <> 'text' ORDER BY seq LIMIT 1",
        values,
    ).fetchone()
    row = (
        row
        or read.execute(
            f"SELECT seq FROM compact_messages WHERE {of_session} AND own_id IN"  # noqa: S608 - constants
            " (?1 || ':' || ?3, ?1 || ':' || ?2 || ':' || ?3) ORDER BY seq LIMIT 1",
            values,
        ).fetchone()
    )
    return row[0] if row else None


def find_message(
    database: Database, session_id: str, agent_id: str | None, name: str
) -> StoredMessage | None:
    """Return the message of a conversation that has this permanent name."""
    seq = find_seq(database, session_id, agent_id, name)
    if seq is None:
        return None
    messages = conversation_page(
        database, session_id, agent_id=agent_id, after_seq=seq - 1, limit=1
    )
    return messages[0] if messages and messages[0].seq == seq else None


@dataclass(frozen=True, slots=True)
class SubagentRow:
    """A subagent of a session; `tool_use_id` is the call that started it.

    `phase` is the part of a workflow that it worked on; `teammate_id` is `name@team`. `models` are
    those that answered in it; the times are those of its first and last message. `parent_id` is
    the subagent whose conversation has the call, None for the main one; `call_seq` its message.
    """

    agent_id: str
    agent_type: str | None
    description: str | None
    tool_use_id: str | None
    messages: int
    phase: str | None = None
    teammate_id: str | None = None
    models: tuple[str, ...] = ()
    started_ms: int | None = None
    updated_ms: int | None = None
    parent_id: str | None = None
    call_seq: int | None = None

    @property
    def duration_ms(self) -> int | None:
        """From its first message to its last one."""
        if self.started_ms is None or self.updated_ms is None:
            return None
        return self.updated_ms - self.started_ms

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
            " min(m.timestamp_ms) AS at_ms, max(m.timestamp_ms) AS last_ms,"
            " json_group_array(DISTINCT m.model) AS models FROM messages m LEFT JOIN subagents a"
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
        _subagent_row(by_id[agent_id], calls.get(by_id[agent_id]["tool_use_id"]))
        for agent_id in sorted(places, key=lambda agent_id: places[agent_id])
    ]


def _subagent_row(row: sqlite3.Row, call: _CallPlace | None) -> SubagentRow:
    models = tuple(model for model in orjson.loads(row["models"]) if model)
    fields = ("agent_id", "agent_type", "description", "tool_use_id", "messages", "phase")
    return SubagentRow(
        **{name: row[name] for name in fields},
        teammate_id=row["teammate_id"],
        models=models,
        started_ms=row["at_ms"],
        updated_ms=row["last_ms"],
        parent_id=call.agent_id if call else None,
        call_seq=call.seq if call else None,
    )


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
    """What a timeline needs to know of a message; `name` is the permanent one of STARTERS."""

    seq: int
    kind: str
    timestamp_ms: int | None
    prompt_tokens: int | None
    output_tokens: int | None
    calls: int
    usage_id: str | None = None
    ends_turn: bool = False
    name: str = ""
    failed_calls: int = 0
    is_final: bool = True


def timeline_steps(
    database: Database, session_id: str, *, from_seq: int = 0
) -> Iterator[TimelineStep]:
    """Yield a step for each message of a session's main conversation, or from one on: very many."""
    rows = database.read().execute(
        f"SELECT m.seq, m.kind, m.dated_ms, {PROMPT_TOKENS}, u.output_tokens,"  # noqa: S608 - constants
        " iif(m.role = 'assistant', (SELECT count(*) FROM parts p"
        f"   WHERE p.message_seq = m.seq AND p.kind = 'tool-call'), 0),"
        f" iif(u.key IS NULL, NULL, m.usage_id), {ENDS_TURN},"
        f" iif(m.kind IN {STARTERS}, substr(m.id, {len(session_id) + 2}), ''),"
        # Not AND, of which a column has both sides evaluated: one of these unpacks a text.
        f" iif(m.kind = 'tool_result', iif({MAY_HAVE_FAILED}, (SELECT count(*) FROM parts p WHERE"
        f"   p.message_seq = m.seq AND {IS_FAILED.format(p='p')}), 0), 0), coalesce(u.is_final, 1)"
        f" FROM messages m {CARRIED_USAGE}"
        " WHERE m.session_id = ? AND m.agent_id IS NULL AND m.kind <> 'session' AND m.seq >= ?"
        f" AND {IS_DRAWN} ORDER BY m.seq",
        (session_id, from_seq),
    )
    for row in rows:
        yield TimelineStep(*row)


def unfinished_responses(database: Database, session_id: str) -> set[int]:
    """Return the messages with the tokens of responses that had not ended when they were written.

    What such a response reports is a lower bound.
    """
    rows = database.read().execute(
        "SELECT carrier_seq FROM compact_usage WHERE NOT is_final AND carrier_seq IS NOT NULL"  # noqa: S608 - constants
        f" AND session_key = {key_of('?')}",
        (session_id,),
    )
    return {row[0] for row in rows}


def responses_of(database: Database, seqs: Iterable[int]) -> dict[int, int]:
    """Return of which response messages are, as a number for each; those of none are left out."""
    rows = database.read().execute(
        "SELECT seq, usage_key FROM compact_messages"
        " WHERE seq IN (SELECT value FROM json_each(?)) AND usage_key IS NOT NULL",
        (orjson.dumps(list(seqs)).decode(),),
    )
    return {row[0]: row[1] for row in rows}


def list_forks(database: Database, session_id: str) -> list[str]:
    """Return the sessions that were forked from this one."""
    rows = database.read().execute(
        "SELECT id FROM sessions WHERE forked_from = ? AND NOT is_excluded ORDER BY started_ms",
        (session_id,),
    )
    return [row[0] for row in rows]
