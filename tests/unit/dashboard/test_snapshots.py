"""The overview of a range: the figures of the statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting import activity, breakdowns, statistics
from ccsync_watch.accounting.selections import Selection
from ccsync_watch.dashboard.local_time import DATE_RANGES
from ccsync_watch.dashboard.snapshots import Snapshot, take_snapshot
from ccsync_watch.model import Part
from ccsync_watch.store import prompt_counts
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000


@pytest.fixture
def filled(world: World) -> World:
    """Store sessions of today, of last week, a fork, and one of an excluded project."""
    _add_session(world, SESSION, NOW_MS - 1000)
    _add_session(world, OTHER, NOW_MS - 20 * DAY_MS)
    _add_session(world, "fork", NOW_MS - 3 * DAY_MS)
    _add_session(world, "hidden", NOW_MS - 1000)
    _add_session(world, "silent", NOW_MS - 2 * DAY_MS, is_used=False)
    world.ingest(
        message("u9", session_id=OTHER, at_ms=NOW_MS - 500),
        session_id=OTHER,
        usages=(usage("late", session_id=OTHER, timestamp_ms=NOW_MS - 400),),
    )
    state: dict[str, JsonValue] = {"inputTokens": 500, "outputTokens": 5, "costUSD": 0.5}
    world.ingest(
        session_id=SESSION,
        facts={"cost_state": {"totalCostUSD": 0.5, "modelUsage": {"claude-opus": state}}},
    )
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET forked_from = ? WHERE id = 'fork'", (OTHER,))
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = 'hidden'")
    return world


def _add_session(world: World, name: str, at_ms: int, *, is_used: bool = True) -> None:
    call = Part("tool-call", {"command": "ls"}, tool_use_id=f"{name}-t", tool_name="Bash")
    failed: dict[str, JsonValue] = {"ok": False, "durationMs": 40}
    result = Part("tool-result", failed, tool_use_id=f"{name}-t", tool_name="Bash")
    used = usage(f"{name}-m", session_id=name, timestamp_ms=at_ms, cache_read_tokens=30)
    world.ingest(
        message("u1", session_id=name, at_ms=at_ms),
        message("a1", session_id=name, at_ms=at_ms, kind="answer", role="assistant", parts=(call,)),
        message("u2", session_id=name, at_ms=at_ms, kind="tool_result", parts=(result,)),
        session_id=name,
        usages=(used,) if is_used else (),
        cwd=f"/home/user/{name}",
    )


def _snapshot(world: World, range_name: str) -> Snapshot:
    return take_snapshot(
        world.database,
        world.prices,
        DATE_RANGES[range_name],
        now_ms=NOW_MS,
        pace=lambda: None,
    )


@pytest.mark.parametrize("days", [None, 0, 1, 3, 7, 30])
def test_overview_is_all_tables_at_once(filled: World, days: int | None) -> None:
    """Its sums are those of the sessions' lines, for any time since."""
    database, prices = filled.database, filled.prices
    since_ms = None if days is None else NOW_MS - days * DAY_MS
    overview = statistics.overview(database, prices, since_ms=since_ms)
    lines = statistics.by_session(database, prices, Selection(since_ms))
    assert overview.sessions == len(lines)
    assert overview.prompts == sum(line.activity.prompts for line in lines)
    assert overview.tool_calls == sum(line.activity.tool_calls for line in lines)
    assert overview.tool_errors == sum(line.activity.tool_errors for line in lines)
    assert overview.days == breakdowns.by_day(database, prices, Selection(since_ms))
    assert overview.models == breakdowns.by_model(database, prices, Selection(since_ms))
    assert overview.projects == breakdowns.by_project(database, prices, Selection(since_ms))
    assert overview.tools == activity.by_tool(database, since_ms=since_ms)


def test_overview_can_be_paused_as_it_counts(filled: World) -> None:
    """Once for each session at least."""
    calls: list[None] = []
    statistics.overview(filled.database, filled.prices, pace=lambda: calls.append(None))
    assert len(calls) >= 3


@pytest.mark.parametrize("range_name", DATE_RANGES)
def test_snapshot_has_the_figures_of_the_statistics(filled: World, range_name: str) -> None:
    """As `stats` prints them, for every range."""
    snapshot = _snapshot(filled, range_name)
    since_ms = DATE_RANGES[range_name].start_ms(NOW_MS)
    overview = statistics.overview(filled.database, filled.prices, since_ms=since_ms)
    total = breakdowns.total(overview.days)
    assert (snapshot.sessions, snapshot.prompts) == (overview.sessions, overview.prompts)
    assert (snapshot.tokens, snapshot.cost) == (total.tokens, total.cost)
    assert snapshot.models == overview.models
    assert snapshot.tools == overview.tools
    assert [project.path for project in snapshot.projects] == [
        project.key for project in overview.projects
    ]
    assert snapshot.hours == prompt_counts.prompts_by_hour(filled.database, since_ms)
    assert sum(snapshot.bars.tokens["output"]) == total.tokens.output
    assert "hidden" not in {project.name for project in snapshot.projects}


def test_empty_store_has_empty_figures(world: World) -> None:
    """And no share of nothing."""
    snapshot = _snapshot(world, "all")
    assert snapshot.is_empty
    assert snapshot.cached_share is None
    assert len(snapshot.bars.days) == 1


def test_sessions_without_a_response_are_counted_in_both_periods_and_named(
    filled: World,
) -> None:
    """The tables of `stats` are of what was used: they leave them out."""
    _add_session(filled, "quiet", NOW_MS - 9 * DAY_MS, is_used=False)
    week = _snapshot(filled, "7")
    since = Selection(since_ms=week.since_ms)
    lines = statistics.by_session(filled.database, filled.prices, since)
    answered = [line for line in lines if line.account.responses]
    assert week.sessions == len(lines)
    assert week.unanswered == week.sessions - len(answered) == 1
    assert week.previous is not None
    assert week.previous.sessions == 1
    assert _snapshot(filled, "all").unanswered == 2
