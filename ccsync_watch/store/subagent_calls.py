"""Say which call started each subagent, and describe it; in the ingest transaction.

Several sources name a subagent's call, in any order, and they may contradict each other. All that
they say is stored, and the best of it is chosen again whenever one of them says something new, so
that the order in which they are read makes no difference. Where nothing names the call, a subagent
belongs to the call that asked for its task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store.packed_texts import unpack
from ccsync_watch.store.subagent_links import SIDECHAIN_PREFIX
from ccsync_watch.transcripts.subagent_meta import STARTING_TOOLS, SUBAGENT_TOOLS, read_task

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import AgentLink, Batch, Message, Subagent

# The best first. What a text of a result says may be quoted there, so it counts for results of
# `STARTING_TOOLS` alone.
_SOURCES = ("sidecar", "result", "progress", "text", "notification")
_SIDECAR, _TEXT = _SOURCES.index("sidecar"), _SOURCES.index("text")
_LAST_MS = 1 << 62
_TASK_KINDS = ("task", "teammate")
# Of a text that was shortened, what is left of it is compared.
_CUT_MARK = "… [cut: "
_MIN_KEPT_CHARS = 200


class _Task(NamedTuple):
    """What a subagent was asked for: by its first message, which is at `start`."""

    agent_id: str
    start: int
    text: str
    is_sidechain: bool


class _Call(NamedTuple):
    """A call that starts a subagent."""

    tool_use_id: str
    start: int
    prompt: str
    is_in_file: bool


class _StoredSubagent(NamedTuple):
    """A subagent as it is stored; `own_type` and `own_description` are its sidecar's.

    `has_task`: it may have the prompt of a call as task.
    """

    agent_id: str
    agent_type: str | None
    description: str | None
    own_type: str | None
    own_description: str | None
    tool_use_id: str | None
    has_task: bool


def save(connection: sqlite3.Connection, batch: Batch, touched: set[str]) -> dict[str, set[str]]:
    """Save what a batch says of the subagents of some sessions, and link them to their calls.

    Return those whose type is another than when messages of theirs were stored, by session.
    """
    new = {
        (session_id, agent_id)
        for session_id, agent_id in sorted(
            {(row.session_id, row.agent_id) for row in batch.messages if row.agent_id}
        )
        if session_id in touched
        and connection.execute(
            "INSERT OR IGNORE INTO subagents (session_id, agent_id) VALUES (?, ?)",
            (session_id, agent_id),
        ).rowcount
    }
    changed = {session_id for session_id, _agent_id in new}
    changed |= _save_subagents(
        connection, [subagent for subagent in batch.subagents if subagent.session_id in touched]
    )
    changed |= _save_links(connection, [link for link in batch.links if link.session_id in touched])
    changed.update(row.session_id for row in batch.sidechains)
    changed.update(message.session_id for message in batch.messages if _may_link(message))
    renamed = {}
    for session_id in sorted(changed & touched):
        agent_ids = link_session(connection, session_id)
        renamed[session_id] = {name for name in agent_ids if (session_id, name) not in new}
    return renamed


def _may_link(message: Message) -> bool:
    """Return whether a message starts a subagent, or says what one was asked for."""
    if message.kind in _TASK_KINDS:
        return message.agent_id is not None
    return message.kind == "answer" and any(
        part.tool_name in STARTING_TOOLS for part in message.parts
    )


def _save_subagents(connection: sqlite3.Connection, subagents: Iterable[Subagent]) -> set[str]:
    """Save what is known of each subagent; return the sessions in which that is something new."""
    sessions: set[str] = set()
    for subagent in subagents:
        values = (
            subagent.agent_type, subagent.description, subagent.parent_agent_id, subagent.depth,
            subagent.model, subagent.is_finished, subagent.phase, subagent.teammate_id,
            subagent.run_id, subagent.task_id, subagent.position, subagent.is_helper or None,
        )  # fmt: skip
        columns = (
            "own_type", "own_description", "parent_agent_id", "depth", "model", "is_finished",
            "phase", "teammate_id", "run_id", "task_id", "position", "is_helper",
        )  # fmt: skip
        updates = ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in columns)
        is_other = " OR ".join(
            f"excluded.{name} IS NOT NULL AND excluded.{name} IS NOT {name}" for name in columns
        )
        saved = connection.execute(
            f"INSERT INTO subagents (session_id, agent_id, {', '.join(columns)})"  # noqa: S608 - constants
            f" VALUES (?, ?{', ?' * len(columns)})"
            f" ON CONFLICT DO UPDATE SET {updates} WHERE {is_other}",
            (subagent.session_id, subagent.agent_id, *values),
        )
        if saved.rowcount > 0:
            sessions.add(subagent.session_id)
        if subagent.tool_use_id and _save_call(
            connection,
            (subagent.session_id, subagent.agent_id, _SIDECAR, subagent.tool_use_id, None),
        ):
            sessions.add(subagent.session_id)
            connection.execute(
                "DELETE FROM subagent_calls WHERE session_id = ? AND name = ? AND source = ?"
                " AND tool_use_id <> ?",
                (subagent.session_id, subagent.agent_id, _SIDECAR, subagent.tool_use_id),
            )
    return sessions


def _save_links(connection: sqlite3.Connection, links: Iterable[AgentLink]) -> set[str]:
    """Save which calls started which subagents; return the sessions in which that is new."""
    return {
        link.session_id
        for link in links
        if _save_call(
            connection,
            (
                link.session_id,
                link.name,
                _SOURCES.index(link.source),
                link.tool_use_id,
                link.timestamp_ms,
            ),
        )
    }


def _save_call(
    connection: sqlite3.Connection, values: tuple[str, str, int, str, int | None]
) -> bool:
    """Save one statement of one source, with its earliest time; return whether it is new."""
    saved = connection.execute(
        "INSERT INTO subagent_calls VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " at_ms = excluded.at_ms WHERE excluded.at_ms < coalesce(at_ms, 9e18)",
        values,
    )
    return saved.rowcount > 0


def link_session(connection: sqlite3.Connection, session_id: str) -> set[str]:
    """Choose the call of each subagent of a session, and describe it by that.

    Return those that got another type.
    """
    renamed = set()
    subagents = [
        _StoredSubagent(*row)
        for row in connection.execute(
            "SELECT agent_id, agent_type, description, own_type, own_description, tool_use_id,"
            " run_id IS NULL AND is_helper IS NULL FROM subagents WHERE session_id = ?",
            (session_id,),
        )
    ]
    linked = _named_calls(connection, session_id)
    unnamed = {item.agent_id for item in subagents if item.has_task and item.agent_id not in linked}
    if unnamed:
        linked.update(_match_prompts(connection, session_id, unnamed, set(linked.values())))
    is_metadata_only = connection.execute(
        "SELECT is_metadata_only FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    for item in subagents:
        tool_use_id = linked.get(item.agent_id)
        agent_type, description = _describe(connection, item, tool_use_id)
        if is_metadata_only and is_metadata_only[0]:
            description = None
        values = (tool_use_id, agent_type, description)
        if values != (item.tool_use_id, item.agent_type, item.description):
            connection.execute(
                "UPDATE subagents SET tool_use_id = ?, agent_type = ?, description = ?"
                " WHERE session_id = ? AND agent_id = ?",
                (*values, session_id, item.agent_id),
            )
        if agent_type != item.agent_type:
            renamed.add(item.agent_id)
    return renamed


def _describe(
    connection: sqlite3.Connection, item: _StoredSubagent, tool_use_id: str | None
) -> tuple[str | None, str | None]:
    """Return a subagent's type and description: its sidecar's, else those of its call."""
    if item.own_type and item.own_description:
        return item.own_type, item.own_description
    call = _read_call(connection, tool_use_id) if tool_use_id else None
    if call is None:
        # Nothing better is known of the same call than before.
        is_same = tool_use_id == item.tool_use_id
        call = (item.agent_type, item.description) if is_same else (None, None)
    return item.own_type or call[0], item.own_description or call[1]


def _named_calls(connection: sqlite3.Connection, session_id: str) -> dict[str, str]:
    """Return the best call that a source names of each subagent: of its id, its run or its name."""
    best: dict[str, tuple[bool, int, int, str]] = {}
    for agent_id, source, tool_use_id, at_ms, tool in connection.execute(
        "SELECT a.agent_id, c.source, c.tool_use_id, c.at_ms, (SELECT p.tool_name FROM parts p"
        "  WHERE p.tool_use_id = c.tool_use_id AND p.kind = 'tool-call' LIMIT 1)"
        " FROM subagents a JOIN subagent_calls c ON c.session_id = a.session_id"
        " AND c.name IN (a.agent_id, a.teammate_id, a.run_id, a.task_id) WHERE a.session_id = ?",
        (session_id,),
    ):
        if source == _TEXT and tool not in STARTING_TOOLS:
            continue
        # A message to a subagent that runs already is a call that names it, too.
        is_doubtful = tool not in STARTING_TOOLS and source != _SIDECAR
        rank = (is_doubtful, source, _LAST_MS if at_ms is None else at_ms, tool_use_id)
        if agent_id not in best or rank < best[agent_id]:
            best[agent_id] = rank
    return {agent_id: rank[3] for agent_id, rank in best.items()}


def _match_prompts(
    connection: sqlite3.Connection, session_id: str, unnamed: set[str], taken: set[str]
) -> dict[str, str]:
    """Link subagents to the calls before them that have their tasks as prompts.

    Chains in the session's own transcript are linked by their order if no text is the same.
    """
    tasks = [task for task in _tasks(connection, session_id) if task.agent_id in unnamed]
    if not tasks:
        return {}
    calls = [call for call in _calls(connection, session_id) if call.tool_use_id not in taken]
    linked: dict[str, str] = {}
    for by_order in (False, True):
        for task in tasks:
            if task.agent_id in linked or (by_order and not task.is_sidechain):
                continue
            for call in calls:
                # Offsets compare within one file only.
                is_before = not task.is_sidechain or (call.is_in_file and call.start < task.start)
                if is_before and (by_order or _is_same_text(task.text, call.prompt)):
                    linked[task.agent_id] = call.tool_use_id
                    calls.remove(call)
                    break
    return linked


def _tasks(connection: sqlite3.Connection, session_id: str) -> list[_Task]:
    """Return the tasks of a session's subagents, in the order in which they started."""
    rows = connection.execute(
        "SELECT m.agent_id, m.start, p.content, m.uuid, min(p.position) FROM messages m"  # noqa: S608 - question marks only
        " JOIN parts p ON p.message_seq = m.seq AND p.kind = 'text'"
        " WHERE m.session_id = ? AND m.agent_id IS NOT NULL"
        f" AND (m.kind IN ({', '.join('?' * len(_TASK_KINDS))}) OR m.agent_id = ? || m.uuid)"
        " GROUP BY m.seq ORDER BY coalesce(m.timestamp_ms, 9e18), m.start, m.agent_id",
        (session_id, *_TASK_KINDS, SIDECHAIN_PREFIX),
    ).fetchall()
    first: dict[str, _Task] = {}
    for agent_id, start, content, uuid, _position in rows:
        is_sidechain = agent_id.startswith(SIDECHAIN_PREFIX)
        if is_sidechain and agent_id != SIDECHAIN_PREFIX + uuid:
            continue
        if agent_id not in first or start < first[agent_id].start:
            text = _uncut(orjson.loads(unpack(content)))
            first[agent_id] = _Task(agent_id, start, text, is_sidechain)
    return sorted(first.values(), key=lambda task: task.start if task.is_sidechain else 0)


