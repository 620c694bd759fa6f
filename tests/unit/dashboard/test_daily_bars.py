"""The bars of a range: each day or week, with its costs by model and project."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting import breakdowns
from ccsync_watch.accounting.session_accounts import load_accounts
from ccsync_watch.dashboard.daily_bars import DailyBars, build_bars
from ccsync_watch.dashboard.local_time import MAX_BARS, days_between, local_datetime
from support.storing import message, usage

if TYPE_CHECKING:
    from support.storing import World

DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000
TODAY = local_datetime(NOW_MS).date()


def _bars(world: World, first: date | None, *, has_previous: bool = False) -> DailyBars:
    accounts = load_accounts(world.database, world.prices)
    lines = breakdowns.days_of(accounts)
    projects = breakdowns.session_projects(world.database)
    previous = lines if has_previous else ()
    return build_bars(lines, accounts, projects, first=first, today=TODAY, previous=previous)


def _use(world: World, name: str, days_ago: int, tokens: int, *, project: str = "shop") -> None:
    at_ms = NOW_MS - days_ago * DAY_MS
    used = usage(f"m-{name}", session_id=name, timestamp_ms=at_ms, tokens_out=tokens,
                 cache_read_tokens=9, model="claude-opus")  # fmt: skip
    said = message("u1", session_id=name, at_ms=at_ms)
    world.ingest(said, session_id=name, usages=(used,), cwd=f"/home/user/{project}")


def test_costs_by_model_and_by_project_add_up_to_the_total(world: World) -> None:
    """Projects after the first few are one series; reads of the cache are a chart of their own."""
    for number in range(7):
        _use(world, f"s{number}", number % 3, 1000 * (number + 1), project=f"p{number}")
    bars = _bars(world, None)
    assert len(bars.days) == 3
    total = bars.costs["total"]["cost"]
    assert sum(total) > 0
    for by in ("model", "project"):
        series = bars.costs[by].values()
        assert [sum(values) for values in zip(*series, strict=True)] == pytest.approx(total)
    assert list(bars.costs["project"]) == ["p6", "p5", "p4", "p3", "p2", "other"]
    assert "cache reads" not in bars.tokens
    assert sum(bars.cache_reads["cache reads"]) == 7 * 9


def test_each_day_has_the_cost_of_the_same_day_before(world: World) -> None:
    """Where a bar is a day."""
    _use(world, "now", 1, 1000)
    _use(world, "before", 4, 1000)
    first = local_datetime(NOW_MS - 2 * DAY_MS).date()
    bars = _bars(world, first, has_previous=True)
    assert bars.previous is not None
    assert bars.previous[1] == bars.costs["total"]["cost"][1] > 0
    assert (bars.previous[0], bars.previous[2]) == (0, 0)
    long_ago = local_datetime(NOW_MS - 300 * DAY_MS).date()
    assert _bars(world, long_ago, has_previous=True).previous is None


def test_many_days_are_weeks_and_nothing_is_left_out() -> None:
    """Days where there are few; weeks begin on Mondays, and the last has today."""
    last = date(2026, 3, 4)
    days = days_between(date(2026, 3, 1), last)
    assert [span.first.day for span in days] == [1, 2, 3, 4]
    assert all(span.first == span.last for span in days)
    weeks = days_between(date(2025, 3, 1), last)
    assert all(span.first.weekday() == 0 and span.last.weekday() == 6 for span in weeks)
    assert weeks[0].first <= date(2025, 3, 1) <= weeks[0].last
    assert weeks[-1].first <= last <= weeks[-1].last
    assert len(days_between(date(1990, 1, 1), last)) == 2 * MAX_BARS
    assert len(days_between(date(2027, 1, 1), last)) == 1
