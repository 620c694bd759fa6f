"""What the dashboard's pages read: lists of sessions and conversations, a page at a time.

Every query walks an index from where the last page ended, so that the last page of 100,000
sessions costs what the first does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import orjson

from ccsync_watch.store import queries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

Sort: TypeAlias = Literal["recent", "oldest", "started"]
_ORDERS: dict[Sort, tuple[str, str, str]] = {
    "recent": ("s.updated_ms", "DESC", "<"),
    "oldest": ("s.updated_ms", "ASC", ">"),
    "started": ("s.started_ms", "DESC", "<"),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which sessions to list; None and empty mean all. `until_ms` is exclusive."""

    project: str | None = None
    branch: str | None = None
    model: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    words: str = ""


class Cursor(NamedTuple):
    """Where a page ended: the sorted value of its last row, and that row's session."""

    value: int
    session_id: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session of a list; tokens are those of its own responses."""

    session_id: str
    title: str | None
    project_path: str | None
    project_name: str | None
    git_branch: str | None
    model: str | None
    forked_from: str | None
    started_ms: int | None
    updated_ms: int | None
    messages: int
    prompts: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    is_metadata_only: bool


def sessions(
    database: Database,
    chosen: Filter,
    *,
    sort: Sort = "recent",
    after: Cursor | None = None,
    limit: int = 50,
    among: Sequence[str] | None = None,
) -> tuple[list[SessionRow], Cursor | None]:
    """Return a page of sessions, and where the next one begins, None at the end.

    `among` limits it to these sessions, which a search has found.
    """
    column, direction, compare = _ORDERS[sort]
    conditions, values = _conditions(chosen, sort)
    if among is not None:
        conditions.append(f"s.id IN ({','.join('?' * len(among))})")
        values.extend(among)
    if after is not None:
        conditions.append(f"({column}, s.id) {compare} (?, ?)")
        values.extend(after)
    where = " AND ".join(["NOT s.is_excluded", f"{column} IS NOT NULL", *conditions])
    query = (
        # The places first: an index can tell those alone, without a look at any session.
        "SELECT r.*, found.sorted FROM"  # noqa: S608 - constants; values are bound
        f" (SELECT s.id, {column} AS sorted FROM sessions s WHERE {where}"
        f" ORDER BY {column} {direction}, s.id {direction} LIMIT ?) found"
        " CROSS JOIN sessions r ON r.id = found.id"
        f" ORDER BY found.sorted {direction}, r.id {direction}"
    )
    read = database.read()
    found = read.execute(query, (*values, limit + 1)).fetchall()
    rows = [_session_row(database, row) for row in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    return rows, Cursor(last["sorted"], last["id"]) if last else None


def _conditions(chosen: Filter, sort: Sort) -> tuple[list[str], list[object]]:
    asked: list[tuple[str, object]] = [
        ("s.project_path = ?", chosen.project),
        ("s.git_branch = ?", chosen.branch),
        ("s.model = ?", chosen.model),
        ("s.updated_ms >= ?", chosen.since_ms),
        # With a plus where its index would cost a sort of everything before.
        ("s.started_ms < ?" if sort == "started" else "+s.started_ms < ?", chosen.until_ms),
    ]
    given = [(text, value) for text, value in asked if value not in {None, ""}]
    return [text for text, _value in given], [value for _text, value in given]


def session(database: Database, session_id: str) -> SessionRow | None:
    """Return one session, None when there is none that may be shown."""
    row = (
        database.read()
        .execute("SELECT * FROM sessions WHERE id = ? AND NOT is_excluded", (session_id,))
        .fetchone()
    )
    return None if row is None else _session_row(database, row)


def _session_row(database: Database, row: sqlite3.Row) -> SessionRow:
    read = database.read()
    counts = read.execute(
        "SELECT messages, prompts FROM session_counts WHERE session_id = ?", (row["id"],)
    ).fetchone()
    messages, prompts = counts or (0, 0)
    tokens = read.execute(
        "SELECT coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),"
        " coalesce(sum(cache_read_tokens), 0),"
        " coalesce(sum(cache_write_5m_tokens + cache_write_1h_tokens), 0)"
        " FROM usage WHERE session_id = ?",
        (row["id"],),
    ).fetchone()
    path = row["project_path"]
    return SessionRow(
        row["id"],
        queries.title(database, row),
        path,
        PurePath(path).name or path if path else None,
        row["git_branch"],
        row["model"],
        row["forked_from"],
        row["started_ms"],
        row["updated_ms"],
        messages,
        prompts,
        tokens[0],
        tokens[1],
        tokens[2],
        tokens[3],
        bool(row["is_metadata_only"]),
    )


@dataclass(frozen=True, slots=True)
class Choices:
    """What the list can be filtered by, the most recently used first."""

    projects: list[str]
    branches: list[str]
    models: list[str]


def choices(database: Database, limit: int = 200) -> Choices:
    """Return the values that sessions have."""
    read = database.read()

    def distinct(column: str) -> list[str]:
        # From each value to the next one by the index: grouping would read every session.
        query = (
            "WITH RECURSIVE found (value) AS (SELECT max({0}) FROM sessions WHERE NOT is_excluded"
            " UNION ALL SELECT (SELECT max({0}) FROM sessions"
            "   WHERE {0} < found.value AND NOT is_excluded) FROM found WHERE value IS NOT NULL)"
            " SELECT value FROM found WHERE value IS NOT NULL ORDER BY (SELECT max(updated_ms)"
            "   FROM sessions WHERE {0} = found.value AND NOT is_excluded) DESC LIMIT ?"
        )
        return [row[0] for row in read.execute(query.format(column), (limit,))]

    return Choices(distinct("project_path"), distinct("git_branch"), distinct("model"))


@dataclass(frozen=True, slots=True)
class StoredPart:
    """One part of a message as it is shown."""

    kind: str
    tool_use_id: str | None
    tool_name: str | None
    content: JsonValue


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message of a conversation, with the tokens of its response if it is the first of it."""

    seq: int
    id: str
    agent_id: str | None
    uuid: str
    role: str
    kind: str
    timestamp_ms: int | None
    model: str | None
    is_inherited: bool
    facts: dict[str, JsonValue]
    prompt_tokens: int | None
    output_tokens: int | None
    parts: tuple[StoredPart, ...]


