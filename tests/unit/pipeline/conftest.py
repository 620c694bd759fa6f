"""What the pump's tests share: a pump on an empty folder, and a redactor with the real rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.pumping import Bench
from support.redaction_corpus import shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.privacy import Redactor


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a pump on an empty folder."""
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture(scope="session")
def build_redactor() -> Callable[[], Redactor]:
    """Return a function that builds a redactor with the real rules, as a new process would."""
    return shared.build_redactor
