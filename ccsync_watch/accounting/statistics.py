"""The figures of `stats` and of the dashboard's overview: all tables at once, and sessions.

Every function reads the store and returns frozen values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ccsync_watch.accounting import activity, breakdowns
from ccsync_watch.accounting.reconciliation import reconcile
from ccsync_watch.accounting.selections import (
    EVERYTHING,
    Selection,
    no_pace,
    select_accounts,
    selected_sessions,
)
from ccsync_watch.accounting.session_accounts import load_account
from ccsync_watch.store.session_annotations import shown_title

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.activity import Activity, ToolLine
    from ccsync_watch.accounting.breakdowns import BreakdownLine
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.store.database import Database


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session with its folder, its account and what was done in it."""

    session_id: str
    title: str | None
    project_path: str | None
    worktree: str | None
    git_branch: str | None
    host: str | None
    started_ms: int | None
    updated_ms: int | None
    account: SessionAccount
    activity: Activity


@dataclass(frozen=True, slots=True)
class StatisticsOverview:
    """All tables of one selection, the sums over its sessions, and their accounts by their ids.

    `unanswered` of the sessions have no response: `accounts`, and so the tables, are without them.
    """

    sessions: int
    unanswered: int
    prompts: int
    days: list[BreakdownLine]
    projects: list[BreakdownLine]
    models: list[BreakdownLine]
    tools: list[ToolLine]
    accounts: dict[str, SessionAccount]

    @property
    def tool_calls(self) -> int:
        """Calls of all tools."""
        return sum(tool.calls for tool in self.tools)

    @property
    def tool_errors(self) -> int:
        """Failures of all tools."""
        return sum(tool.errors for tool in self.tools)


def overview(
    database: Database,
    prices: PriceList,
    *,
    since_ms: int | None = None,
    pace: Callable[[], None] = no_pace,
) -> StatisticsOverview:
    """Return every table; the sessions' accounts are computed once for all of them.

    `pace` is called every few microseconds of work; it may wait, to leave the processor to others.
    """
    accounts = select_accounts(database, prices, Selection(since_ms), pace=pace)
    recent = database.read().execute(
        "SELECT id FROM sessions WHERE NOT is_excluded AND coalesce(updated_ms, 0) >= ?",
        (since_ms or 0,),
    )
    active = activity.active_sessions(database, since_ms=since_ms)
    sessions = active | accounts.keys() & {row[0] for row in recent}
    return StatisticsOverview(
        sessions=len(sessions),
        unanswered=len(sessions - accounts.keys()),
        prompts=activity.count_prompts(database, since_ms=since_ms),
        days=breakdowns.days_of(accounts, pace),
        projects=breakdowns.projects_of(database, accounts, pace),
        models=breakdowns.models_of(accounts, pace),
        tools=activity.by_tool(database, since_ms=since_ms),
        accounts=accounts,
    )


def by_session(
    database: Database,
    prices: PriceList,
    selection: Selection = EVERYTHING,
    *,
    session_id: str | None = None,
) -> list[SessionLine]:
    """Return sessions, the latest first; excluded ones are left out.

    Those in which nobody said anything and that used no tokens are left out too; with a model in
    the selection, all that did not use it. Of a session that goes beyond the selection's window,
    only the rows in it are counted.
    """
    if session_id is None:
        accounts = select_accounts(database, prices, selection)
    else:
        accounts = {session_id: load_account(database, session_id, prices)}
    activities = activity.by_session_id(
        database,
        since_ms=selection.since_ms,
        until_ms=selection.until_ms,
        session_id=session_id,
    )
    wanted = set(accounts) if selection.model else selected_sessions(database, selection)
    if wanted is not None:
        activities = {key: done for key, done in activities.items() if key in wanted}
    rows = {row["id"]: row for row in _sessions(database.read(), session_id)}
    if session_id is None:
        unowned = unowned_agents(database)
        accounts = {key: account for key, account in accounts.items() if key not in unowned}
        activities = {
            key: done
            for key, done in activities.items()
            if key not in unowned and key in rows and rows[key]["is_conversation"]
        }
    lines = [
        _session_line(
            database,
            key,
            rows.get(key),
            accounts.get(key),
            activities.get(key, activity.Activity()),
        )
        for key in accounts.keys() | (activities.keys() & rows.keys())
    ]
    return sorted(lines, key=lambda line: (-(line.updated_ms or 0), line.session_id))


def unowned_agents(database: Database) -> set[str]:
    """Return the ids that only subagents use: no session, but their tokens count in the sums."""
    rows = database.read().execute(
        "SELECT session_id FROM usage WHERE session_id NOT IN (SELECT id FROM sessions)"
        " GROUP BY session_id HAVING min(agent_id IS NOT NULL)"
    )
    return {row[0] for row in rows}


def _session_line(
    database: Database,
    session_id: str,
    row: sqlite3.Row | None,
    account: SessionAccount | None,
    done: Activity,
) -> SessionLine:
    """Return a session's line; `row` is None where only copies of it are stored."""
    account = account or reconcile(session_id, [], None)
    return SessionLine(
        session_id=session_id,
        title=shown_title(database, row) if row else None,
        project_path=row["project_path"] if row else None,
        worktree=row["worktree"] if row else None,
        git_branch=row["git_branch"] if row else None,
        host=row["host"] if row else None,
        started_ms=row["started_ms"] if row else None,
        updated_ms=row["updated_ms"] if row else None,
        account=account,
        activity=_with_times(done, account, row),
    )


def _with_times(done: Activity, account: SessionAccount, row: sqlite3.Row | None) -> Activity:
    """Return an activity with the times of the session, the client's own where it wrote them."""
    started_ms, updated_ms = (row["started_ms"], row["updated_ms"]) if row else (None, None)
    reported = {
        name: getattr(account, name)
        for name in ("api_ms", "tool_ms", "lines_added", "lines_removed")
        if getattr(account, name) is not None
    }
    wall_ms = updated_ms - started_ms if started_ms is not None else None
    return replace(done, wall_ms=wall_ms, **reported)


def _sessions(read: sqlite3.Connection, session_id: str | None) -> list[sqlite3.Row]:
    """Return sessions that are not excluded."""
    query = "SELECT * FROM sessions WHERE NOT is_excluded"
    if session_id is None:
        return read.execute(query).fetchall()
    return read.execute(f"{query} AND id = ?", (session_id,)).fetchall()
