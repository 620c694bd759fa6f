"""What the dashboard shows of syncing: sessions with pending or rejected rows, unreadable lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.session_annotations import shown_title

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

_MANY_SESSIONS = 1000


def unsynced_sessions(database: Database, limit: int = 50) -> list[dict[str, JsonValue]]:
    """Return sessions with rows that the backend has not acknowledged, the latest first."""
    read = database.read()
    (count,) = read.execute(
        "SELECT count(*) FROM (SELECT 1 FROM session_counts WHERE pending OR rejected LIMIT ?)",
        (_MANY_SESSIONS,),
    ).fetchone()
    # Few are sorted; of many the latest are soon found by walking all sessions from the latest.
    tables, on = "session_counts c CROSS JOIN sessions s", "s.id = c.session_id"
    if count == _MANY_SESSIONS:
        tables = "sessions s CROSS JOIN session_counts c"
    rows = read.execute(
        "SELECT s.*, c.pending AS rows_pending, c.held AS rows_held,"  # noqa: S608 - constants
        " c.rejected AS rows_rejected, r.ack_ms AS last_ack_ms, r.error AS last_error"
        f" FROM {tables} ON {on} LEFT JOIN remote r ON r.session_id = s.id"
        " WHERE (c.pending OR c.rejected) AND NOT s.is_excluded"
        " ORDER BY s.updated_ms DESC LIMIT ?",
        (limit,),
    )
    return [
        {
            "session_id": row["id"],
            "title": shown_title(database, row),
            "rows_pending": row["rows_pending"],
            "rows_held": row["rows_held"],
            "rows_rejected": row["rows_rejected"],
            "last_ack_ms": row["last_ack_ms"],
            "last_error": row["last_error"],
        }
        for row in rows
    ]


def sessions_with_pending_rows(database: Database) -> set[str]:
    """Return every session that has rows to send."""
    rows = database.read().execute("SELECT session_id FROM session_counts WHERE pending > 0")
    return {row[0] for row in rows}


def unreadable_ranges(database: Database, limit: int = 100) -> list[dict[str, JsonValue]]:
    """Return byte ranges of transcripts that could not be read, with the reason of each."""
    rows = database.read().execute(
        "SELECT t.shown_path, u.start, u.end, u.reason FROM unreadable u"
        " JOIN transcripts t ON t.id = u.transcript_id LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]
