"""Tokens and cost by day, model and project: every table has the same totals."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from ccsync_watch.accounting import breakdowns, statistics
from ccsync_watch.accounting.account import NO_TOKENS, UNPRICED, Cost
from ccsync_watch.accounting.agent_usage import by_agent
from ccsync_watch.accounting.breakdowns import BreakdownLine, by_cost
from ccsync_watch.accounting.calendars import UTC_DAYS
from ccsync_watch.accounting.selections import Selection
from ccsync_watch.model import Subagent
from support.accounting_store import DAY_MS, NOON_MS, fill_two_projects
from support.storing import SESSION, World, message, usage

if TYPE_CHECKING:
    import pytest


def test_by_day(world: World) -> None:
    """In order; what has no date, or no row, is of the day of its session."""
    fill_two_projects(world)
    days = breakdowns.by_day(world.database, world.prices, Selection(calendar=UTC_DAYS))
    assert [day.key is None for day in days] == [False, False]
    assert [day.tokens.input for day in days] == [1_000_000, 2_000_100]
    assert [day.cost for day in days] == [Cost(1.0, "computed"), Cost(2.75, "computed")]
    assert breakdowns.by_day(world.database, world.prices)


def test_by_model(world: World) -> None:
    """The client named one model, the rows two: what is over the known prices is the others'."""
    fill_two_projects(world)
    models = {line.key: line for line in breakdowns.by_model(world.database, world.prices)}
    assert models["claude-opus"].cost.provenance == "computed"
    assert models["odd"].tokens.input == 10
    assert models[None].tokens.input == 85
    usd = [line.cost.usd or 0.0 for line in models.values()]
    assert math.isclose(math.fsum(usd), 3.75)
    assert min(usd) > 0


def test_by_project(world: World) -> None:
    """By folder, the most expensive first."""
    fill_two_projects(world)
    projects = breakdowns.by_project(world.database, world.prices)
    assert [project.key for project in projects] == ["/home/user/project", "/elsewhere"]
    assert [project.cost.usd for project in projects] == [3.0, 0.75]


def test_by_agent(world: World) -> None:
    """The main conversations, subagents by their type, and the client's own helpers."""
    subagents = (
        Subagent("a1", SESSION, "Explore", None, None, None, None, None, None),
        Subagent("acompact-1", SESSION, "compaction", None, None, None, None, None, None,
                 is_helper=True),
    )  # fmt: skip
    world.ingest(
        message("u1"),
        usages=tuple(
            usage(name, agent_id=agent_id, tokens_out=tokens)
            for name, agent_id, tokens in (
                ("m1", None, 4), ("m2", "a1", 3), ("m3", "acompact-1", 2), ("m4", "a2", 1)
            )
        ),
        subagents=subagents,
    )  # fmt: skip
    lines = by_agent(world.database, world.prices)
    assert [(line.key, line.sessions, line.tokens.output) for line in lines] == [
        (None, 1, 4), ("Explore", 1, 3), ("Claude Code: compaction", 1, 2), ("subagent", 1, 1)
    ]  # fmt: skip
    assert by_agent(world.database, world.prices, Selection(1 << 50)) == []


def test_all_tables_have_the_same_total(world: World) -> None:
    """Nothing is lost between two ways to group."""
    fill_two_projects(world)
    tables = [
        breakdowns.by_day(world.database, world.prices),
        breakdowns.by_model(world.database, world.prices),
        breakdowns.by_project(world.database, world.prices),
    ]
    sums = [breakdowns.total(table) for table in tables]
    assert len({line.tokens for line in sums}) == 1
    assert sums[0].cost.usd is not None
    assert all(math.isclose(line.cost.usd or 0, sums[0].cost.usd) for line in sums)
    accounts = [line.account for line in statistics.by_session(world.database, world.prices)]
    assert sum(account.tokens.input for account in accounts) == sums[0].tokens.input


def test_a_day_is_one_of_this_machine_or_of_utc(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An evening in New York is the next day's night in UTC."""
    at_ms = NOON_MS // DAY_MS * DAY_MS + 3_600_000
    world.ingest(message("a1"), usages=(usage(timestamp_ms=at_ms),))
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        (local,) = breakdowns.by_day(world.database, world.prices)
    finally:
        monkeypatch.undo()
        time.tzset()
    (utc,) = breakdowns.by_day(world.database, world.prices, Selection(calendar=UTC_DAYS))
    assert str(local.key) < str(utc.key)


def test_lines_of_the_same_cost_are_in_the_order_of_their_keys() -> None:
    """Otherwise two runs on one store would print different tables."""
    lines = [BreakdownLine(key, 1, 1, NO_TOKENS, UNPRICED) for key in ("b", None, "a")]
    assert [line.key for line in by_cost(lines)] == [None, "a", "b"]
