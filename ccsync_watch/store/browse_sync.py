"""What the dashboard tells of syncing: the sessions that wait, and the lines that are none."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from ccsync_watch.store import queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

_QUARTER_MS = 900_000
_MANY = 1000


def waiting(database: Database, limit: int = 50) -> list[dict[str, JsonValue]]:
    """Return sessions with rows that the backend has not acknowledged, the latest first."""
    read = database.read()
    (count,) = read.execute(
        "SELECT count(*) FROM (SELECT 1 FROM session_counts WHERE pending OR rejected LIMIT ?)",
        (_MANY,),
    ).fetchone()
    # Few are sorted; of many the latest are soon found among all sessions.
    tables, on = "session_counts c CROSS JOIN sessions s", "s.id = c.session_id"
    if count == _MANY:
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
    made: Counter[tuple[int, int]] = Counter()
    for moment, count in _prompts(database, since_ms or 0):
        made[moment.tm_wday, moment.tm_hour] += count
    return dict(made)


def prompts_by_day(database: Database, since_ms: int) -> dict[str, int]:
    """Return how many prompts there were by day (ISO) of this machine's zone."""
    made: Counter[str] = Counter()
    for moment, count in _prompts(database, since_ms):
        made[f"{moment.tm_year:04}-{moment.tm_mon:02}-{moment.tm_mday:02}"] += count
    return dict(made)


def _prompts(database: Database, since_ms: int) -> Iterator[tuple[time.struct_time, int]]:
    """Yield quarters of an hour, the local time of each, and how many prompts there were.

    No zone is further from a quarter, and there are far fewer of them than prompts.
    """
    rows = database.read().execute(
        "SELECT timestamp_ms / ?1 AS quarter, count(*) FROM messages"
        " WHERE kind = 'prompt' AND NOT is_inherited AND timestamp_ms >= ?2"
        " AND session_id NOT IN (SELECT id FROM sessions WHERE is_excluded) GROUP BY quarter",
        (_QUARTER_MS, since_ms),
    )
    for quarter, count in rows:
        yield time.localtime(quarter * _QUARTER_MS // 1000), count
