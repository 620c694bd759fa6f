"""When prompts were written, by hour of the week and by day, in this machine's time zone."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from ccsync_watch.store.database import Database

# A message `m` that counts for the session it was written in: copies are another session's.
OWN_MESSAGES = "NOT m.is_inherited AND m.kind <> 'session'"
_QUARTER_MS = 900_000


def prompts_by_hour(database: Database, since_ms: int | None) -> dict[tuple[int, int], int]:
    """Return the number of prompts by `(weekday, hour)`; Monday is 0."""
    counts: Counter[tuple[int, int]] = Counter()
    for moment, prompts in _prompts_by_quarter(database, since_ms or 0):
        counts[moment.tm_wday, moment.tm_hour] += prompts
    return dict(counts)


def sessions_at_hour(database: Database, weekday: int, hour: int, *, since_ms: int) -> set[str]:
    """Return the sessions with prompts in an hour of the week, such as Mondays from 9 to 10."""
    read = database.read()
    sessions: set[str] = set()
    next_ms = _next_prompt_ms(read, since_ms)
    while next_ms is not None:
        # Quarters of an hour: a change of the clocks may begin and end an hour anywhere.
        start_ms = next_ms // _QUARTER_MS * _QUARTER_MS
        next_ms = start_ms + _QUARTER_MS
        moment = time.localtime(start_ms // 1000)
        if (moment.tm_wday, moment.tm_hour) != (weekday, hour):
            continue
        rows = read.execute(
            "SELECT DISTINCT s.id FROM compact_messages m JOIN ids s ON s.key = m.session_key"
            " WHERE m.kind = 'prompt' AND NOT m.is_inherited"
            " AND m.timestamp_ms >= ? AND m.timestamp_ms < ?",
            (max(start_ms, since_ms), start_ms + _QUARTER_MS),
        )
        names = [row[0] for row in rows]
        sessions.update(names)
        if not names:
            # Over what may be years without a prompt.
            next_ms = _next_prompt_ms(read, next_ms)
    return sessions


def _next_prompt_ms(read: sqlite3.Connection, since_ms: int) -> int | None:
    """Return the time of the first prompt from then on."""
    row = read.execute(
        "SELECT min(timestamp_ms) FROM compact_messages WHERE kind = 'prompt' AND NOT is_inherited"
        " AND timestamp_ms >= ?",
        (since_ms,),
    ).fetchone()
    return row[0]  # type: ignore[no-any-return]


def prompts_by_day(database: Database, since_ms: int) -> dict[str, int]:
    """Return the number of prompts by day (ISO)."""
    counts: Counter[str] = Counter()
    for moment, prompts in _prompts_by_quarter(database, since_ms):
        counts[f"{moment.tm_year:04}-{moment.tm_mon:02}-{moment.tm_mday:02}"] += prompts
    return dict(counts)


def _prompts_by_quarter(
    database: Database, since_ms: int
) -> Iterator[tuple[time.struct_time, int]]:
    """Yield quarters of an hour, each as local time with its number of prompts.

    Every time zone's offset is a multiple of a quarter, and there are far fewer quarters than
    prompts.
    """
    rows = database.read().execute(
        "SELECT m.timestamp_ms / ?1 AS quarter, count(*) FROM messages m"  # noqa: S608 - constants
        f" WHERE m.kind = 'prompt' AND {OWN_MESSAGES} AND m.timestamp_ms >= ?2"
        " AND m.session_id NOT IN (SELECT id FROM sessions WHERE is_excluded) GROUP BY quarter",
        (_QUARTER_MS, since_ms),
    )
    for quarter, prompts in rows:
        yield time.localtime(quarter * _QUARTER_MS // 1000), prompts
