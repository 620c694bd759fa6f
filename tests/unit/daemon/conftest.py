"""What the daemon's tests share: a supervisor in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.supervised_daemon import SupervisedDaemon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[SupervisedDaemon]:
    """Return a supervisor that does not run yet, and end it."""
    supervised = SupervisedDaemon(tmp_path)
    yield supervised
    supervised.end()
