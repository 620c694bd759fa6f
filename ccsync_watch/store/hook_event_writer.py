"""Save the starts and ends of sessions that hooks reported; they complete the session's header."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.store.ingest import save_header
from ccsync_watch.store.session_policy import excluded_among
from ccsync_watch.store.session_writer import mark_due

if TYPE_CHECKING:
    from ccsync_watch.hook_events import HookEvent
    from ccsync_watch.model import Redacted
    from ccsync_watch.store.database import Database


def save_hook_event(
    database: Database, event: Redacted[HookEvent], *, now_ms: int, is_released: bool
) -> bool:
    """Save a hook event once, however often it is saved; return whether it is new.

    What it changes of a known session is queued to be sent. Raises StateError.
    """
    value = event.value
    with database.write() as connection:
        if excluded_among(connection, [value.session_id]):
            return False
        inserted = connection.execute(
            "INSERT INTO hook_events (name, session_id, at_ms, detail) SELECT ?1, ?2, ?3, ?4"
            " WHERE NOT EXISTS (SELECT 1 FROM hook_events"
            "   WHERE session_id = ?2 AND name = ?1 AND at_ms = ?3)",
            (value.name, value.session_id, value.at_ms, orjson.dumps(value.detail).decode()),
        )
        if not inserted.rowcount:
            return False
        has_messages = connection.execute(
            "SELECT 1 FROM messages WHERE session_id = ? LIMIT 1", (value.session_id,)
        ).fetchone()
        if has_messages:
            save_header(connection, value.session_id, now_ms=now_ms, is_released=is_released)
            mark_due(connection, [value.session_id], is_released=is_released)
    return True
