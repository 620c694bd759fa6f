"""Starts and ends of sessions, as the hooks told them; they complete the session's header."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.store import session_writer
from ccsync_watch.store.ingest import save_header

if TYPE_CHECKING:
    from ccsync_watch.hook_events import HookEvent
    from ccsync_watch.model import Redacted
    from ccsync_watch.store.database import Database


def record(
    database: Database, signal: Redacted[HookEvent], *, now_ms: int, is_released: bool
) -> bool:
    """Keep a signal, once however often it is recorded; return whether it is news.

    What it changes of a session that is known already is queued to be sent. Raises StateError.
    """
    value = signal.value
    with database.write() as connection:
        if session_writer.excluded(connection, [value.session_id]):
            return False
        made = connection.execute(
            "INSERT INTO hook_events (name, session_id, at_ms, detail) SELECT ?1, ?2, ?3, ?4"
            " WHERE NOT EXISTS (SELECT 1 FROM hook_events"
            "   WHERE session_id = ?2 AND name = ?1 AND at_ms = ?3)",
            (value.event, value.session_id, value.at_ms, orjson.dumps(value.detail).decode()),
        )
        if not made.rowcount:
            return False
        has_rows = connection.execute(
            "SELECT 1 FROM messages WHERE session_id = ? LIMIT 1", (value.session_id,)
        ).fetchone()
        if has_rows:
            save_header(connection, value.session_id, now_ms=now_ms, is_released=is_released)
            session_writer.mark_due(connection, [value.session_id], is_released=is_released)
    return True
