"""Say which rows of a session's own transcript are a subagent's; in the ingest transaction.

Older clients wrote a subagent's rows into the session's own transcript, as a chain that begins at a
row without a parent. Which call started a subagent: see `subagent_calls`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.store.id_keys import has_id, key_of, uuid_key

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.model import Batch

SIDECHAIN_PREFIX = "side-"


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
            f"SELECT agent_id FROM compact_messages WHERE {has_id('?', '?')}",  # noqa: S608 - a constant
            (uuid, session_id),
        ).fetchone()
        or connection.execute(
            f"SELECT agent_id FROM compact_usage_rows WHERE session_key = {key_of('?')}"  # noqa: S608 - a constant
            " AND uuid_key = ?",
            (session_id, uuid_key(uuid)),
        ).fetchone()
    )
    return (stored and stored[0]) or SIDECHAIN_PREFIX + uuid


def _rename(connection: sqlite3.Connection, session_id: str, old: str, new: str) -> None:
    known = connection.execute(
        "DELETE FROM subagents WHERE session_id = ? AND agent_id = ?", (session_id, old)
    )
    if known.rowcount:
        connection.execute(
            "UPDATE OR REPLACE compact_messages SET agent_id = ?"  # noqa: S608 - a constant
            f" WHERE session_key = {key_of('?')} AND agent_id = ?",
            (new, session_id, old),
        )
        connection.execute(
            "UPDATE OR REPLACE compact_usage_rows SET agent_id = ?"  # noqa: S608 - a constant
            f" WHERE session_key = {key_of('?')} AND agent_id = ?",
            (new, session_id, old),
        )
        # By the rows: a response may be another session's than the copy that is read.
        connection.execute(
            "UPDATE compact_usage SET agent_id = ?1 WHERE agent_id = ?2 AND key IN"  # noqa: S608 - a constant
            f" (SELECT usage_key FROM compact_usage_rows WHERE session_key = {key_of('?3')})",
            (new, old, session_id),
        )
