"""A store and the double, for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.storing import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def newer(tmp_path: Path) -> Iterator[World]:
    """Have an empty store and a backend that accepts dates in batches."""
    world = World(tmp_path, accepts_dates=True)
    yield world
    world.close()
