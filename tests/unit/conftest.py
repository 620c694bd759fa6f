"""What the unit tests of several packages share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.storing import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Have an empty store, an uploader on it, and the double that it uploads to."""
    world = World(tmp_path)
    yield world
    world.close()
