"""The client's own totals of a session, from the store: the last one, and what it inherited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.accounting.account import NO_TOTALS, ClientTotals
from ccsync_watch.accounting.reconciliation import Claim, client_totals
from ccsync_watch.accounting.usage_groups import NEVER_MS

if TYPE_CHECKING:
    import sqlite3


def load_claim(read: sqlite3.Connection, session_id: str) -> Claim | None:
    """Return the client's total of a session, None when it wrote none."""
    states = _states(read, session_id)
    if not states:
        return None
    totals = states[-1][0]
    session = read.execute(
        "SELECT forked_from, is_branch FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    if session is None or session["forked_from"] is None:
        return Claim(totals)
    source = session["forked_from"]
    inherited = _totals_before_fork(read, source, session_id)
    if session["is_branch"]:
        return Claim(totals, (NO_TOTALS, *inherited))
    is_stored = read.execute("SELECT 1 FROM sessions WHERE id = ?", (source,)).fetchone()
    return Claim(totals, (*inherited, NO_TOTALS), is_certain=is_stored is not None)


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
    parsed = [(client_totals(orjson.loads(value)), start) for value, start in rows]
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
