"""Tokens and cost by day, model and project.

Costs are reconciled with the client's totals, which are known per session only: by day and since a
day, rows are summed at their prices, and what is in no row has the key None. All tables of one
selection have the same totals.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from ccsync_watch.accounting.account import NO_TOKENS, UNPRICED, Cost, Tokens
from ccsync_watch.accounting.reconciliation import cost_of, reconcile, total_cost
from ccsync_watch.accounting.session_accounts import load_accounts
from ccsync_watch.accounting.usage_groups import load_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.reconciliation import RowSum
    from ccsync_watch.store.database import Database

Zone: TypeAlias = Literal["local", "utc"]

_SMALLEST_USD = 5e-10


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


def accounts_since(
    database: Database,
    prices: PriceList,
    since_ms: int | None,
    pace: Callable[[], None] = no_pace,
) -> dict[str, SessionAccount]:
    """Return the accounts of all sessions that are not excluded.

    Of a session that started before `since_ms`, only the rows since then are counted.
    """
    loaded = load_accounts(database, prices, started_since_ms=since_ms, pace=pace)
    excluded = {
        row[0] for row in database.read().execute("SELECT id FROM sessions WHERE is_excluded")
    }
    accounts = {key: account for key, account in loaded.items() if key not in excluded}
    if since_ms is None:
        return accounts
    rows: defaultdict[str, list[RowSum]] = defaultdict(list)
    condition, values = _counted(since_ms)
    for group in load_groups(
        database, prices, "session_id", condition=condition, values=values, pace=pace
    ):
        rows[str(group.key[0])].append(group.rows)
    for session_id in rows.keys() - accounts.keys():
        accounts[session_id] = reconcile(session_id, rows[session_id], None)
    return accounts


def by_project(
    database: Database, prices: PriceList, *, since_ms: int | None = None
) -> list[BreakdownLine]:
    """Return projects by their folder, the most expensive first."""
    return projects_of(database, accounts_since(database, prices, since_ms))


def projects_of(
    database: Database,
    accounts: Mapping[str, SessionAccount],
    pace: Callable[[], None] = no_pace,
) -> list[BreakdownLine]:
    """Return the projects of these accounts."""
    query = "SELECT id, project_path FROM sessions WHERE NOT is_excluded"
    folders = dict(database.read().execute(query).fetchall())
    by_folder: defaultdict[str | None, list[SessionAccount]] = defaultdict(list)
    for session_id, account in accounts.items():
        pace()
        by_folder[folders.get(session_id)].append(account)
    return _by_cost(_account_line(folder, group) for folder, group in by_folder.items())


def by_model(
    database: Database, prices: PriceList, *, since_ms: int | None = None
) -> list[BreakdownLine]:
    """Return models, the most expensive first.

    The key None has what the client counted without naming the model.
    """
    return models_of(accounts_since(database, prices, since_ms))


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
        rest = account.tokens - sum((model.tokens for model in account.models), NO_TOKENS)
        if any(rest.billed):
            named_usd = sum(model.cost.usd or 0.0 for model in account.models)
            cost = Cost(max(0.0, (account.cost.usd or 0.0) - named_usd), "client")
            by_name[None].append(BreakdownLine(None, 1, 0, rest, cost))
    return _by_cost(_sum(name, lines) for name, lines in by_name.items())


def by_day(
    database: Database,
    prices: PriceList,
    *,
    zone: Zone = "local",
    since_ms: int | None = None,
) -> list[BreakdownLine]:
    """Return days (ISO) in their order, in this machine's time zone or in UTC.

    The key None, last, has what has no date, and what the client counted that is in no row.
    """
    accounts = accounts_since(database, prices, since_ms)
    return days_of(database, prices, accounts, zone=zone, since_ms=since_ms)


def days_of(
    database: Database,
    prices: PriceList,
    accounts: Mapping[str, SessionAccount],
    *,
    zone: Zone,
    since_ms: int | None,
    pace: Callable[[], None] = no_pace,
) -> list[BreakdownLine]:
    """Return the days of the rows, and under None what only the accounts have."""
    local = ", 'localtime'" if zone == "local" else ""
    day = f"date(timestamp_ms / 1000, 'unixepoch'{local})"
    rows: defaultdict[str | None, list[RowSum]] = defaultdict(list)
    condition, values = _counted(since_ms)
    for group in load_groups(database, prices, day, condition=condition, values=values, pace=pace):
        rows[None if group.key[0] is None else str(group.key[0])].append(group.rows)
    query = f"SELECT {day}, count(DISTINCT session_id) FROM usage WHERE {condition} GROUP BY 1"  # noqa: S608 - constants
    sessions = dict(database.read().execute(query, values).fetchall())
    lines = [
        BreakdownLine(
            key,
            sessions[key],
            sum(row.responses for row in group),
            sum((row.tokens for row in group), NO_TOKENS),
            cost_of(group),
        )
        for key, group in rows.items()
    ]
    dated = sorted(
        (line for line in lines if line.key is not None), key=lambda line: line.key or ""
    )
    undated = [line for line in lines if line.key is None]
    unrecorded = _unrecorded(accounts.values(), pace)
    if undated or unrecorded:
        undated = [_sum(None, [*undated, *([unrecorded] if unrecorded else [])])]
    return [*dated, *undated]


def total(lines: Iterable[BreakdownLine]) -> BreakdownLine:
    """Return the sum of a table; without sessions, as one may be in several lines."""
    return replace(_sum("total", list(lines)), sessions=0)


def _counted(since_ms: int | None) -> tuple[str, tuple[int, ...]]:
    """Return the condition that a response must meet, with its values."""
    condition = "session_id NOT IN (SELECT id FROM sessions WHERE is_excluded)"
    if since_ms is None:
        return condition, ()
    return f"{condition} AND timestamp_ms >= ?", (since_ms,)


def _unrecorded(
    accounts: Iterable[SessionAccount], pace: Callable[[], None]
) -> BreakdownLine | None:
    """Return what the client's totals have more, or less, than the rows at their prices."""
    usd, tokens, sessions = 0.0, NO_TOKENS, 0
    for account in accounts:
        pace()
        difference = (account.cost.usd or 0.0) - (account.row_cost.usd or 0.0)
        if any(account.unrecorded.billed) or abs(difference) > _SMALLEST_USD:
            usd, tokens, sessions = usd + difference, tokens + account.unrecorded, sessions + 1
    return BreakdownLine(None, sessions, 0, tokens, Cost(usd, "client")) if sessions else None


def _account_line(key: str | None, accounts: list[SessionAccount]) -> BreakdownLine:
    return BreakdownLine(
        key,
        len(accounts),
        sum(account.responses for account in accounts),
        sum((account.tokens for account in accounts), NO_TOKENS),
        total_cost(account.cost for account in accounts if any(account.tokens.billed)),
    )


def _sum(key: str | None, lines: list[BreakdownLine]) -> BreakdownLine:
    return BreakdownLine(
        key,
        sum(line.sessions for line in lines),
        sum(line.responses for line in lines),
        sum((line.tokens for line in lines), NO_TOKENS),
        total_cost(line.cost for line in lines) if lines else UNPRICED,
    )


def _by_cost(lines: Iterable[BreakdownLine]) -> list[BreakdownLine]:
    return sorted(
        lines, key=lambda line: (-(line.cost.usd or 0.0), -line.tokens.prompt, line.key or "")
    )
