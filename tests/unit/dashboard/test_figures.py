"""The figures that pages show are cached while they hold."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.config import Settings
from ccsync_watch.dashboard.figures import Figures
from ccsync_watch.dashboard.page_priority import PagePriority
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from ccsync_watch.dashboard.snapshots import Snapshot
    from support.fakes import FakeClock
    from support.storing import World


@pytest.fixture
def figures(world: World, clock: FakeClock) -> Figures:
    """Return the figures of an empty store without a destination."""
    return Figures(
        world.database,
        world.prices,
        settings=lambda: Settings(state_dir=world.folder),
        status=lambda: {"version": "1"},
        clock=clock,
        priority=PagePriority(clock),
    )


def _overview(figures: Figures) -> Snapshot:
    while True:
        snapshot = figures.overview("all")
        if snapshot is not None:
            return snapshot


def test_status_is_the_daemons(figures: Figures) -> None:
    """The first page waits for it."""
    assert figures.status() == {"version": "1"}


def test_overview_is_counted_again_after_a_commit(
    figures: Figures, world: World, clock: FakeClock
) -> None:
    """And after midnight; otherwise the last count still holds."""
    first = _overview(figures)
    clock.advance(5)
    assert _overview(figures) is first
    world.say("u1")
    clock.advance(5)
    while _overview(figures) is first:
        clock.advance(5)
    assert _overview(figures).prompts == 1
    second = _overview(figures)
    clock.advance(86_400)
    while _overview(figures) is second:
        clock.advance(5)
    assert _overview(figures).today > second.today


def test_overview_is_counted_again_after_a_price_changed(
    figures: Figures, world: World, clock: FakeClock
) -> None:
    """Another process downloads prices, or looks them up, while nobody writes to the store."""
    first = _overview(figures)
    clock.advance(5)
    assert _overview(figures) is first
    (world.folder / "price-data.json").write_text("{}")
    while _overview(figures) is first:
        clock.advance(5)


class StuckPrices:
    """Prices that are unknown until `ended`."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def revision(self) -> object:
        """Wait."""
        return self.ended.wait()


def test_what_is_at_risk_does_not_wait_for_an_overview(world: World, clock: FakeClock) -> None:
    """Of a large store it is counted for half a minute."""
    prices, asked = StuckPrices(), threading.Event()

    def settings() -> Settings:
        asked.set()
        return Settings(state_dir=world.folder)

    figures = Figures(
        world.database,
        prices,  # type: ignore[arg-type] # all that is asked of it
        settings=settings,
        status=dict,
        clock=clock,
        priority=PagePriority(clock),
    )
    try:
        assert figures.overview("all") is None
        asked.clear()
        assert figures.retention_risk() is None
        assert asked.wait(WAIT_SECONDS)
    finally:
        prices.ended.set()


def test_nothing_is_at_risk_without_a_destination(figures: Figures) -> None:
    """Nothing is to be uploaded then."""
    assert figures.retention_risk() is None
