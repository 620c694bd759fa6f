"""What tests of the dashboard share: an empty store, a stopped clock, keys, and a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.config import load
from ccsync_watch.dashboard.browser_access import BrowserAccess
from ccsync_watch.dashboard.site import build_site
from support.dashboard_visitor import DaemonDouble, Visitor, sign_in
from support.fakes import FakeClock
from support.storing import World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that moves only when a test moves it."""
    return FakeClock()


@pytest.fixture
def access(tmp_path: Path, clock: FakeClock) -> BrowserAccess:
    """Return who may see the pages of an installation: nobody yet."""
    folder = tmp_path / "access"
    folder.mkdir(mode=0o700)
    return BrowserAccess(folder, clock=clock)


@pytest.fixture
def cookie(access: BrowserAccess) -> str:
    """Return the cookie header of a browser that has entered."""
    ((name, value),) = sign_in(access).items()
    return f"{name}={value}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with an empty store."""
    return World(tmp_path)


@pytest.fixture
def visitor(world: World, access: BrowserAccess, clock: FakeClock) -> Visitor:
    """Return a browser on the dashboard of `world`."""
    env = {"HOME": str(world.folder), "CCSYNC_WATCH_HOME": str(world.folder)}
    settings = load(env, {})
    daemon = DaemonDouble()
    daemon.database = world.database
    site = build_site(
        world.database,
        daemon,
        access=access,
        prices=world.prices,
        settings=lambda: settings,
        clock=clock,
    )
    return Visitor(site, daemon)
