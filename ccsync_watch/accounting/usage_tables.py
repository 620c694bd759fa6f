"""The tables of `stats` by name, each with its total and that of the time before.

One set of accounts is loaded for a table, and one for the time before; the dashboard's tables are
made of such accounts by the same functions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from ccsync_watch.accounting import activity, agent_usage, breakdowns, file_usage, statistics
from ccsync_watch.accounting.account import NO_TOKENS, total_cost
from ccsync_watch.accounting.breakdowns import BreakdownLine
from ccsync_watch.accounting.hour_blocks import BLOCK_CALENDAR, blocks_of
from ccsync_watch.accounting.periods import month_of, week_of
from ccsync_watch.accounting.selections import select_accounts, selected_sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.activity import ToolLine
    from ccsync_watch.accounting.file_usage import FileLine
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.selections import Selection
    from ccsync_watch.accounting.statistics import SessionLine
    from ccsync_watch.accounting.time_windows import TimeWindow
    from ccsync_watch.store.database import Database

TableLine: TypeAlias = "BreakdownLine | ToolLine | SessionLine | FileLine"
Accounts: TypeAlias = "dict[str, SessionAccount]"

TIMES = ("hour", "day", "week", "month", "block")
CALLS = ("tool", "file")
"""Tables of calls, without tokens and cost: nothing says what a call cost."""
TABLES = (
    *TIMES, "model", "project", "branch", "pr", "host", "session", "agent", *CALLS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UsageTable:
    """One table; `total` is None for calls, `before` also where no time is before."""

    by: str
    lines: Sequence[TableLine]
    total: BreakdownLine | None
    before: BreakdownLine | None


def load_table(
    database: Database,
    prices: PriceList,
    by: str,
    selection: Selection,
    window: TimeWindow,
) -> UsageTable:
    """Return the table of a name in `TABLES`. The selection's window is `window`."""
    if by == "tool":
        wanted = selected_sessions(database, selection)
        calls = activity.by_tool(
            database,
            since_ms=selection.since_ms,
            until_ms=selection.until_ms,
            session_ids=wanted,
        )
        return UsageTable(by, calls, None, None)
    if by == "file":
        return UsageTable(by, file_usage.by_file(database, selection), None, None)
    before = None
    if window.before is not None:
        since_ms, until_ms = window.before
        earlier = replace(selection, since_ms=since_ms, until_ms=until_ms)
        before = _total(select_accounts(database, prices, earlier))
    if by == "session":
        lines = statistics.by_session(database, prices, selection)
        accounts = {line.session_id: line.account for line in lines}
        # What only subagents used that are of no session counts in every total.
        unowned = statistics.unowned_agents(database)
        if unowned:
            accounts |= select_accounts(database, prices, selection)
        return UsageTable(by, lines, _total(accounts), before)
    if by == "agent":
        agents = agent_usage.by_agent(database, prices, selection)
        return UsageTable(by, agents, breakdowns.total(agents), before)
    if by == "block":
        selection = replace(selection, calendar=BLOCK_CALENDAR)
    elif by == "hour":
        selection = replace(selection, calendar=replace(selection.calendar, is_hourly=True))
    accounts = select_accounts(database, prices, selection)
    return UsageTable(by, _lines(database, by, accounts), _total(accounts), before)


def _lines(database: Database, by: str, accounts: Accounts) -> list[BreakdownLine]:
    if by == "model":
        return breakdowns.models_of(accounts)
    if by == "block":
        return blocks_of(accounts, has_models=True)
    if by in TIMES:
        period_of = {"week": week_of, "month": month_of}.get(by, str)
        return breakdowns.days_of(accounts, period_of=period_of, has_models=True)
    make = {
        "project": breakdowns.projects_of,
        "branch": breakdowns.branches_of,
        "pr": breakdowns.pull_requests_of,
        "host": breakdowns.hosts_of,
    }[by]
    return make(database, accounts, has_models=True)


def _total(accounts: Accounts) -> BreakdownLine:
    """Return the sum of accounts, each of them one session."""
    return BreakdownLine(
        "total",
        len(accounts),
        sum(account.responses for account in accounts.values()),
        sum((account.tokens for account in accounts.values()), NO_TOKENS),
        total_cost(account.cost for account in accounts.values()),
    )
