"""Tokens and cost by time, model, project, host, branch and pull request.

Costs are reconciled with the client's totals, which are known per session only: what those have
more than the rows is spread over the session's days. The key None has what no day is known of, or
no model or project. All tables of one selection have the same totals.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import orjson

from ccsync_watch.accounting.account import NO_TOKENS, Cost, Tokens, total_cost
from ccsync_watch.accounting.model_names import plain_key
from ccsync_watch.accounting.selections import EVERYTHING, no_pace, select_accounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ccsync_watch.accounting.account import ModelAccount, SessionAccount, Share
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.selections import Selection
    from ccsync_watch.store.database import Database

Accounts: TypeAlias = "Mapping[str, SessionAccount]"


@dataclass(frozen=True, slots=True)
class ModelLine:
    """What a line of a table used of one model; `names` are how that was written."""

    model: str | None
    names: tuple[str, ...]
    responses: int
    tokens: Tokens
    cost: Cost


@dataclass(frozen=True, slots=True)
class BreakdownLine:
    """The sum of one key of a table; `key` None = what cannot be assigned to any key.

    `models` add up to it; they are there where they were asked for.
    """

    key: str | None
    sessions: int
    responses: int
    tokens: Tokens
    cost: Cost
    models: tuple[ModelLine, ...] = ()


def by_project(
    database: Database, prices: PriceList, selection: Selection = EVERYTHING
) -> list[BreakdownLine]:
    """Return projects by their folder, the most expensive first."""
    return projects_of(database, select_accounts(database, prices, selection))


def projects_of(
    database: Database,
    accounts: Accounts,
    pace: Callable[[], None] = no_pace,
    *,
    has_models: bool = False,
) -> list[BreakdownLine]:
    """Return the projects of these accounts."""
    return sessions_by(accounts, session_projects(database), pace, has_models=has_models)


def session_projects(database: Database) -> dict[str, str | None]:
    """Return the folder of the project of each session that is not excluded."""
    query = "SELECT id, project_path FROM sessions WHERE NOT is_excluded"
    return dict(database.read().execute(query).fetchall())


def hosts_of(
    database: Database,
    accounts: Accounts,
    pace: Callable[[], None] = no_pace,
    *,
    has_models: bool = False,
) -> list[BreakdownLine]:
    """Return the machines that the sessions of these accounts ran on."""
    query = "SELECT id, host FROM sessions WHERE NOT is_excluded"
    keys = dict(database.read().execute(query).fetchall())
    return sessions_by(accounts, keys, pace, has_models=has_models)


def branches_of(
    database: Database, accounts: Accounts, *, has_models: bool = False
) -> list[BreakdownLine]:
    """Return the branches that these accounts' sessions were last on, each with its project."""
    query = (
        "SELECT id, git_branch || coalesce(' (' || project_path || ')', '') FROM sessions"
        " WHERE NOT is_excluded AND git_branch <> ''"
    )
    keys = dict(database.read().execute(query).fetchall())
    return sessions_by(accounts, keys, has_models=has_models)


def pull_requests_of(
    database: Database, accounts: Accounts, *, has_models: bool = False
) -> list[BreakdownLine]:
    """Return the pull requests that these accounts' sessions worked on.

    A session with several of them is in a line of those together: nothing says what was for which.
    """
    query = "SELECT session_id, value FROM session_facts WHERE name = 'pull_requests'"
    keys: dict[str, str | None] = {}
    for session_id, value in database.read().execute(query):
        names = [str(item.get("name") or item.get("url")) for item in orjson.loads(value)]
        keys[session_id] = ", ".join(sorted(dict.fromkeys(names))) or None
    return sessions_by(accounts, keys, has_models=has_models)


def sessions_by(
    accounts: Accounts,
    keys: Mapping[str, str | None],
    pace: Callable[[], None] = no_pace,
    *,
    has_models: bool = False,
) -> list[BreakdownLine]:
    """Return the sums of sessions by their keys, the most expensive first."""
    by_key: defaultdict[str | None, list[SessionAccount]] = defaultdict(list)
    for session_id, account in accounts.items():
        pace()
        by_key[keys.get(session_id)].append(account)
    return by_cost(
        _account_line(key, group, has_models=has_models) for key, group in by_key.items()
    )


