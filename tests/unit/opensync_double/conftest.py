"""The double on a clock that tests move: its functions alone, and served over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from support.opensync_double.backend import Backend
from support.opensync_double.clock import ManualClock
from support.opensync_double.server import OpenSyncDouble
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> ManualClock:
    """Have a clock that stands still until a test moves it."""
    return ManualClock()


@pytest.fixture
def backend(clock: ManualClock) -> Backend:
    """Have an empty backend with one user."""
    return Backend(clock=clock)


@pytest.fixture
def double(clock: ManualClock) -> Iterator[OpenSyncDouble]:
    """Have a double that listens on loopback."""
    with OpenSyncDouble(clock=clock) as double:
        yield double


@pytest.fixture
def client(double: OpenSyncDouble) -> Iterator[httpx.Client]:
    """Have an HTTP client with the right key."""
    key = {"Authorization": f"Bearer {double.api_key}"}
    with httpx.Client(base_url=double.url, headers=key, timeout=WAIT_SECONDS) as client:
        yield client
