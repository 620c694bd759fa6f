"""What the dashboard tells of syncing: the sessions that wait, and the lines that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store import queries

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database


def waiting(database: Database, limit: int = 50) -> list[dict[str, JsonValue]]:
    """Return sessions with rows that the backend has not acknowledged, the latest first."""
    rows = database.read().execute(
        "SELECT s.*, c.pending AS rows_pending, c.held AS rows_held,"
        " c.rejected AS rows_rejected, r.ack_ms AS last_ack_ms, r.error AS last_error"
        " FROM session_counts c JOIN sessions s ON s.id = c.session_id"
        " LEFT JOIN remote r ON r.session_id = s.id"
        " WHERE (c.pending OR c.rejected) AND NOT s.is_excluded"
        " ORDER BY s.updated_ms DESC LIMIT ?",
        (limit,),
    )
    return [
        {
            "session_id": row["id"],
            "title": queries.title(database, row),
            "rows_pending": row["rows_pending"],
            "rows_held": row["rows_held"],
            "rows_rejected": row["rows_rejected"],
            "last_ack_ms": row["last_ack_ms"],
            "last_error": row["last_error"],
        }
        for row in rows
    ]


def pending_sessions(database: Database) -> set[str]:
    """Return every session of which something waits."""
    rows = database.read().execute("SELECT session_id FROM session_counts WHERE pending > 0")
    return {row[0] for row in rows}


def unreadable(database: Database, limit: int = 100) -> list[dict[str, JsonValue]]:
    """Return pieces of transcripts that are no rows, with the reason of each."""
    rows = database.read().execute(
        "SELECT t.shown_path, u.start, u.end, u.reason FROM unreadable u"
        " JOIN transcripts t ON t.id = u.transcript_id LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]


def prompts_by_hour(database: Database, since_ms: int | None) -> dict[tuple[int, int], int]:
    """Return prompts by `(weekday, hour)` of this machine's zone; Monday is 0."""
    rows = database.read().execute(
        "SELECT strftime('%w', timestamp_ms / 1000, 'unixepoch', 'localtime'),"
        " strftime('%H', timestamp_ms / 1000, 'unixepoch', 'localtime'), count(*)"
        " FROM messages WHERE kind = 'prompt' AND NOT is_inherited AND timestamp_ms >= ?"
        " GROUP BY 1, 2",
        (since_ms or 0,),
    )
    return {((int(day) + 6) % 7, int(hour)): count for day, hour, count in rows}


def prompts_by_day(database: Database, since_ms: int) -> dict[str, int]:
    """Return how many prompts there were by day (ISO) of this machine's zone."""
    rows = database.read().execute(
        "SELECT date(timestamp_ms / 1000, 'unixepoch', 'localtime'), count(*)"
        " FROM messages WHERE kind = 'prompt' AND NOT is_inherited AND timestamp_ms >= ?"
        " GROUP BY 1",
        (since_ms,),
    )
    return dict(rows.fetchall())
