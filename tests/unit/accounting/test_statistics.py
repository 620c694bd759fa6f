"""Sessions with their accounts and activity, and the tables since a day."""

from __future__ import annotations

from ccsync_watch.accounting import breakdowns, statistics
from ccsync_watch.accounting.calendars import UTC_DAYS
from ccsync_watch.accounting.selections import Selection
from support.accounting_store import DAY_MS, NOON_MS, fill_two_projects
from support.storing import OTHER, SESSION, World, message, usage


def test_by_session(world: World) -> None:
    """With its activity; the client's own times where it wrote them."""
    fill_two_projects(world)
    other, first = sorted(
        statistics.by_session(world.database, world.prices), key=lambda line: line.session_id,
        reverse=True,
    )  # fmt: skip
    done = first.activity
    assert (done.prompts, done.turns, done.tool_calls, done.tool_errors) == (1, 1, 2, 0)
    assert (done.permissions_granted, done.permissions_denied) == (1, 1)
    assert (done.compactions, done.api_errors, done.retries) == (1, 1, 1)
    assert (done.wall_ms, done.tool_ms, done.api_ms) == (DAY_MS, 2, None)
    assert (done.lines_added, done.lines_removed) == (3, 1)
    assert (other.session_id, other.activity.api_ms) == (OTHER, 70)


def test_a_session_has_the_best_title_known(world: World) -> None:
    """The user's own, else a generated one, else its first prompt."""
    titles = []
    for facts in ({}, {"generated_title": "Made"}, {"custom_title": "Mine"}):
        world.ingest(message("u1", "Hello"), facts=dict(facts), usages=(usage(),))
        (line,) = statistics.by_session(world.database, world.prices, session_id=SESSION)
        titles.append(line.title)
    assert titles == ["Hello", "Made", "Mine"]


def test_since_a_day_only_what_came_then_counts(world: World) -> None:
    """Of what began before, the rows since then; of the rest, all."""
    fill_two_projects(world)
    since = NOON_MS + DAY_MS // 2
    (day,) = breakdowns.by_day(world.database, world.prices, Selection(since, calendar=UTC_DAYS))
    assert day.tokens.input == 2_000_100
    lines = statistics.by_session(world.database, world.prices, Selection(since))
    used = {line.session_id: line.account.tokens.input for line in lines}
    assert used == {SESSION: 2_000_000, OTHER: 100}
    assert statistics.by_session(world.database, world.prices, Selection(since * 2)) == []


def test_a_session_of_which_only_copies_are_left_is_counted(world: World) -> None:
    """Its file is gone, its responses stand in a fork: by session as in every table."""
    copied = usage(session_id="gone", row_session_id=SESSION, is_marked=True)
    world.ingest(message("a1"), usages=(copied,))
    lines = statistics.by_session(world.database, world.prices)
    used = {line.session_id: line.account.tokens.input for line in lines}
    assert used == {SESSION: 0, "gone": 10}
    assert breakdowns.total(breakdowns.by_day(world.database, world.prices)).tokens.input == 10
