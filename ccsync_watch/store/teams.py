"""The sessions of a team of agents: its lead's, and those of members that run by themselves.

Members that run inside the lead's session are its subagents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from ccsync_watch.store.database import Database


@dataclass(frozen=True, slots=True)
class TeamSession:
    """A session of an agent team that runs by itself; `name` is the member's, None of the lead."""

    session_id: str
    name: str | None


def list_team(database: Database, session_id: str) -> list[TeamSession]:
    """Return the other sessions of a session's team: of the lead its members, else the lead.

    A team's name can be used again: its members are of the last lead before them.
    """
    read = database.read()
    own = read.execute(
        "SELECT id, team, member, started_ms FROM sessions WHERE id = ? AND team IS NOT NULL",
        (session_id,),
    ).fetchone()
    if own is None:
        return []
    rows = read.execute(
        "SELECT id, member, started_ms FROM sessions WHERE team = ? AND NOT is_excluded"
        " ORDER BY coalesce(started_ms, 0), id",
        (own["team"],),
    ).fetchall()
    leads = [row for row in rows if row["member"] is None]
    if own["member"] is not None:
        lead = _lead_of(own, leads)
        return [] if lead is None else [TeamSession(lead["id"], None)]
    return [
        TeamSession(row["id"], row["member"])
        for row in rows
        if row["member"] is not None
        and (lead := _lead_of(row, leads)) is not None
        and lead["id"] == session_id
    ]


def _lead_of(member: sqlite3.Row, leads: Sequence[sqlite3.Row]) -> sqlite3.Row | None:
    """Return the last lead that started before a member, else the first one."""
    started_ms = member["started_ms"] or 0
    before = [lead for lead in leads if (lead["started_ms"] or 0) <= started_ms]
    return before[-1] if before else next(iter(leads), None)
