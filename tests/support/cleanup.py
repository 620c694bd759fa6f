"""Close after each test what its doubles opened, so that no test has to remember it.

SQLite connections that are never closed are a ResourceWarning from Python 3.13 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Closeable(Protocol):
    """Anything that holds a resource; closing it twice does no harm."""

    def close(self) -> None:
        """Give the resource back."""


_OPEN: list[Closeable] = []


def close_after_test(resource: Closeable) -> None:
    """Close `resource` when the running test ends.

    What a fixture of a wider scope opens stays open: that fixture closes it.
    """
    _OPEN.append(resource)


@pytest.fixture(autouse=True)
def _close_resources() -> Iterator[None]:
    """Close what was opened since the test began, the latest first."""
    before = len(_OPEN)
    yield
    while len(_OPEN) > before:
        _OPEN.pop().close()
