"""An environment of the test's own for `main`: a home folder and a state folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return an environment with an empty home folder, and the compiled rules of all tests."""
    (tmp_path / "home").mkdir()
    return {
        "HOME": str(tmp_path / "home"),
        "CCSYNC_WATCH_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
    }
