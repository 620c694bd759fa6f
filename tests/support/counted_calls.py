"""The interpreter's calls for a piece of work: as many on a busy machine as on an idle one."""

from __future__ import annotations

import cProfile
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_FILE = re.compile(r"(?!)")


@dataclass
class Calls:
    """How many there were, once the block has ended."""

    count: int = 0


@contextmanager
def counted_calls(without: re.Pattern[str] = _NO_FILE) -> Iterator[Calls]:
    """Count the calls of a block, of Python's functions and of others, not those in some files."""
    calls = Calls()
    # This one counts without a call of Python for each, which would take most of the time.
    profile = cProfile.Profile()
    before = sys.getprofile()
    profile.enable()
    try:
        yield calls
    finally:
        profile.disable()
        sys.setprofile(before)
    calls.count = sum(_calls(entry, without) for entry in profile.getstats())


def _calls(entry: Any, without: re.Pattern[str]) -> int:  # noqa: ANN401 - it has no type
    """Return how often a function was called, with what it called that is not of Python."""
    if isinstance(entry.code, str) or without.search(entry.code.co_filename):
        return 0
    called = sum(sub.callcount for sub in entry.calls or () if isinstance(sub.code, str))
    return int(entry.callcount + called)
