"""Rescans are rare while events work, frequent while they do not, and never too expensive."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from ccsync_watch.daemon.rescan import (
    BURST_SHARE,
    POLL_SECONDS,
    POLL_SHARE,
    RESCAN_SECONDS,
    SHARE,
    Rescanner,
)
from support.fakes import FakeClock
from support.pump_double import PumpDouble

if TYPE_CHECKING:
    from ccsync_watch.pipeline.pump import Pump
    from ccsync_watch.transcripts.observer import Observer


class ObserverDouble:
    """Knows whether it can watch, and how often it was rebuilt."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.rebuilt = 0
        self.links: list[str] = []

    def set_links(self, links: list[str]) -> None:
        """Keep them."""
        self.links = links

    def rebuild(self) -> None:
        """Count."""
        self.rebuilt += 1


class Scene:
    """A rescanner over doubles, after its first rescan."""

    def __init__(self, *, scan_seconds: float = 0.0) -> None:
        self.clock = FakeClock()
        self.pump = PumpDouble(self.clock, scan_seconds=scan_seconds)
        self.observer = ObserverDouble()
        self.rescanner = Rescanner(
            cast("Pump", self.pump), cast("Observer", self.observer), self.clock
        )
        self.pump.disk = ["there before us"]
        assert self.rescanner.turn(is_failing=False)

    def pass_time(self, seconds: float, *, is_failing: bool = False) -> int:
        """Turn once every tenth of a second; return how many rescans there were."""
        before, until = self.pump.scans, self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            self.clock.advance(0.1)
            self.rescanner.turn(is_failing=is_failing)
        return self.pump.scans - before


def test_rescans_are_rare_while_events_work() -> None:
    """One in ten seconds; what was there at the start was not missed."""
    scene = Scene()
    assert scene.pass_time(60) in {5, 6}
    assert scene.observer.rebuilt == 0


def test_folders_behind_links_are_watched() -> None:
    """The observer gets them from the scan that listed them."""
    scene = Scene()
    scene.pump.links = ["/p/link"]
    scene.pass_time(11)
    assert scene.observer.links == ["/p/link"]


def test_an_expensive_rescan_is_rarer() -> None:
    """Ten thousand transcripts take no more than their share of the time."""
    scene = Scene(scan_seconds=0.2)
    assert scene.rescanner.next_at - scene.clock.monotonic() == pytest.approx(0.2 / SHARE, rel=0.01)


def test_a_change_without_an_event_makes_rescans_frequent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The watches are rebuilt too, and it is logged once."""
    scene = Scene()
    for _ in range(3):
        scene.pump.disk = ["a"]
        scene.pass_time(RESCAN_SECONDS + 3)
    assert scene.observer.rebuilt == 1
    assert len(caplog.records) == 1
    rescans = scene.pass_time(20)
    assert rescans >= 20 / (POLL_SECONDS + 0.3)
    scene.pass_time(60)
    assert scene.pass_time(60) <= 6


def test_frequent_rescans_take_no_more_than_their_share() -> None:
    """Scanning ten thousand files every two seconds would take a tenth of a core."""
    scene = Scene(scan_seconds=0.5)
    scene.observer.problem = "no more watches"
    scene.pass_time(160)
    interval = scene.rescanner.next_at - scene.clock.monotonic()
    assert interval <= 0.5 / POLL_SHARE + 0.01
    assert scene.pass_time(60) <= 60 / (0.5 / POLL_SHARE) + 1


def test_a_change_that_an_event_announces_later_is_not_missed() -> None:
    """Under load the rescan comes first."""
    scene = Scene()
    scene.pump.disk = ["a"]
    scene.pass_time(RESCAN_SECONDS)
    scene.rescanner.add_events(["/p/a.jsonl"], is_folder=False)
    scene.pass_time(30)
    assert scene.observer.rebuilt == 0


def test_a_new_folder_is_scanned_at_once() -> None:
    """Its files were not announced, and do not count as missed."""
    scene = Scene()
    scene.pass_time(3)
    scene.pump.disk = ["a"]
    scene.rescanner.add_events([], is_folder=True)
    assert scene.rescanner.turn(is_failing=False)
    assert scene.pump.queued[-1] == "a"
    scene.pass_time(30)
    assert scene.observer.rebuilt == 0


def test_many_new_folders_do_not_cause_as_many_rescans() -> None:
    """A repository cloned into the folder would keep a core busy otherwise."""
    scene = Scene(scan_seconds=0.2)
    before = scene.pump.scans
    for _ in range(300):
        scene.rescanner.add_events([], is_folder=True)
        scene.clock.advance(0.01)
        scene.rescanner.turn(is_failing=False)
    seconds = 3.0 + 0.2 * (scene.pump.scans - before)
    assert (scene.pump.scans - before) * 0.2 <= seconds * BURST_SHARE + 0.2


def test_unreadable_files_do_not_count_as_missed() -> None:
    """On a full disk, files stay unread that events had announced."""
    scene = Scene()
    scene.pump.disk = ["a"]
    scene.pass_time(30, is_failing=True)
    assert scene.observer.rebuilt == 0
