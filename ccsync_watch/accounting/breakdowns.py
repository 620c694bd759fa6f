"""Tokens and cost by day, model, project and subagent.

Costs are reconciled with the client's totals, which are known per session only: what those have
more than the rows is spread over the session's days. The key None has what no day is known of, or
no model or project. All tables of one selection have the same totals, but for that of subagents.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ccsync_watch.accounting.account import NO_TOKENS, Cost, Tokens, total_cost
from ccsync_watch.accounting.session_accounts import load_accounts
from ccsync_watch.accounting.spreading import cost_of
from ccsync_watch.accounting.usage_groups import DATED_MS, load_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ccsync_watch.accounting.account import SessionAccount, Share
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.spreading import RowSum
    from ccsync_watch.accounting.usage_groups import Zone
    from ccsync_watch.store.database import Database

_AGENT = (
    "iif(agent_id IS NULL, NULL, coalesce((SELECT iif(a.is_helper, 'Claude Code: ', '')"
    " || a.agent_type FROM subagents a WHERE a.session_id = usage_requests.session_id"
    " AND a.agent_id = usage_requests.agent_id), 'subagent'))"
)


@dataclass(frozen=True, slots=True)
class BreakdownLine:
    """The sum of one key of a table; `key` None = what cannot be assigned to any key."""

    key: str | None
    sessions: int
    responses: int
    tokens: Tokens
    cost: Cost


def no_pace() -> None:
    """Never wait: nobody else needs the processor."""


def by_project(
    database: Database, prices: PriceList, *, since_ms: int | None = None
) -> list[BreakdownLine]:
    """Return projects by their folder, the most expensive first."""
    return projects_of(database, load_accounts(database, prices, since_ms=since_ms))


def projects_of(
    database: Database,
    accounts: Mapping[str, SessionAccount],
    pace: Callable[[], None] = no_pace,
) -> list[BreakdownLine]:
    """Return the projects of these accounts."""
    return _lines_by(session_projects(database), accounts, pace)


def session_projects(database: Database) -> dict[str, str | None]:
    """Return the folder of the project of each session that is not excluded."""
    query = "SELECT id, project_path FROM sessions WHERE NOT is_excluded"
    return dict(database.read().execute(query).fetchall())


def hosts_of(
    database: Database,
    accounts: Mapping[str, SessionAccount],
    pace: Callable[[], None] = no_pace,
) -> list[BreakdownLine]:
    """Return the machines that the sessions of these accounts ran on."""
    query = "SELECT id, host FROM sessions WHERE NOT is_excluded"
    return _lines_by(dict(database.read().execute(query).fetchall()), accounts, pace)


def _lines_by(
    keys: Mapping[str, str | None],
    accounts: Mapping[str, SessionAccount],
    pace: Callable[[], None],
) -> list[BreakdownLine]:
    """Return a line for each key that sessions have."""
    by_key: defaultdict[str | None, list[SessionAccount]] = defaultdict(list)
    for session_id, account in accounts.items():
        pace()
        by_key[keys.get(session_id)].append(account)
    return _by_cost(_account_line(key, group) for key, group in by_key.items())


def by_model(
    database: Database, prices: PriceList, *, since_ms: int | None = None
) -> list[BreakdownLine]:
    """Return models, the most expensive first.

    The key None has what the client counted without naming the model.
    """
    return models_of(load_accounts(database, prices, since_ms=since_ms))


def models_of(
    accounts: Mapping[str, SessionAccount], pace: Callable[[], None] = no_pace
) -> list[BreakdownLine]:
    """Return the models of these accounts."""
    by_name: defaultdict[str | None, list[BreakdownLine]] = defaultdict(list)
    for account in accounts.values():
        pace()
        for model in account.models:
            by_name[model.model].append(
                BreakdownLine(model.model, 1, model.responses, model.tokens, model.cost)
            )
    return _by_cost(_sum(name, lines) for name, lines in by_name.items())


def by_day(
    database: Database,
    prices: PriceList,
    *,
    zone: Zone = "local",
    since_ms: int | None = None,
) -> list[BreakdownLine]:
    """Return days (ISO) in their order, in this machine's time zone or in UTC.

    The key None, last, has what no day is known of.
    """
    return days_of(load_accounts(database, prices, since_ms=since_ms, zone=zone))


def days_of(
    accounts: Mapping[str, SessionAccount], pace: Callable[[], None] = no_pace
) -> list[BreakdownLine]:
    """Return the days of these accounts."""
    shares: defaultdict[str | None, list[Share]] = defaultdict(list)
    sessions: defaultdict[str | None, int] = defaultdict(int)
    for account in accounts.values():
        pace()
        for share in account.shares:
            shares[share.day].append(share)
        for day in {share.day for share in account.shares}:
            sessions[day] += 1
    lines = [
        BreakdownLine(
            day,
            sessions[day],
            sum(share.responses for share in group),
            sum((share.tokens for share in group), NO_TOKENS),
            total_cost(share.cost for share in group),
        )
        for day, group in shares.items()
    ]
    return sorted(lines, key=lambda line: (line.key is None, line.key or ""))


def by_agent(
    database: Database, prices: PriceList, *, since_ms: int | None = None
) -> list[BreakdownLine]:
    """Return who used the tokens, the most expensive first: by the type of subagents.

    The main conversations have the key None. Costs are those of rows, not reconciled with totals
    of the client, which do not say who used what.
    """
    groups: defaultdict[str | None, list[RowSum]] = defaultdict(list)
    sessions: defaultdict[str | None, set[str]] = defaultdict(set)
    for group in load_groups(
        database,
        prices,
        _AGENT,
        "session_id",
        condition="session_id NOT IN (SELECT id FROM sessions WHERE is_excluded)"  # noqa: S608 - a constant
        f" AND coalesce({DATED_MS}, 0) >= ?",
        values=(since_ms or 0,),
    ):
        name, session_id = group.key
        key = None if name is None else str(name)
        groups[key].append(group.rows)
        sessions[key].add(str(session_id))
    return _by_cost(
        BreakdownLine(
            key,
            len(sessions[key]),
            sum(row.responses for row in rows),
            sum((row.tokens for row in rows), NO_TOKENS),
            cost_of(rows),
        )
        for key, rows in groups.items()
    )


def total(lines: Iterable[BreakdownLine]) -> BreakdownLine:
    """Return the sum of a table; without sessions, as one may be in several lines."""
    return replace(_sum("total", list(lines)), sessions=0)


def _account_line(key: str | None, accounts: list[SessionAccount]) -> BreakdownLine:
    return BreakdownLine(
        key,
        len(accounts),
        sum(account.responses for account in accounts),
        sum((account.tokens for account in accounts), NO_TOKENS),
        total_cost(account.cost for account in accounts),
    )


def _sum(key: str | None, lines: list[BreakdownLine]) -> BreakdownLine:
    return BreakdownLine(
        key,
        sum(line.sessions for line in lines),
        sum(line.responses for line in lines),
        sum((line.tokens for line in lines), NO_TOKENS),
        total_cost(line.cost for line in lines),
    )


def _by_cost(lines: Iterable[BreakdownLine]) -> list[BreakdownLine]:
    return sorted(
        lines, key=lambda line: (-(line.cost.usd or 0.0), -line.tokens.prompt, line.key or "")
    )
