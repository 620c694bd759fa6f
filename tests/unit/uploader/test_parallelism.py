"""More sessions of a backlog at once where each row takes the destination long, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.errors import Retryable
from ccsync_watch.uploader.parallelism import MOST_BACKLOG_WORKERS, Parallelism
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.storing import World

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS = 86_400_000


def test_a_near_destination_keeps_the_least() -> None:
    """A millisecond a row."""
    parallelism = Parallelism(3)
    assert not any(parallelism.record_step(100, 0.1) for _ in range(50))
    assert parallelism.allowed == 3


def test_a_far_destination_gets_one_more_at_a_time() -> None:
    """Each as many steps later as there are threads already."""
    parallelism = Parallelism(3)
    grown = [parallelism.record_step(4, 0.25) for _ in range(80)]
    assert sum(grown) == MOST_BACKLOG_WORKERS - 3
    assert grown.index(True) >= 2
    assert parallelism.allowed == MOST_BACKLOG_WORKERS


def test_a_failure_halves_it_down_to_the_least() -> None:
    """And a step that sent nothing says nothing."""
    parallelism = Parallelism(3)
    for _ in range(80):
        parallelism.record_step(4, 0.25)
    parallelism.record_failure()
    assert parallelism.allowed == 6
    parallelism.record_step(0, 9)
    for _ in range(5):
        parallelism.record_failure()
    assert parallelism.allowed == 3


def test_where_nothing_is_limited_nothing_is_counted() -> None:
    """One thread that takes turns itself."""
    parallelism = Parallelism(None)
    parallelism.record_failure()
    assert not parallelism.record_step(4, 0.25)
    assert parallelism.allowed is None


def test_the_uploader_calls_for_more_workers_during_a_far_backlog(tmp_path: Path) -> None:
    """For one more than the backlog has; live rows call for none."""
    world = World(tmp_path, backlog_workers=1)
    called: list[int] = []
    world.uploader.call_for_more(called.append)
    world.transport.on_answer = lambda _path: world.clock.advance(0.1)
    world.say("live")
    world.work()
    assert called == []
    for number in range(3):
        for row in range(30):
            world.say(f"u{row}", session_id=f"old{number}", ago_ms=DAY_MS + number)
    world.work()
    assert called[:3] == [3, 4, 5]
    world.transport.faults = FaultPlan.of(faults.refuse(503))
    world.say("more", session_id="old0", ago_ms=DAY_MS)
    assert isinstance(world.turn(), Retryable)


def test_a_helper_ends_when_nothing_is_due_and_at_a_failure(tmp_path: Path) -> None:
    """The workers that stay try again."""
    world = World(tmp_path)
    world.uploader.run_while_due()
    world.say("u1", ago_ms=DAY_MS)
    world.transport.faults = FaultPlan.always(faults.refuse(503))
    world.uploader.run_while_due()
    assert world.uploader.health.error is not None
    world.transport.faults = FaultPlan.none()
    world.clock.advance(60)
    world.uploader.run_while_due()
    assert world.ids() == ["u1"]