def _calls(connection: sqlite3.Connection, session_id: str) -> list[_Call]:
    """Return the calls that ask a subagent for something, in their order."""
    return [
        _Call(
            row["tool_use_id"],
            row["start"],
            _uncut(read_task(orjson.loads(unpack(row["content"]))).prompt),
            row["agent_id"] is None or row["agent_id"].startswith(SIDECHAIN_PREFIX),
        )
        for row in connection.execute(
            "SELECT p.tool_use_id, m.start, m.agent_id, p.content FROM messages m"  # noqa: S608 - question marks only
            " JOIN parts p ON p.message_seq = m.seq AND p.kind = 'tool-call'"
            " WHERE m.session_id = ? AND p.tool_use_id IS NOT NULL"
            f" AND p.tool_name IN ({', '.join('?' * len(SUBAGENT_TOOLS))})"
            " ORDER BY coalesce(m.timestamp_ms, 9e18), m.start, p.position",
            (session_id, *SUBAGENT_TOOLS),
        )
    ]


def _is_same_text(task: str, prompt: str) -> bool:
    """Return whether two texts are the same as far as both were kept."""
    size = min(len(task), len(prompt))
    return (
        size > 0
        and task[:size] == prompt[:size]
        and (len(task) == len(prompt) or size >= _MIN_KEPT_CHARS)
    )


def _uncut(content: object) -> str:
    return content.split(_CUT_MARK, 1)[0].strip() if isinstance(content, str) else ""


def _read_call(
    connection: sqlite3.Connection, tool_use_id: str
) -> tuple[str | None, str | None] | None:
    """Return the type of subagent that a call asks for, and the call's description.

    None for a call that is not stored, or is not one for a single subagent.
    """
    row = connection.execute(
        "SELECT content, tool_name FROM parts WHERE tool_use_id = ? AND kind = 'tool-call' LIMIT 1",
        (tool_use_id,),
    ).fetchone()
    if row is None or row[1] not in SUBAGENT_TOOLS:
        return None
    task = read_task(orjson.loads(unpack(row[0])))
    return task.agent_type, task.description
