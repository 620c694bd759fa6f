"""Wait for something to become true, instead of for time to pass."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 0.02

Transcript = TypeVar("Transcript")


def wait_for(
    look: Callable[[], Transcript | None],
    what: str,
    *,
    timeout: float = 20.0,
    evidence: Callable[[], str] = str,
) -> Transcript:
    """Call `look` until it returns something true, and return that.

    After `timeout` seconds raise TimeoutError, which names `what` was waited for and ends in the
    `evidence` of that moment, such as a screen.
    """
    deadline = time.monotonic() + timeout
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout:g} s\n{evidence()}")
        time.sleep(POLL_SECONDS)
    return found
