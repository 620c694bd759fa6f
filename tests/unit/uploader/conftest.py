"""A store, the double and a destination in memory, for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.memory_destination import MemoryDestination, connect_memory
from support.storing import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def gathering(tmp_path: Path) -> Iterator[World]:
    """Have the same, with rows that gather, and one session that the backend has."""
    world = World(tmp_path, gather_seconds=0.25)
    world.say("u0", ago_ms=5)
    world.work()
    world.clock.advance(1)
    yield world
    world.close()


@pytest.fixture
def memory(world: World) -> MemoryDestination:
    """Have the uploader send into memory."""
    return connect_memory(world)
