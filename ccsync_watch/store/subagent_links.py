"""Say which rows are a subagent's and which call started it; in the ingest transaction.

Older clients wrote a subagent's rows into the session's own transcript, as a chain that begins at a
row without a parent, or into a file without a sidecar. The chains and calls are known from rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.transcripts.subagent_meta import SUBAGENT_TOOLS, read_task

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import Batch

SIDECHAIN_PREFIX = "side-"
# Of a text that was shortened, what is left of it is compared.
_CUT_MARK = "… [cut: "
_MIN_KEPT_CHARS = 200


class _Root(NamedTuple):
    """The first row of a chain: where it is, and the task that it holds."""

    agent_id: str
    start: int
    task: str


class _Call(NamedTuple):
    """A call that starts a subagent."""

    tool_use_id: str
    start: int
    prompt: str


def assign_sidechains(connection: sqlite3.Connection, batch: Batch) -> Batch:
    """Return the batch with the rows of each chain assigned to a subagent of its own.

    A chain is named for its first row, or for that row's parent while its first row is missing;
    then the rows that are stored already are renamed when it comes.
    """
    parents = {(row.session_id, row.uuid): row.parent_uuid for row in batch.sidechains}
    agents: dict[tuple[str, str], str] = {}
    for session_id, uuid in parents:
        agent_id = _agent_id(connection, session_id, uuid, parents, agents)
        if agent_id != SIDECHAIN_PREFIX + uuid:
            _rename(connection, session_id, SIDECHAIN_PREFIX + uuid, agent_id)
    connection.executemany(
        "INSERT OR IGNORE INTO subagents (session_id, agent_id) VALUES (?, ?)",
        sorted({(session_id, agent_id) for (session_id, _uuid), agent_id in agents.items()}),
    )
    return replace(
        batch,
        messages=[
            replace(message, agent_id=agents.get((message.session_id, message.uuid)))
            if message.agent_id is None
            else message
            for message in batch.messages
        ],
        usages=[
            replace(usage, agent_id=agents.get((usage.row_session_id, usage.uuid)))
            if usage.agent_id is None
            else usage
            for usage in batch.usages
        ],
    )


def _agent_id(
    connection: sqlite3.Connection,
    session_id: str,
    uuid: str,
    parents: dict[tuple[str, str], str | None],
    agents: dict[tuple[str, str], str],
) -> str:
    """Return the subagent of a row, and remember it for the rows between it and its ancestor."""
    chain: dict[str, None] = {}
    current = uuid
    agent_id = agents.get((session_id, current))
    while agent_id is None:
        chain[current] = None
        parent = parents.get((session_id, current))
        if parent is None or parent in chain:
            agent_id = SIDECHAIN_PREFIX + current
        elif (session_id, parent) in parents:
            current = parent
            agent_id = agents.get((session_id, current))
        else:
            agent_id = _stored_agent_id(connection, session_id, parent)
    agents.update({(session_id, row): agent_id for row in chain})
    return agent_id


def _stored_agent_id(connection: sqlite3.Connection, session_id: str, uuid: str) -> str:
    """Return the subagent of a row that is stored, or else the one that is named for it."""
    stored = (
        connection.execute(
            "SELECT agent_id FROM messages WHERE id = ?", (f"{session_id}:{uuid}",)
        ).fetchone()
        or connection.execute(
            "SELECT agent_id FROM usage_rows WHERE session_id = ? AND uuid = ?", (session_id, uuid)
        ).fetchone()
    )
    return (stored and stored[0]) or SIDECHAIN_PREFIX + uuid


def _rename(connection: sqlite3.Connection, session_id: str, old: str, new: str) -> None:
    known = connection.execute(
        "DELETE FROM subagents WHERE session_id = ? AND agent_id = ?", (session_id, old)
    )
    if known.rowcount:
        for table in ("messages", "usage_rows"):
            connection.execute(
                f"UPDATE OR REPLACE {table} SET agent_id = ? WHERE session_id = ? AND agent_id = ?",  # noqa: S608 - constants
                (new, session_id, old),
            )
        # By the rows: a response may be another session's than the copy that is read.
        connection.execute(
            "UPDATE usage SET agent_id = ?1 WHERE agent_id = ?2 AND id IN"
            " (SELECT usage_id FROM usage_rows WHERE session_id = ?3)",
            (new, old, session_id),
        )


def link_calls(connection: sqlite3.Connection, session_ids: Iterable[str]) -> None:
    """Link the subagents of these sessions to the calls that started them, and describe them."""
    for session_id in sorted(session_ids):
        _link_sidechains(connection, session_id)
        _describe(connection, session_id)


def _link_sidechains(connection: sqlite3.Connection, session_id: str) -> None:
    """Link each chain to the call before it that has its task as prompt, or else by their order."""
    roots = [
        _Root(row["agent_id"], row["start"], _uncut(orjson.loads(row["content"])))
        for row in connection.execute(
            "SELECT m.agent_id, m.start, p.content FROM messages m"
            " JOIN parts p ON p.message_seq = m.seq AND p.kind = 'text'"
            " WHERE m.session_id = ? AND m.agent_id = ? || m.uuid"
            " GROUP BY m.seq HAVING p.position = min(p.position) ORDER BY m.start",
            (session_id, SIDECHAIN_PREFIX),
        )
    ]
    if not roots:
        return
    calls = [
        _Call(row["tool_use_id"], row["start"], _uncut(read_task(orjson.loads(row["content"]))[2]))
        for row in connection.execute(
            "SELECT p.tool_use_id, m.start, p.content FROM messages m"  # noqa: S608 - question marks only
            " JOIN parts p ON p.message_seq = m.seq AND p.kind = 'tool-call'"
            " WHERE m.session_id = ? AND p.tool_use_id IS NOT NULL"
            " AND (m.agent_id IS NULL OR m.agent_id LIKE ?)"
            f" AND p.tool_name IN ({', '.join('?' * len(SUBAGENT_TOOLS))})"
            " ORDER BY m.start, p.position",
            (session_id, f"{SIDECHAIN_PREFIX}%", *SUBAGENT_TOOLS),
        )
    ]
    linked = _match(roots, calls)
    connection.executemany(
        "INSERT INTO subagents (session_id, agent_id, tool_use_id) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET tool_use_id = excluded.tool_use_id,"
        " agent_type = iif(tool_use_id IS excluded.tool_use_id, agent_type, NULL),"
        " description = iif(tool_use_id IS excluded.tool_use_id, description, NULL)",
        [(session_id, root.agent_id, linked.get(root.agent_id)) for root in roots],
    )


def _match(roots: list[_Root], calls: list[_Call]) -> dict[str, str]:
    """Return the call of each chain: by its text first, so that none by order takes its call."""
    linked: dict[str, str] = {}
    free = list(calls)
    for is_same in (_is_same_text, lambda _task, _prompt: True):
        for root in roots:
            if root.agent_id in linked:
                continue
            for call in free:
                if call.start < root.start and is_same(root.task, call.prompt):
                    linked[root.agent_id] = call.tool_use_id
                    free.remove(call)
                    break
    return linked


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


def _describe(connection: sqlite3.Connection, session_id: str) -> None:
    """Take the type and description of subagents without a sidecar from their calls."""
    rows = connection.execute(
        "SELECT a.agent_id, a.tool_use_id, s.is_metadata_only FROM subagents a"
        " LEFT JOIN sessions s ON s.id = a.session_id WHERE a.session_id = ?"
        " AND a.tool_use_id IS NOT NULL AND (a.agent_type IS NULL OR a.description IS NULL)",
        (session_id,),
    ).fetchall()
    for agent_id, tool_use_id, is_metadata_only in rows:
        call = connection.execute(
            "SELECT content FROM parts WHERE tool_use_id = ? AND kind = 'tool-call' LIMIT 1",
            (tool_use_id,),
        ).fetchone()
        if call is None:
            continue
        task = read_task(orjson.loads(call[0]))
        connection.execute(
            "UPDATE subagents SET agent_type = coalesce(agent_type, ?),"
            " description = coalesce(description, ?) WHERE session_id = ? AND agent_id = ?",
            (
                task.agent_type,
                None if is_metadata_only else task.description,
                session_id,
                agent_id,
            ),
        )
