"""Figures of each session that a list is sorted by and shows, counted while pages are opened.

They are derived: a session's row is replaced when messages were added to it. What is not counted
yet has no row, and `count_work` counts it for whoever shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store.call_origins import CALLED_PATH
from ccsync_watch.store.conversations import IS_FAILED
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.meta import get_meta, set_meta
from ccsync_watch.store.session_summaries import session_summary

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from ccsync_watch.store.database import Database

_DONE = "session_figures"
_BATCH_MESSAGES = 2000


class SessionWork(NamedTuple):
    """How long a session lasted without long breaks, and what its calls came to."""

    duration_ms: int | None = None
    failed_calls: int = 0
    changed_files: int = 0
    subagents: int = 0


@dataclass(frozen=True, slots=True)
class SessionFiguresRow:
    """What a session is sorted by; `cost_microusd` is 0 where it is not known."""

    session_id: str
    cost_microusd: int
    tokens: int
    work: SessionWork


def count_work(database: Database, session_id: str) -> SessionWork:
    """Return what is counted over all messages of a session."""
    read = database.read()
    summary = session_summary(database, session_id)
    failed, files = read.execute(
        "SELECT coalesce(sum(failed), 0), count(DISTINCT path) FROM"  # noqa: S608 - constants
        f" (SELECT {IS_FAILED.format(p='p')} AS failed, iif(p.tool_name IN"
        "   ('Edit', 'MultiEdit', 'Write', 'NotebookEdit')"
        "   AND json_extract(unpacked(p.content), '$.ok'),"
        f"   coalesce(json_extract(unpacked(p.content), '$.path'), {CALLED_PATH.format(p='p')}),"
        "   NULL) AS path"
        "  FROM compact_messages r JOIN parts p ON p.message_seq = r.seq"
        f"  WHERE r.session_key = {key_of('?')} AND r.kind = 'tool_result'"
        "  AND p.kind = 'tool-result' LIMIT -1)",
        (session_id,),
    ).fetchone()
    (subagents,) = read.execute(
        "SELECT count(DISTINCT agent_id) FROM compact_messages"  # noqa: S608 - constants
        f" WHERE session_key = {key_of('?')}",
        (session_id,),
    ).fetchone()
    duration_ms = summary.value.duration_ms if summary else None
    return SessionWork(duration_ms, failed, files, subagents)


def load_works(database: Database, session_ids: Iterable[str]) -> dict[str, SessionWork]:
    """Return what sessions did, as it was counted; those with newer messages are counted now."""
    ids = list(session_ids)
    rows = database.read().execute(
        "SELECT f.session_id, f.duration_ms, f.failed_calls, f.changed_files, f.subagents"
        " FROM session_figures f JOIN session_counts c ON c.session_id = f.session_id"
        " WHERE f.messages = c.messages AND f.session_id IN (SELECT value FROM json_each(?))",
        (orjson.dumps(ids).decode(),),
    )
    works = {row[0]: SessionWork(*row[1:]) for row in rows}
    for session_id in ids:
        if session_id not in works:
            works[session_id] = count_work(database, session_id)
    return works


def count_api_errors(database: Database, session_ids: Iterable[str]) -> dict[str, int]:
    """Return how often the API failed for good in sessions; those without are left out."""
    rows = database.read().execute(
        "SELECT i.id, count(*) FROM json_each(?) j CROSS JOIN ids i ON i.id = j.value"
        " CROSS JOIN compact_messages m INDEXED BY messages_api_errors ON m.session_key = i.key"
        " AND m.kind = 'api_error' AND m.role = 'assistant' AND NOT m.is_inherited GROUP BY i.id",
        (orjson.dumps(list(session_ids)).decode(),),
    )
    return {row[0]: row[1] for row in rows}


def session_duration(database: Database, session_id: str) -> int | None:
    """Return how long a session lasted without long breaks, as it was counted, or counted now."""
    row = (
        database.read()
        .execute(
            "SELECT f.duration_ms FROM session_figures f"
            " JOIN session_counts c ON c.session_id = f.session_id"
            " WHERE f.messages = c.messages AND f.duration_ms > 0 AND f.session_id = ?",
            (session_id,),
        )
        .fetchone()
    )
    if row is not None:
        return int(row[0])
    summary = session_summary(database, session_id)
    return summary.value.duration_ms if summary else None


def changed_sessions(database: Database, revision: str) -> tuple[list[str], str]:
    """Return the next sessions to count, and what `save_figures` needs to know of that.

    All are counted again if `revision`, that of the prices, is another one than before.
    """
    read = database.read()
    done = _counted_to(read, revision)
    rows = read.execute(
        "SELECT seq, session_key FROM compact_messages WHERE seq > ? ORDER BY seq LIMIT ?",
        (done, _BATCH_MESSAGES),
    ).fetchall()
    if not rows:
        return [], f"{revision}:{done}"
    keys = orjson.dumps(list(dict.fromkeys(row[1] for row in rows))).decode()
    ids = read.execute(
        "SELECT id FROM ids WHERE key IN (SELECT value FROM json_each(?))", (keys,)
    ).fetchall()
    return [row[0] for row in ids], f"{revision}:{rows[-1][0]}"


def save_figures(database: Database, figures: Sequence[SessionFiguresRow], state: str) -> None:
    """Store figures; `state` is what `changed_sessions` returned with these sessions."""
    with database.write() as connection:
        for row in figures:
            connection.execute(
                "INSERT OR REPLACE INTO session_figures SELECT session_id, messages, prompts,"
                " ?, ?, ?, ?, ?, ? FROM session_counts WHERE session_id = ?",
                (
                    row.cost_microusd,
                    row.tokens,
                    row.work.duration_ms or 0,
                    *row.work[1:],
                    row.session_id,
                ),
            )
        set_meta(connection, _DONE, state)


def count_missing(database: Database, revision: str) -> int:
    """Return about how many messages are not in the figures yet, at the prices of `revision`."""
    read = database.read()
    (last,) = read.execute("SELECT coalesce(max(seq), 0) FROM compact_messages").fetchone()
    return int(last) - _counted_to(read, revision)


def _counted_to(read: sqlite3.Connection, revision: str) -> int:
    """Return the last message that is counted, 0 if it was at other prices."""
    known, _separator, seq = (get_meta(read, _DONE) or "").rpartition(":")
    return int(seq) if known == revision and seq else 0
