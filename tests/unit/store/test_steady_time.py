"""What one process left to be due is due at the right time for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store.steady_time import follow_origin, take_origin
from support.fakes import FakeClock
from support.storing import SESSION, World

if TYPE_CHECKING:
    from pathlib import Path

HOUR_MS = 3_600_000


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Have a session of which rows were sent, and whose state is due in 11 s."""
    world = World(tmp_path)
    take_origin(world.database, world.clock, boot="first")
    world.say("u1")
    world.work()
    world.clock.advance(1)
    world.say("u2")
    world.work()
    world.outbox.block(SESSION, world.clock.steady_ms() + 5_000)
    return world


def restarted(world: World, *, set_by_ms: int, boot: str = "first") -> FakeClock:
    """Return the clock of the next process, which found the machine's clock set."""
    clock = FakeClock(world.clock.now_ms)
    clock.origin_ms = clock.set_by_ms = set_by_ms
    take_origin(world.database, clock, boot=boot)
    return clock


def left_ms(world: World, clock: FakeClock) -> int:
    """Return in how long the session is due."""
    due_ms = world.outbox.next_due_ms()
    assert due_ms is not None
    return due_ms - clock.steady_ms()


@pytest.mark.parametrize("set_by_ms", [0, HOUR_MS, -HOUR_MS, -1_000 * HOUR_MS])
def test_a_clock_that_was_set_between_two_processes_changes_nothing(
    world: World, set_by_ms: int
) -> None:
    """As long as the machine runs: they count from the same origin."""
    before = left_ms(world, world.clock)
    written_ms = world.outbox.remote(SESSION).write_ms
    clock = restarted(world, set_by_ms=set_by_ms)
    assert left_ms(world, clock) == before
    assert world.outbox.remote(SESSION).write_ms == written_ms


@pytest.mark.parametrize("set_by_ms", [-HOUR_MS, -1_000 * HOUR_MS])
def test_a_machine_that_starts_with_an_earlier_time_delays_nothing(
    world: World, set_by_ms: int
) -> None:
    """What was written last counts as written now."""
    before = left_ms(world, world.clock)
    clock = restarted(world, set_by_ms=set_by_ms, boot="second")
    assert left_ms(world, clock) == before
    assert world.outbox.remote(SESSION).write_ms == clock.steady_ms()


def test_a_machine_that_starts_with_a_later_time_has_everything_due(world: World) -> None:
    """Its start took longer than any of it."""
    clock = restarted(world, set_by_ms=HOUR_MS, boot="second")
    assert left_ms(world, clock) < 0


def test_what_is_due_in_the_far_future_is_due_soon(tmp_path: Path) -> None:
    """No time of a clock that was wrong by years stays."""
    world = World(tmp_path)
    world.say("u1")
    far_ms = world.clock.steady_ms() + 100_000 * HOUR_MS
    with world.database.write() as connection:
        connection.execute("UPDATE remote SET not_before_ms = ?1, blocked_ms = ?1", (far_ms,))
        connection.execute("UPDATE outbox SET not_before_ms = ?", (far_ms,))
    take_origin(world.database, world.clock, boot="first")
    world.drain()
    world.assert_complete()


def test_another_process_follows_without_changing_anything(world: World) -> None:
    """A repair queues rows while the daemon runs: by the daemon's time."""
    clock = FakeClock(world.clock.now_ms)
    clock.origin_ms = clock.set_by_ms = HOUR_MS
    follow_origin(world.database, clock, boot="first")
    assert clock.steady_ms() == world.clock.steady_ms()
    other = FakeClock(world.clock.now_ms)
    other.origin_ms = HOUR_MS
    follow_origin(world.database, other, boot="second")
    assert other.origin_ms == HOUR_MS
