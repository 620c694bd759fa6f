"""Wait for a condition, instead of for time to pass."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT_SECONDS = 150.0
"""Long enough for a busy machine: nothing that is measured ends with it."""
POLL_SECONDS = 0.02
_MOST_LATER = 20
"""A wait ends at most a twentieth later than it could: a probe may take from what it waits for."""

T = TypeVar("T")


def wait_for(
    probe: Callable[[], T | None],
    what: str,
    *,
    timeout: float = WAIT_SECONDS,
    evidence: Callable[[], str] = str,
) -> T:
    """Call `probe` until it returns something true, and return that.

    Raises TimeoutError after `timeout` seconds; its message names `what` was waited for and ends
    with the `evidence` of that moment, such as a screen.
    """
    start = time.monotonic()
    while not (result := probe()):
        waited = time.monotonic() - start
        if waited > timeout:
            raise TimeoutError(f"{what}: not within {timeout:g} s\n{evidence()}")
        time.sleep(max(POLL_SECONDS, waited / _MOST_LATER))
    return result


def wait_until(condition: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> float:
    """Poll until `condition` holds; return the seconds that passed, or raise TimeoutError."""
    start = time.monotonic()
    wait_for(condition, what, timeout=seconds)
    return time.monotonic() - start
