"""The client's own totals of a session, from the store: the last one, and what it inherited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.accounting.account import NO_TOTALS, ClientTotals
from ccsync_watch.accounting.calendars import LOCAL_DAYS
from ccsync_watch.accounting.client_totals import read_client_totals
from ccsync_watch.accounting.reconciliation import Claim
from ccsync_watch.accounting.spreading import Day
from ccsync_watch.accounting.usage_groups import NEVER_MS, counted_sql
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.accounting.calendars import Calendar

_MAX_CLEARED = 3


def load_claim(
    read: sqlite3.Connection,
    session_id: str,
    *,
    calendar: Calendar = LOCAL_DAYS,
    since_ms: int = 0,
    until_ms: int | None = None,
) -> Claim | None:
    """Return the client's total of a session, None when it wrote none."""
    states = _states(read, session_id)
    if not states:
        return None
    totals = states[-1][0]
    ended_ms = "coalesce(updated_ms, started_ms)"
    query = (
        f"SELECT forked_from, is_branch, {calendar.key_sql(ended_ms)} AS day,"  # noqa: S608 - constants
        f" {counted_sql(ended_ms, until_ms)} AS is_counted FROM sessions WHERE id = ?"
    )
    session = read.execute(query, (since_ms, session_id)).fetchone()
    if session is None:
        return Claim(totals)
    causes = _causes(read, session_id)
    last_day = Day(session["day"], session["is_counted"] != 0)
    source = session["forked_from"]
    if source is None:
        return Claim(
            totals,
            cleared=_totals_before_clear(read, session_id),
            is_after_clear=_is_after_clear(read, session_id),
            causes=causes,
            last_day=last_day,
        )
    inherited = _totals_before_fork(read, source, session_id)
    if session["is_branch"]:
        return Claim(totals, (NO_TOTALS, *inherited), causes=causes, last_day=last_day)
    is_stored = read.execute("SELECT 1 FROM sessions WHERE id = ?", (source,)).fetchone()
    return Claim(
        totals,
        (*inherited, NO_TOTALS),
        is_certain=is_stored is not None,
        causes=causes,
        last_day=last_day,
    )


def _causes(read: sqlite3.Connection, session_id: str) -> tuple[str, ...]:
    """Return what of the session's rows leaves requests without a row, or with part of one."""
    counts = read.execute(
        "SELECT sum(kind = 'compaction'), sum(kind = 'interrupt'),"
        " sum(kind = 'api_error' AND role = 'assistant') FROM messages"
        " WHERE session_id = ? AND kind IN ('compaction', 'interrupt', 'api_error')",
        (session_id,),
    ).fetchone()
    names = ("compaction", "interrupted answer", "failed request")
    return tuple(plural(count, noun) for count, noun in zip(counts, names, strict=True) if count)


def _is_after_clear(read: sqlite3.Connection, session_id: str) -> bool:
    """Return whether the session began with /clear."""
    return bool(
        read.execute(
            "SELECT EXISTS (SELECT 1 FROM messages m JOIN parts p ON p.message_seq = m.seq"
            "  WHERE m.session_id = ?1 AND m.kind = 'command'"
            "  AND unpacked(p.content) LIKE '\"/clear%'"
            "  AND m.seq < (SELECT min(seq) FROM messages"
            "    WHERE session_id = ?1 AND kind IN ('prompt', 'answer')))"
            " OR EXISTS (SELECT 1 FROM hook_events WHERE session_id = ?1"
            "  AND name = 'SessionStart' AND json_extract(detail, '$.source') = 'clear')",
            (session_id,),
        ).fetchone()[0]
    )


def _totals_before_clear(read: sqlite3.Connection, session_id: str) -> list[ClientTotals]:
    """Return the last totals of the project's sessions before this one, the latest first."""
    sessions = read.execute(
        "SELECT o.id FROM sessions s JOIN sessions o ON o.project_path = s.project_path"
        " WHERE s.id = ? AND o.id <> s.id AND o.started_ms < s.started_ms"
        " AND EXISTS (SELECT 1 FROM cost_states c WHERE c.session_id = o.id)"
        " ORDER BY o.updated_ms DESC LIMIT ?",
        (session_id, _MAX_CLEARED),
    )
    return [
        totals
        for row in sessions
        for totals in _totals_before_fork(read, row[0], session_id)[:1]
        if any(totals.tokens.billed)
    ]


def first_row_after_total_ms(read: sqlite3.Connection, session_id: str) -> int | None:
    """Return when the first row after the client's last total was written, None without one."""
    _totals, start = _states(read, session_id)[-1]
    (first_ms,) = read.execute(
        "SELECT min(timestamp_ms) FROM messages WHERE session_id = ? AND agent_id IS NULL"
        " AND start > ? AND kind <> 'session' AND NOT is_inherited",
        (session_id, start),
    ).fetchone()
    return None if first_ms is None else int(first_ms)


def _states(read: sqlite3.Connection, session_id: str) -> list[tuple[ClientTotals, int]]:
    """Return the totals that the client wrote of a session with their offsets, the last one last.

    They only grow, so the last one is the largest, wherever a rewritten file has it.
    """
    rows = read.execute("SELECT value, start FROM cost_states WHERE session_id = ?", (session_id,))
    parsed = [(read_client_totals(orjson.loads(value)), start) for value, start in rows]
    states = [(totals, start) for totals, start in parsed if totals is not None]
    return sorted(states, key=lambda state: (state[0].usd, sum(state[0].tokens.billed), state[1]))


def _totals_before_fork(read: sqlite3.Connection, source: str, fork: str) -> list[ClientTotals]:
    """Return the source's totals from before the fork's first response, the latest first."""
    (first_ms,) = read.execute(
        "SELECT coalesce(min(timestamp_ms), ?) FROM usage WHERE session_id = ?", (NEVER_MS, fork)
    ).fetchone()
    query = (
        "SELECT coalesce(max(timestamp_ms), 0) FROM messages"
        " WHERE session_id = ? AND agent_id IS NULL AND start < ?"
    )
    return [
        totals
        for totals, start in reversed(_states(read, source))
        if read.execute(query, (source, start)).fetchone()[0] <= first_ms
    ]
