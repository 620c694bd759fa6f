"""A structural rule: a trigger, and a finder that reads a bounded window around its match."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ccsync_watch.privacy.engine.spans import Span

Finder = Callable[[bytes, int, int], Iterator[Span]]
"""Given a text, where the trigger's match ended and where the last one did, yields secrets near.

What begins before the last one's end was looked at then: hits in close succession, as hostile text
has them, make nothing be read again and again.
"""

WINDOW_AFTER = 512


@dataclass(frozen=True, slots=True)
class Structure:
    """A rule whose secret has a place rather than a form."""

    id: str
    about: str
    trigger: str
    find: Finder
    caseless: bool = True


def text_of(data: bytes, span: tuple[int, int]) -> str:
    """Return the characters in a range; a character cut in half becomes a replacement mark."""
    return data[span[0] : span[1]].decode("utf-8", "replace")


def window(data: bytes, end: int, since: int, reach: int, after: int) -> tuple[int, int]:
    """Return where a finder reads: from `reach` bytes before `end` to `after` bytes past it."""
    low, high = max(0, end - reach), min(len(data), end + after)
    is_seen = end - since <= after // 2  # the last window reached far enough past this end
    return (max(low, since) if is_seen else low), high


def by_pattern(
    pattern: str,
    kind: str,
    *,
    rank: int = 55,
    reach: int = 256,
    after: int = WINDOW_AFTER,
    accept: Callable[[str], bool] | None = None,
) -> Finder:
    """Return a finder for a pattern with a group `secret`, searched from `reach` bytes before.

    The pattern sees `after` bytes past the trigger's end. Matches may overlap: the search goes on
    from the byte after each match's start.
    """
    compiled = re.compile(pattern.encode("latin-1"), re.IGNORECASE)

    def find(data: bytes, end: int, since: int) -> Iterator[Span]:
        position, limit = window(data, end, since, reach, after)
        while (match := compiled.search(data, position, limit)) is not None:
            if match.start() >= end:
                return
            start, stop = match.span("secret")
            if start < stop and (accept is None or accept(text_of(data, (start, stop)))):
                yield Span(start, stop, kind, rank)
            position = match.start() + 1

    return find


class Near:
    """A caseless pattern tried only where its first word stands, in a window before a hit.

    Both patterns are written in lower case and see the text in lower case: `re` finds a word's
    first letter fast when it need not think of two. `head` matches where `whole` can start.
    """

    def __init__(self, head: str, whole: str, *, reach: int, after: int) -> None:
        self._head = re.compile(head.encode("latin-1"))
        self._whole = re.compile(whole.encode("latin-1"))
        self._reach = reach
        self._after = after

    def matches(self, data: bytes, end: int, since: int) -> Iterator[tuple[int, re.Match[bytes]]]:
        """Yield each match that starts before `end`, and what to add to its offsets."""
        low, high = window(data, end, since, self._reach, self._after)
        text = data[low:high].lower()
        for head in self._head.finditer(text, 0, end - low):
            match = self._whole.match(text, head.start())
            if match is not None:
                yield low, match


def last(matches: Iterator[re.Match[bytes]]) -> re.Match[bytes] | None:
    """Return the last of the matches, if there is any."""
    return next(iter(deque(matches, maxlen=1)), None)


def shifted(span: tuple[int, int], offset: int) -> tuple[int, int]:
    """Return a range of a window as one of the text."""
    return span[0] + offset, span[1] + offset