_MESSAGES = (
    "SELECT m.seq, m.id, m.agent_id, m.uuid, m.role, m.kind, m.dated_ms, m.model,"
    " m.is_inherited, m.facts, u.output_tokens,"
    " u.input_tokens + u.cache_write_5m_tokens + u.cache_write_1h_tokens + u.cache_read_tokens"
    "   AS prompt_tokens"
    " FROM messages m LEFT JOIN usage u ON u.carrier = m.id AND u.id = m.usage_id"
)


def conversation(
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
    rows = database.read().execute(
        f"{_MESSAGES} WHERE m.session_id = ? AND m.agent_id IS ? AND m.kind <> 'session'"
        f" AND m.seq > ? AND m.seq < ? ORDER BY {order} LIMIT ?",
        (session_id, agent_id, after_seq, before_seq or (1 << 62), limit),
    )
    found = rows.fetchall()
    if before_seq is not None:
        found.reverse()
    return [_message(database.read(), row) for row in found]


def _message(read: sqlite3.Connection, row: sqlite3.Row) -> StoredMessage:
    parts = read.execute(
        "SELECT kind, tool_use_id, tool_name, content FROM parts WHERE message_seq = ?"
        " ORDER BY position",
        (row["seq"],),
    )
    return StoredMessage(
        seq=row["seq"],
        id=row["id"],
        agent_id=row["agent_id"],
        uuid=row["uuid"],
        role=row["role"],
        kind=row["kind"],
        timestamp_ms=row["dated_ms"],
        model=row["model"],
        is_inherited=bool(row["is_inherited"]),
        facts=orjson.loads(row["facts"]),
        prompt_tokens=row["prompt_tokens"],
        output_tokens=row["output_tokens"],
        parts=tuple(_part(part) for part in parts),
    )


def _part(row: sqlite3.Row) -> StoredPart:
    kind, tool_use_id, tool_name, content = row
    return StoredPart(kind, tool_use_id, tool_name, orjson.loads(content))


def results_of(database: Database, used: Sequence[str]) -> dict[str, StoredPart]:
    """Return the results that are stored of these tool calls, wherever they stand."""
    found: dict[str, StoredPart] = {}
    for each in used:
        row = (
            database.read()
            .execute(
                "SELECT kind, tool_use_id, tool_name, content FROM parts"
                " WHERE tool_use_id = ? AND kind = 'tool-result' LIMIT 1",
                (each,),
            )
            .fetchone()
        )
        if row is not None:
            found[each] = _part(row)
    return found


@dataclass(frozen=True, slots=True)
class SubagentRow:
    """A subagent of a session, under the call that started it."""

    agent_id: str
    agent_type: str | None
    description: str | None
    tool_use_id: str | None
    messages: int


def subagents(database: Database, session_id: str) -> list[SubagentRow]:
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


class Step(NamedTuple):
    """What a timeline needs of one message."""

    seq: int
    kind: str
    timestamp_ms: int | None
    prompt_tokens: int | None
    output_tokens: int | None
    calls: int
    usage_id: str | None = None


def steps(database: Database, session_id: str) -> list[Step]:
    """Return every message of a session's main conversation in brief."""
    rows = database.read().execute(
        "SELECT m.seq, m.kind, m.dated_ms,"
        " u.input_tokens + u.cache_write_5m_tokens + u.cache_write_1h_tokens + u.cache_read_tokens,"
        " u.output_tokens, iif(m.role = 'assistant', (SELECT count(*) FROM parts p"
        "   WHERE p.message_seq = m.seq AND p.kind = 'tool-call'), 0), u.id"
        " FROM messages m LEFT JOIN usage u ON u.carrier = m.id AND u.id = m.usage_id"
        " WHERE m.session_id = ? AND m.agent_id IS NULL AND m.kind <> 'session' ORDER BY m.seq",
        (session_id,),
    )
    return [Step(*row) for row in rows]


def forks(database: Database, session_id: str) -> list[str]:
    """Return the sessions that were copied from this one."""
    rows = database.read().execute(
        "SELECT id FROM sessions WHERE forked_from = ? AND NOT is_excluded ORDER BY started_ms",
        (session_id,),
    )
    return [row[0] for row in rows]


def known_calls(database: Database, used: Sequence[str]) -> set[str]:
    """Return which of these tool calls are stored."""
    query = "SELECT 1 FROM parts WHERE tool_use_id = ? AND kind = 'tool-call' LIMIT 1"
    read = database.read()
    return {each for each in used if read.execute(query, (each,)).fetchone()}
