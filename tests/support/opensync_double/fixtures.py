"""The double as a pytest fixture: `pytest_plugins = ["support.opensync_double.fixtures"]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.opensync_double.server import OpenSyncDouble

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def opensync() -> Iterator[OpenSyncDouble]:
    """Run a double on the machine's clock, without faults, for one test."""
    with OpenSyncDouble() as double:
        yield double
