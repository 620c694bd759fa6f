"""The system's events end without a word: that is noticed, and they begin again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from watchdog.observers import Observer as WatchdogObserver

from ccsync_watch.daemon.event_health import GRACE_SECONDS
from ccsync_watch.daemon.rescan import RESCAN_SECONDS, Rescanner
from ccsync_watch.transcripts.observer import Observer, Wakeups
from support.lines import OTHER, Writer
from support.pumping import Bench, ids
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from watchdog.observers.api import BaseObserver


@pytest.mark.tailing_case("53")
def test_events_that_ended_begin_again(tmp_path: Path) -> None:
    """A rescan finds what no event announced; then the observer is built again."""
    built: list[BaseObserver] = []

    def make() -> BaseObserver:
        built.append(WatchdogObserver())
        return built[-1]

    bench = Bench(tmp_path)
    wakeups = Wakeups()
    observer = Observer([str(bench.root)], wakeups, make=make)
    rescanner = Rescanner(bench.pump, observer, bench.clock)
    first, second, third = Writer().prompt("a"), Writer(OTHER).prompt("b"), Writer().prompt("c")
    bench.append(bench.path(), first)
    assert observer.ensure()
    assert rescanner.turn(is_failing=False)
    bench.drain()
    (dead,) = built
    dead.stop()
    dead.join()
    wakeups.take()
    bench.append(bench.path(OTHER), second)
    bench.clock.advance(RESCAN_SECONDS)
    assert rescanner.turn(is_failing=False)
    bench.drain()
    assert bench.uuids() == ids(first, second)
    assert not wakeups.event.is_set()
    bench.clock.advance(GRACE_SECONDS)
    rescanner.turn(is_failing=False)
    assert len(built) == 2
    wakeups.take()
    bench.append(bench.path("third"), third)
    assert wakeups.event.wait(WAIT_SECONDS)
    observer.stop()
