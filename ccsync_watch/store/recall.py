"""Take back what was sent: the texts of sessions that the user's policies exclude since.

A destination need not be able to delete. So every message that it may have is sent again without
its content, and the session without its title and folder. What stays there are the session's dates,
its tokens and cost, its model, and how many messages it had, with their roles.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.model import Part, Redacted
from ccsync_watch.outgoing import SessionSummary
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.requeueing import resend_delay_ms
from ccsync_watch.store.session_writer import mark_due

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.database import Database

# A thinking part: it is shown where a message has nothing else, and is never searched.
_REMOVED = (Part("thinking", "[removed]"),)
_TITLE = "Excluded session"
_FOLDER = "excluded"

_UNQUEUE = f"DELETE FROM outbox WHERE session_key = {key_of('?')}"  # noqa: S608 - a constant


def recall_session(
    connection: sqlite3.Connection, session_id: str, *, now_ms: int, is_released: bool
) -> None:
    """Queue what the destination may have of a session, to be sent again without its content.

    What it certainly does not have is not sent any more. Inside a transaction, once a session.
    """
    was_sent = connection.execute(
        "SELECT 1 FROM remote WHERE session_id = ? AND sent IS NOT NULL", (session_id,)
    ).fetchone()
    if not was_sent:
        connection.execute(_UNQUEUE, (session_id,))
        connection.execute(
            "UPDATE remote SET is_due = 0, is_held = 0 WHERE session_id = ?", (session_id,)
        )
        return
    connection.execute(
        "INSERT INTO outbox (seq, session_key, is_certain, is_released, not_before_ms)"
        " SELECT m.seq, m.session_key, 0, ?1, ?2 FROM messages m JOIN sessions s"
        " ON s.id = m.session_id WHERE m.session_id = ?3"
        # Copies without a mark were sent in the session that they were copied from.
        " AND NOT (m.is_inherited AND s.forked_from IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.seq = m.seq AND o.is_certain)"
        " ON CONFLICT DO UPDATE SET version = version + 1, rejected = NULL, attempts = 0,"
        " is_released = excluded.is_released, not_before_ms = excluded.not_before_ms",
        (is_released, now_ms + resend_delay_ms(connection), session_id),
    )
    connection.execute(f"{_UNQUEUE} AND is_certain", (session_id,))
    mark_recalled(connection, session_id)
    connection.execute("UPDATE remote SET sent = '{}' WHERE session_id = ?", (session_id,))
    mark_due(connection, [session_id], is_released=is_released)


def mark_recalled(connection: sqlite3.Connection, session_id: str) -> None:
    """Mark that the destination may have words of a session which must go: in its state, too."""
    connection.execute(
        "UPDATE remote SET applied = NULL, is_search_stale = 1, is_recalled = 1"
        " WHERE session_id = ? AND sent IS NOT NULL",
        (session_id,),
    )
    # So may destinations that the user switched away from, and may return to.
    connection.execute(
        "UPDATE earlier_sessions SET applied = NULL, sent = '{}', is_search_stale = 1,"
        " is_recalled = 1 WHERE session_id = ? AND sent IS NOT NULL",
        (session_id,),
    )


def is_excluded(read: sqlite3.Connection, session_id: str) -> bool:
    """Return whether nothing of a session's content may be sent."""
    query = "SELECT 1 FROM sessions WHERE id = ? AND is_excluded"
    return read.execute(query, (session_id,)).fetchone() is not None


def without_content(message: StoredMessage) -> StoredMessage:
    """Return a message of an excluded session as it may be sent."""
    return replace(message, agent_id=None, agent_type=None, facts={}, parts=_REMOVED)


def recalled_summary(database: Database, session_id: str) -> Redacted[SessionSummary] | None:
    """Return the state of an excluded session that was sent; None for every other session."""
    row = database.read().execute(
        "SELECT 1 FROM remote r JOIN sessions s ON s.id = r.session_id"
        " WHERE r.session_id = ? AND s.is_excluded AND r.sent IS NOT NULL",
        (session_id,),
    )
    if row.fetchone() is None:
        return None
    return Redacted(
        SessionSummary(
            session_id=session_id,
            title=_TITLE,
            project_path=_FOLDER,
            project_name=_FOLDER,
            # What is not known overwrites nothing.
            model=None,
            prompt_tokens=0,
            output_tokens=0,
            cost_usd=None,
            started_ms=None,
            duration_ms=None,
        )
    )