def by_model(
    database: Database, prices: PriceList, selection: Selection = EVERYTHING
) -> list[BreakdownLine]:
    """Return models, the most expensive first, each under one name however it was written.

    The key None has what the client counted without naming the model.
    """
    return models_of(select_accounts(database, prices, selection))


def models_of(accounts: Accounts, pace: Callable[[], None] = no_pace) -> list[BreakdownLine]:
    """Return the models of these accounts; `models` has how each was written."""
    parts: list[ModelAccount] = []
    sessions: defaultdict[str | None, int] = defaultdict(int)
    for account in accounts.values():
        pace()
        parts += account.models
        for name in {model_key(model.model) for model in account.models}:
            sessions[name] += 1
    return [
        BreakdownLine(
            line.model, sessions[line.model], line.responses, line.tokens, line.cost, (line,)
        )
        for line in model_lines(parts)
    ]


@lru_cache(maxsize=1024)
def model_key(written: str | None) -> str | None:
    """Return the one name of a model, however clouds, gateways and the client write it."""
    return None if written is None else plain_key(written)


def model_lines(parts: Iterable[ModelAccount | Share]) -> list[ModelLine]:
    """Return the sums of parts by model, the most expensive first."""
    by_name: defaultdict[str | None, list[ModelAccount | Share]] = defaultdict(list)
    for part in parts:
        by_name[model_key(part.model)].append(part)
    lines = [
        ModelLine(
            name,
            tuple(sorted({part.model for part in group if part.model is not None})),
            sum(part.responses for part in group),
            sum((part.tokens for part in group), NO_TOKENS),
            total_cost(part.cost for part in group),
        )
        for name, group in by_name.items()
    ]
    return sorted(
        lines, key=lambda line: (-(line.cost.usd or 0.0), -line.tokens.prompt, line.model or "")
    )


def by_day(
    database: Database, prices: PriceList, selection: Selection = EVERYTHING
) -> list[BreakdownLine]:
    """Return the days (ISO) of the selection's calendar, in their order.

    The key None, last, has what no day is known of.
    """
    return days_of(select_accounts(database, prices, selection))


def days_of(
    accounts: Accounts,
    pace: Callable[[], None] = no_pace,
    *,
    period_of: Callable[[str], str] = str,
    has_models: bool = False,
) -> list[BreakdownLine]:
    """Return the days of these accounts, or the periods in which `period_of` says a day is."""
    shares: defaultdict[str | None, list[Share]] = defaultdict(list)
    sessions: defaultdict[str | None, int] = defaultdict(int)
    for account in accounts.values():
        pace()
        keys = set()
        for share in account.shares:
            key = None if share.day is None else period_of(share.day)
            shares[key].append(share)
            keys.add(key)
        for key in keys:
            sessions[key] += 1
    lines = [
        BreakdownLine(
            key,
            sessions[key],
            sum(share.responses for share in group),
            sum((share.tokens for share in group), NO_TOKENS),
            total_cost(share.cost for share in group),
            tuple(model_lines(group)) if has_models else (),
        )
        for key, group in shares.items()
    ]
    return sorted(lines, key=lambda line: (line.key is None, line.key or ""))


def total(lines: Iterable[BreakdownLine]) -> BreakdownLine:
    """Return the sum of a table; without sessions, as one may be in several lines."""
    lines = list(lines)
    return BreakdownLine(
        "total",
        0,
        sum(line.responses for line in lines),
        sum((line.tokens for line in lines), NO_TOKENS),
        total_cost(line.cost for line in lines),
    )


def _account_line(
    key: str | None, accounts: list[SessionAccount], *, has_models: bool
) -> BreakdownLine:
    parts = [model for account in accounts for model in account.models] if has_models else []
    return BreakdownLine(
        key,
        len(accounts),
        sum(account.responses for account in accounts),
        sum((account.tokens for account in accounts), NO_TOKENS),
        total_cost(account.cost for account in accounts),
        tuple(model_lines(parts)),
    )


def by_cost(lines: Iterable[BreakdownLine]) -> list[BreakdownLine]:
    """Return lines with the most expensive first."""
    return sorted(
        lines, key=lambda line: (-(line.cost.usd or 0.0), -line.tokens.prompt, line.key or "")
    )
