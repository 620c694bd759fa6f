"""How much of a budget is spent, by the machine's own days."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ccsync_watch.accounting.account import Cost
from ccsync_watch.accounting.budgets import BudgetLine, check_budgets
from ccsync_watch.config.budget_checks import check_budget
from support.storing import OTHER, SESSION, World, message, usage

# A Wednesday in the middle of a month, at noon, as this machine's clocks show it.
_WEDNESDAY = datetime(2026, 9, 16, 12)  # noqa: DTZ001 - as above


def _spend(world: World, usd: float, at: datetime, session_id: str = SESSION) -> None:
    at_ms = round(at.timestamp() * 1000)
    name = f"{at_ms}-{usd}"
    row = usage(name, session_id=session_id, timestamp_ms=at_ms, cost_usd=usd, model=None)
    world.ingest(
        message(name, at_ms=at_ms, session_id=session_id), usages=(row,), session_id=session_id
    )


@pytest.fixture
def spent(world: World) -> World:
    """Return a store in which money was spent today, this week, this month and before that."""
    _spend(world, 1.0, _WEDNESDAY)
    _spend(world, 2.0, _WEDNESDAY - timedelta(days=2))
    _spend(world, 4.0, _WEDNESDAY - timedelta(days=3))
    _spend(world, 8.0, _WEDNESDAY - timedelta(days=20))
    _spend(world, 16.0, _WEDNESDAY, session_id=OTHER)
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET project_path = '/work/shop' WHERE id = ?", (OTHER,))
    return world


def test_each_limit_is_of_its_period_and_project(spent: World) -> None:
    """The week begins on Monday; a project is named as in `stats`."""
    budget = check_budget(
        {"day": 17, "week": 18, "month": 100, "projects": {"shop": {"month": 16}, "x": {"day": 1}}}
    )
    now_ms = round(_WEDNESDAY.timestamp() * 1000)
    lines = check_budgets(spent.database, spent.prices, budget, now_ms)
    assert [(line.period, line.project, line.cost.usd, line.is_exceeded) for line in lines] == [
        ("day", None, 17.0, False),
        ("week", None, 19.0, True),
        ("month", None, 23.0, False),
        ("month", "shop", 16.0, False),
        ("day", "x", 0.0, False),
    ]
    assert lines[1].text == "$19.00 of $18.00 this week (106%)"
    assert lines[3].text == "$16.00 of $16.00 this month on shop (100%)"
    assert [line.is_near for line in lines] == [True, True, False, True, False]
    assert check_budgets(spent.database, spent.prices, None, now_ms) == []


def test_a_week_may_begin_in_the_month_before(world: World) -> None:
    """And is counted from there."""
    tuesday = datetime(2026, 9, 1, 12)  # noqa: DTZ001 - as above
    _spend(world, 5.0, tuesday - timedelta(days=1))
    now_ms = round(tuesday.timestamp() * 1000)
    week, month = check_budgets(
        world.database, world.prices, check_budget({"week": 9, "month": 9}), now_ms
    )
    assert (week.cost.usd, month.cost.usd) == (5.0, 0.0)


def test_a_lower_bound_is_marked() -> None:
    """As everywhere; an unpriced cost exceeds nothing."""
    assert BudgetLine("day", None, 5, Cost(6.0, "partial")).text == "≥ $6.00 of $5.00 today (120%)"
    assert not BudgetLine("day", None, 5, Cost(None, "unpriced")).is_exceeded
