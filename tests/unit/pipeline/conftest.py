"""What the pump's tests share: a pump on an empty folder, and a redactor with the real rules."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy import Redactor
from support.pumping import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a pump on an empty folder."""
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture(scope="session")
def build_redactor() -> Callable[[], Redactor]:
    """Return a function that builds a redactor with the real rules, as a new process would."""
    cache = Path(os.environ["XDG_CACHE_HOME"])
    cache.mkdir(exist_ok=True)
    return lambda: Redactor(key=b"k" * 32, cache=cache)
