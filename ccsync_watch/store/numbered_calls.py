"""Give the stored calls whose ids are numbers ids of their own, and their results the same ones.

Earlier versions stored ids as gateways write them, and took a result for any call's with its id.
The rows now get the ids that reading their transcripts gives them. Results that were sent as those
of another call are queued, to be sent with their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.store import subagent_calls
from ccsync_watch.store.backups import remove_backup
from ccsync_watch.store.meta import delete_meta, get_meta
from ccsync_watch.store.requeueing import requeue, requeue_agents
from ccsync_watch.store.session_policy import excluded_among
from ccsync_watch.store.session_writer import mark_due
from ccsync_watch.transcripts.call_ids import is_numbered, is_own, own_call_id

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from ccsync_watch.store.database import Database

_META = "numbered_calls"
_KINDS = ("tool-call", "tool-result")


class _Renamed(NamedTuple):
    """A part that gets its own id. `is_sent_otherwise`: a result that went with another call."""

    seq: int
    position: int
    used: str
    own: str
    timestamp_ms: int | None
    is_sent_otherwise: bool


def are_due(database: Database) -> bool:
    """Return whether the store has rows of an earlier version that `rename` is for."""
    return get_meta(database.read(), _META) is not None


def numbered_rows(database: Database) -> dict[str, list[int]]:
    """Return the messages with such calls or results, by session, in the order of ingestion."""
    read = database.read()
    seqs = {
        row[1]
        for kind in _KINDS
        for row in read.execute(
            "SELECT tool_use_id, message_seq FROM parts WHERE kind = ?", (kind,)
        )
        if is_numbered(row[0]) or is_own(row[0])
    }
    rows: dict[str, list[int]] = {}
    query = "SELECT session_id FROM messages WHERE seq = ?"
    for seq in sorted(seqs):
        for (session_id,) in read.execute(query, (seq,)):
            rows.setdefault(session_id, []).append(seq)
    return rows


def rename(database: Database, session_id: str, *, now_ms: int, is_released: bool) -> None:
    """Rename the calls of a session, in one commit; once it is done, that changes nothing."""
    with database.write() as connection:
        renamed = list(_renamed(connection, session_id))
        connection.executemany(
            "UPDATE parts SET tool_use_id = ? WHERE message_seq = ? AND position = ?",
            [(part.own, part.seq, part.position) for part in renamed],
        )
        agent_ids = _rename_links(connection, session_id, renamed)
        # Which session's call it was is not known; it is noted again when that is read.
        connection.executemany(
            "UPDATE worktrees SET call_id = NULL WHERE call_id = ?",
            [(used,) for used in {part.used for part in renamed}],
        )
        if excluded_among(connection, [session_id]):
            return
        seqs = sorted({part.seq for part in renamed if part.is_sent_otherwise})
        for seq in seqs:
            requeue(connection, seq, session_id, now_ms=now_ms, is_released=is_released)
        requeue_agents(connection, session_id, agent_ids, now_ms=now_ms, is_released=is_released)
        if seqs or agent_ids:
            mark_due(connection, [session_id], is_released=is_released)


def finish(database: Database) -> None:
    """Store that all of it is done; a copy of the database still has what was removed."""
    with database.write() as connection:
        remove_backup(connection)
        delete_meta(connection, _META)
    database.checkpoint()


def _renamed(connection: sqlite3.Connection, session_id: str) -> Iterator[_Renamed]:
    """Yield the parts of a session that get other ids: a result answers the last call before it."""
    last: dict[tuple[str | None, str], str] = {}
    first: dict[str, str] = {}
    rows = connection.execute(
        "SELECT m.seq, p.position, p.kind, p.tool_use_id, m.agent_id, m.role, m.timestamp_ms,"
        " coalesce(m.usage_id, m.id) FROM messages m JOIN parts p ON p.message_seq = m.seq"
        " WHERE m.session_id = ? AND p.tool_use_id IS NOT NULL ORDER BY m.seq, p.position",
        (session_id,),
    ).fetchall()
    for seq, position, kind, used, agent_id, role, timestamp_ms, response in rows:
        if not is_numbered(used):
            continue
        if kind == "tool-call":
            # What a hook made of a call is a row of its own, which is not Claude's.
            if role == "assistant":
                last[agent_id, used] = own_call_id(used, response)
            # A result was sent with the first call of the session that has its id.
            first.setdefault(used, last.get((agent_id, used), used))
        own = last.get((agent_id, used))
        if own is not None:
            is_other = kind == "tool-result" and first.get(used) != own
            yield _Renamed(seq, position, used, own, timestamp_ms, is_other)


def _rename_links(
    connection: sqlite3.Connection, session_id: str, renamed: list[_Renamed]
) -> set[str]:
    """Rename the calls that started subagents, as far as a row at the same time shows which.

    Return the subagents that have another type by that.
    """
    by_time = {(part.used, part.timestamp_ms): part.own for part in renamed}
    links = connection.execute(
        "SELECT name, source, tool_use_id, at_ms FROM subagent_calls WHERE session_id = ?",
        (session_id,),
    ).fetchall()
    numbered = [link for link in links if is_numbered(link[2])]
    for name, source, used, at_ms in numbered:
        connection.execute(
            "DELETE FROM subagent_calls WHERE session_id = ? AND name = ? AND source = ?"
            " AND tool_use_id = ?",
            (session_id, name, source, used),
        )
        own = by_time.get((used, at_ms)) if at_ms is not None else None
        if own is not None:
            connection.execute(
                "INSERT OR IGNORE INTO subagent_calls VALUES (?, ?, ?, ?, ?)",
                (session_id, name, source, own, at_ms),
            )
    return subagent_calls.link_session(connection, session_id) if numbered else set()
