"""Searches for any of several patterns, as one pattern with these as its branches would.

To compile one takes as long as to search a megabyte with it. There are as many sets of kinds of
dressing as hostile text wants, each in a place of its own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_FEW = 32
"""Used so often, a set is worth its compilation."""


class AnyBranch:
    """Searches for each branch by itself at first; compiles all as one when it is often used."""

    def __init__(self, branches: Sequence[str]) -> None:
        self._branches = branches
        self._whole: re.Pattern[bytes] | None = None
        self._uses = 0

    def finditer(self, data: bytes, low: int, high: int) -> Iterator[re.Match[bytes]]:
        """Yield the matches in a range, none of which overlap; the first branch wins."""
        self._uses += 1
        if self._uses <= _FEW:
            return _in_turn([_compile(branch) for branch in self._branches], data, low, high)
        if self._whole is None:
            self._whole = _compile("|".join(self._branches))
        return self._whole.finditer(data, low, high)


def _in_turn(
    patterns: Sequence[re.Pattern[bytes]], data: bytes, low: int, high: int
) -> Iterator[re.Match[bytes]]:
    following = [pattern.search(data, low, high) for pattern in patterns]
    while matches := [match for match in following if match is not None]:
        first = min(matches, key=lambda match: match.start())
        yield first
        for number, match in enumerate(following):
            if match is not None and match.start() < first.end():
                following[number] = patterns[number].search(data, first.end(), high)


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("latin-1"))
