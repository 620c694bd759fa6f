"""Compiles and applies the regular expressions of the user's settings.

A user's pattern can be any regular expression, so that one that could backtrack without end is
rejected, and each is applied to pieces of bounded length.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.errors import ConfigError
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PIECE = 4096
"""The longest text that a user's pattern is applied to, in bytes; longer lines are cut."""
_OVERLAP = 512

_LINE = re.compile(rb"[^\n]{1,%d}" % PIECE)
_SYNTAX = re.compile(
    r"\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?[^)]*?[:=!>])?|\)|[*+?]|\{\d*,?\d*\}|.", re.DOTALL
)
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")


def compile_pattern(pattern: str, setting: str) -> re.Pattern[bytes]:
    """Compile a user's pattern; raise ConfigError, which quotes it, if it cannot be used."""
    try:
        result = re.compile(pattern.encode())
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(
            f"{setting}: {pattern!r} is not a regular expression ({error})",
            hint="fix or remove the pattern",
        ) from error
    if result.search(b"") is not None:
        raise ConfigError(
            f"{setting}: {pattern!r} matches the empty text",
            hint="make a part of it required",
        )
    if _nests_repeats(pattern):
        raise ConfigError(
            f"{setting}: {pattern!r} repeats a repeat, and could take forever",
            hint="write (a+)+ as a+, (a*b)* as [ab]*",
        )
    return result


def compile_settings(
    patterns: Sequence[str], allow: Sequence[str]
) -> tuple[list[re.Pattern[bytes]], list[re.Pattern[bytes]]]:
    """Compile the patterns of the two settings; raise ConfigError for the first mistake."""
    return (
        [compile_pattern(pattern, "redact.patterns") for pattern in patterns],
        [compile_pattern(pattern, "redact.allow") for pattern in allow],
    )


def _nests_repeats(pattern: str) -> bool:
    """Tell whether a group with an unbounded repeat is itself repeated without bound."""
    open_groups: list[bool] = []
    closed_has_repeat = False
    for part in _SYNTAX.findall(pattern):
        if part.startswith("("):
            open_groups.append(False)
            closed_has_repeat = False
        elif part == ")":
            closed_has_repeat = open_groups.pop() if open_groups else False
            if open_groups:
                open_groups[-1] = open_groups[-1] or closed_has_repeat
        elif _UNBOUNDED.fullmatch(part):
            if closed_has_repeat:
                return True
            if open_groups:
                open_groups[-1] = True
            closed_has_repeat = False
        else:
            closed_has_repeat = False
    return False


class UserPatterns:
    """Finds what the user's patterns match."""

    def __init__(self, patterns: Sequence[re.Pattern[bytes]]) -> None:
        self._patterns = tuple(patterns)

    def __bool__(self) -> bool:
        """Tell whether there is any pattern."""
        return bool(self._patterns)

    def find(self, data: bytes) -> Iterator[Span]:
        """Yield what the patterns match."""
        for pattern in self._patterns:
            for start, end in _matches_in_pieces(pattern, data):
                yield Span(start, end, "custom", Rank.USER_PATTERN)


def _matches_in_pieces(pattern: re.Pattern[bytes], data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the ranges that `pattern` matches, line by line and a bounded piece at a time."""
    for line in _LINE.finditer(data):
        start, end = line.span()
        if line.end() - line.start() == PIECE:  # a long line: let pieces overlap
            start = max(0, start - _OVERLAP)
        for match in pattern.finditer(data, start, end):
            if match.end() > match.start():
                yield match.span()
