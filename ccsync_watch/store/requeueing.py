"""Queue messages again whose content changed.

What was pruned is not sent again, and a copy that was never sent is not sent at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.outgoing import PRUNED
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.id_queries import select_among
from ccsync_watch.store.meta import get_meta

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

MARKED_UNSENT = 3
"""The value of `is_inherited` in copies without a mark that were never sent: see `copies`."""
IS_PRUNED = f"json_extract({{m}}.facts, '$.{PRUNED}') IS NOT NULL"
"""Whether a row of `messages`, named `{m}`, was pruned; in SQL."""


def requeue(
    connection: sqlite3.Connection, seq: int, session_id: str, *, now_ms: int, is_released: bool
) -> None:
    """Queue a message whose content changed: as uncertain, unless it was never sent.

    If it was sent it is postponed, as the backend ignores a change that follows closely. If that is
    unknown its session is blocked as long: its later rows must not overtake it.
    The results of its calls are queued too: each is sent with its call.
    What was pruned is not sent again: its texts are gone.
    """
    settled_ms = now_ms + resend_delay_ms(connection)
    for changed_seq in (seq, *_results_of(connection, seq, session_id)):
        if not _may_be_sent(connection, changed_seq):
            continue
        connection.execute(
            "UPDATE remote SET blocked_ms = ? WHERE session_id = ? AND EXISTS"
            " (SELECT 1 FROM outbox WHERE seq = ? AND NOT is_certain AND not_before_ms <= ?)",
            (settled_ms, session_id, changed_seq, now_ms),
        )
        connection.execute(
            "INSERT INTO outbox (seq, session_key, is_certain, is_released, not_before_ms)"  # noqa: S608 - a constant
            f" VALUES (?, {key_of('?')}, 0, ?, ?) ON CONFLICT DO UPDATE SET version = version + 1,"
            " rejected = NULL, attempts = 0",
            (changed_seq, session_id, is_released, settled_ms),
        )


def requeue_agents(
    connection: sqlite3.Connection,
    session_id: str,
    agent_ids: Collection[str],
    *,
    now_ms: int,
    is_released: bool,
) -> None:
    """Queue the messages of subagents that have another type: it is sent with each of them."""
    query = (
        "SELECT m.seq, EXISTS (SELECT 1 FROM outbox o WHERE o.seq = m.seq AND o.is_certain)"
        " FROM messages m WHERE m.session_id = ? AND m.agent_id IN ({ids})"
    )
    rows = sorted(
        (seq, is_unsent)
        for seq, is_unsent in select_among(connection, query, sorted(agent_ids), session_id)
    )
    # What was not sent yet may have been read to be sent.
    connection.executemany(
        "UPDATE outbox SET version = version + 1 WHERE seq = ?",
        [(seq,) for seq, is_unsent in rows if is_unsent],
    )
    for seq, is_unsent in rows:
        if not is_unsent:
            requeue(connection, seq, session_id, now_ms=now_ms, is_released=is_released)


def is_pruned(facts: str) -> bool:
    """Return whether the stored facts of a message say that it was pruned."""
    return f'"{PRUNED}"' in facts and PRUNED in orjson.loads(facts)


def _may_be_sent(connection: sqlite3.Connection, seq: int) -> bool:
    row = connection.execute(
        "SELECT facts, is_inherited FROM compact_messages WHERE seq = ?", (seq,)
    ).fetchone()
    return row is None or not (is_pruned(row[0]) or row[1] == MARKED_UNSENT)


def _results_of(connection: sqlite3.Connection, seq: int, session_id: str) -> list[int]:
    """Return the messages of a session with the results of a message's calls."""
    rows = connection.execute(
        "SELECT DISTINCT r.message_seq FROM parts c JOIN parts r"
        " ON r.tool_use_id = c.tool_use_id AND r.kind = 'tool-result'"
        " JOIN messages m ON m.seq = r.message_seq"
        " WHERE c.message_seq = ? AND c.kind = 'tool-call' AND m.session_id = ?",
        (seq, session_id),
    )
    return [row[0] for row in rows.fetchall()]


def resend_delay_ms(connection: sqlite3.Connection) -> int:
    """Return how long the outbox's destination ignores new content of a row just stored.

    `Outbox.set_resend_delay` keeps it; 0 before there was a destination.
    """
    return int(get_meta(connection, "resend_delay_ms") or 0)
