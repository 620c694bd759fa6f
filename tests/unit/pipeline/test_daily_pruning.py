"""The setting `retention` is applied once a day, between other work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.pipeline.daily_pruning import Retention
from ccsync_watch.pipeline.files import RealFiles
from ccsync_watch.pipeline.pruning import DAY_MS, PruneRequest
from ccsync_watch.store.meta import last_retention
from support.storing import OTHER, SESSION, World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Have an empty store."""
    return World(tmp_path)


def retention(world: World, *, days: int = 30) -> Retention:
    """Return what a daemon that was just started would use."""
    return Retention(
        world.database,
        PruneRequest(max_age_days=days),
        files=RealFiles(),
        roots=(),
        install_key=b"key",
        has_backend=True,
        clock=world.clock,
    )


def run(keeper: Retention) -> int:
    """Step until there is nothing to do; return how many steps did something."""
    for steps in range(100):
        if not keeper.step():
            return steps
    raise AssertionError("steps without end")


def pruned(world: World) -> list[str]:
    """Return the sessions that were pruned."""
    rows = world.database.read().execute(
        "SELECT session_id FROM session_facts WHERE name = 'pruned' ORDER BY session_id"
    )
    return [row[0] for row in rows]


def test_it_is_applied_once_a_day(world: World) -> None:
    """Also by a daemon that is started often."""
    world.say("u1", ago_ms=31 * DAY_MS)
    world.say("u2", session_id=OTHER, ago_ms=30 * DAY_MS - 1000)
    world.drain()
    keeper = retention(world)
    assert run(keeper)
    assert pruned(world) == [SESSION]
    world.clock.advance(DAY_MS / 1000 - 10)
    assert run(keeper) == run(retention(world)) == 0
    world.clock.advance(20)
    assert run(keeper)
    assert pruned(world) == [SESSION, OTHER]


def test_the_last_run_is_remembered(world: World) -> None:
    """For `status`."""
    assert last_retention(world.database.read()) is None
    world.say("u1", ago_ms=31 * DAY_MS)
    world.say("u2", session_id=OTHER, ago_ms=31 * DAY_MS, is_released=False)
    world.drain()
    at_ms = world.clock.wall_ms()
    run(retention(world))
    last = last_retention(world.database.read())
    assert last is not None
    assert (last["at_ms"], last["sessions"], last["messages"]) == (at_ms, 1, 1)
    assert last["left_alone"] == {"pending": 1}


def test_another_setting_is_applied_at_once(world: World) -> None:
    """Whoever shortens it does not wait for a day."""
    world.say("u1", ago_ms=20 * DAY_MS)
    world.drain()
    run(retention(world))
    assert not pruned(world)
    run(retention(world, days=10))
    assert pruned(world) == [SESSION]


def test_a_clock_that_was_wrong_does_not_stop_it(world: World) -> None:
    """A last run in the future says nothing."""
    world.clock.now_ms += 1000 * DAY_MS
    keeper = retention(world)
    run(keeper)
    world.clock.now_ms -= 1000 * DAY_MS
    world.say("u1", ago_ms=31 * DAY_MS)
    world.drain()
    assert run(keeper)
    assert pruned(world) == [SESSION]


@pytest.mark.parametrize("set_by", [2 * DAY_MS, 365 * DAY_MS])
def test_a_clock_that_is_set_ahead_removes_nothing_for_a_day(world: World, set_by: int) -> None:
    """It does not come back; by then the clock is right again, or was wrong before."""
    world.say("u1", ago_ms=29 * DAY_MS)
    world.drain()
    keeper = retention(world)
    run(keeper)
    world.clock.set_wall(set_by / 1000)
    run(keeper)
    world.clock.advance(DAY_MS / 1000 - 100)
    run(keeper)
    assert not pruned(world)
    world.clock.advance(200)
    run(keeper)
    world.clock.advance(DAY_MS / 1000)
    run(keeper)
    assert pruned(world) == [SESSION]


def test_a_clock_that_is_set_ahead_and_back_removes_nothing(world: World) -> None:
    """Whenever that happens."""
    world.say("u1", ago_ms=10 * DAY_MS)
    world.drain()
    keeper = retention(world)
    for _ in range(3):
        run(keeper)
        world.clock.set_wall(365 * DAY_MS / 1000)
        run(keeper)
        world.clock.advance(DAY_MS / 1000 - 100)
        world.clock.set_wall(-365 * DAY_MS / 1000)
    assert not pruned(world)


def test_many_sessions_take_many_steps(world: World) -> None:
    """Between them the daemon reads what is written."""
    for number in range(5):
        world.say("u1", session_id=f"{number}{SESSION[1:]}", ago_ms=31 * DAY_MS)
    world.drain()
    assert run(retention(world)) >= 5
    assert len(pruned(world)) == 5
