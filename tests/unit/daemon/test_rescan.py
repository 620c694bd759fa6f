"""When the disk is compared with the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from ccsync_watch.daemon.rescan import (
    BURST_SHARE,
    POLL_SECONDS,
    POLL_SHARE,
    SHARE,
    SWEEP_SECONDS,
    Rescanner,
)
from support.fakes import FakeClock
from support.pump_double import PumpDouble

if TYPE_CHECKING:
    from ccsync_watch.pipeline import Pump
    from ccsync_watch.transcripts.observer import Observer


class ObserverDouble:
    """Knows whether it can watch, and how often it was rebuilt."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.rebuilt = 0

    def rebuild(self) -> None:
        """Count."""
        self.rebuilt += 1


class Scene:
    """A sweeper over doubles, its first sweep done."""

    def __init__(self, *, look_seconds: float = 0.0) -> None:
        self.clock = FakeClock()
        self.pump = PumpDouble(self.clock, look_seconds=look_seconds)
        self.observer = ObserverDouble()
        self.sweeper = Rescanner(
            cast("Pump", self.pump), cast("Observer", self.observer), self.clock
        )
        self.pump.disk = ["there before us"]
        assert self.sweeper.turn(is_failing=False)

    def pass_time(self, seconds: float, *, is_failing: bool = False) -> int:
        """Turn once a tenth of a second; return how many sweeps there were."""
        before, until = self.pump.looks, self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            self.clock.advance(0.1)
            self.sweeper.turn(is_failing=is_failing)
        return self.pump.looks - before


def test_seldom_while_all_is_well() -> None:
    """Every ten seconds; what was there at the start is no miss."""
    scene = Scene()
    assert scene.pass_time(60) in {5, 6}
    assert scene.observer.rebuilt == 0


def test_the_more_a_sweep_costs_the_rarer_it_is() -> None:
    """Ten thousand transcripts take no more than their share of the time."""
    scene = Scene(look_seconds=0.2)
    assert scene.sweeper.next_at - scene.clock.monotonic() == pytest.approx(0.2 / SHARE, rel=0.01)


def test_a_change_without_an_event_brings_frequent_sweeps(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And fresh watches; the log says it once."""
    scene = Scene()
    for _ in range(3):
        scene.pump.disk = ["a"]
        scene.pass_time(SWEEP_SECONDS + 3)
    assert scene.observer.rebuilt == 1
    assert len(caplog.records) == 1
    sweeps = scene.pass_time(20)
    assert sweeps >= 20 / (POLL_SECONDS + 0.3)
    scene.pass_time(60)
    assert scene.pass_time(60) <= 6


def test_distrust_costs_its_share_too() -> None:
    """Sweeping ten thousand files every two seconds would be a tenth of a core."""
    scene = Scene(look_seconds=0.5)
    scene.observer.problem = "no more watches"
    scene.pass_time(160)
    interval = scene.sweeper.next_at - scene.clock.monotonic()
    assert interval <= 0.5 / POLL_SHARE + 0.01
    assert scene.pass_time(60) <= 60 / (0.5 / POLL_SHARE) + 1


def test_a_change_that_an_event_names_later_is_no_alarm() -> None:
    """Under load the sweep comes first."""
    scene = Scene()
    scene.pump.disk = ["a"]
    scene.pass_time(SWEEP_SECONDS)
    scene.sweeper.note(["/p/a.jsonl"], is_folder=False)
    scene.pass_time(30)
    assert scene.observer.rebuilt == 0


def test_a_new_folder_is_looked_into_at_once() -> None:
    """What lies in it was not announced, and is no alarm."""
    scene = Scene()
    scene.pass_time(3)
    scene.pump.disk = ["a"]
    scene.sweeper.note([], is_folder=True)
    assert scene.sweeper.turn(is_failing=False)
    assert scene.pump.queued[-1] == "a"
    scene.pass_time(30)
    assert scene.observer.rebuilt == 0


def test_many_new_folders_do_not_mean_as_many_sweeps() -> None:
    """A repository cloned into the folder would keep a core busy otherwise."""
    scene = Scene(look_seconds=0.2)
    before = scene.pump.looks
    for _ in range(300):
        scene.sweeper.note([], is_folder=True)
        scene.clock.advance(0.01)
        scene.sweeper.turn(is_failing=False)
    seconds = 3.0 + 0.2 * (scene.pump.looks - before)
    assert (scene.pump.looks - before) * 0.2 <= seconds * BURST_SHARE + 0.2


def test_what_could_not_be_read_is_no_miss() -> None:
    """A full disk keeps files unread that events had named."""
    scene = Scene()
    scene.pump.disk = ["a"]
    scene.pass_time(30, is_failing=True)
    assert scene.observer.rebuilt == 0
