"""Says where matches of a pattern may start, by how they begin: `re` would try it at each byte.

A pattern that ignores case and has many alternatives is tried everywhere in a window, and past its
end. Its beginnings are written in one spelling and searched for in text in lower case, which `re`
does fast.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.pattern_syntax import HEAD, heads, prefix_tree
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LEAST_HEAD = 2
"""A single character is everywhere."""
_BACK_REFERENCE = "(?P="


def matches_of(
    pattern: str, flags: int = re.IGNORECASE
) -> Callable[[bytes, int, int, int], Iterator[re.Match[bytes]]]:
    """Return what yields the matches that start between two positions, and end before a limit.

    They may overlap: each search starts a byte further. What it needs is compiled when it is first
    called: most patterns are in no text of a session.
    """

    @cache
    def compile_late() -> tuple[re.Pattern[bytes], re.Pattern[bytes] | None]:
        return re.compile(pattern.encode("latin-1"), flags), _beginnings_of(pattern)

    def find(data: bytes, position: int, stop: int, limit: int) -> Iterator[re.Match[bytes]]:
        compiled, beginnings = compile_late()
        if beginnings is None:
            while (match := compiled.search(data, position, limit)) is not None:
                if match.start() >= stop:
                    return
                yield match
                position = match.start() + 1
            return
        text = data[position : min(stop + HEAD - 1, limit)].lower()
        for beginning in beginnings.finditer(text, 0, stop - position + HEAD - 1):
            start = position + beginning.start()
            if start >= stop:
                return
            match = compiled.match(data, start, limit)
            if match is not None:
                yield match

    return find


def _beginnings_of(pattern: str) -> re.Pattern[bytes] | None:
    """Return a pattern, for text in lower case, of where matches begin; None if anywhere.

    It matches one byte, so that beginnings may overlap.
    """
    reference = pattern.find(_BACK_REFERENCE)
    if 0 <= reference < pattern.find("(?P<secret>"):
        return None  # a trigger leaves it out
    try:
        beginnings = heads(trigger_of(pattern))
    except ValueError:
        return None
    if min(map(len, beginnings)) < _LEAST_HEAD:
        return None
    by_first: dict[str, list[str]] = {}
    for beginning in sorted({head.encode("latin-1").lower() for head in beginnings}):
        text = beginning.decode("latin-1")
        by_first.setdefault(text[0], []).append(text[1:])
    branches = (f"{re.escape(first)}(?={prefix_tree(rest)})" for first, rest in by_first.items())
    return re.compile("|".join(branches).encode("latin-1"))
