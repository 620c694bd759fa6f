"""No search for cyclic garbage while the rows of a chunk are made or stored.

They have no cycles, and there are tens of thousands: Python would look through them again and again
for what it could free. What becomes garbage meanwhile is found right afterwards.
"""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def garbage_pause() -> Iterator[None]:
    """Search for no garbage meanwhile, in any thread: for something short. May be nested."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
