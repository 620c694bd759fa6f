"""Divides triggers by how a scan finds them at least cost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.engine.anchors import anchored_part
from ccsync_watch.privacy.engine.pattern_syntax import divided, has_literal

if TYPE_CHECKING:
    from collections.abc import Sequence

_ONE_BYTE = re.compile(r"\\x([0-9a-f]{2})")
FARTHEST_BEFORE = 128
FARTHEST_AFTER = 256
"""A trigger that reaches farther around a word is searched for everywhere, in bytes.

Few do, and the others are then searched for in half as much text.
"""
_MOST_ALTERNATIVES = 40
"""Hyperscan looks for the literals of so many alternatives; with more it reads all bytes."""
_LINES = re.compile(r"(?:\(\?:)?\\n.*\)\{[1-9]\d", re.DOTALL)
"""How a trigger begins that counts the words or lines of a text."""


class Expression(NamedTuple):
    """What Hyperscan compiles: a trigger or a part of it, whose matches it reports by a number."""

    pattern: str
    is_caseless: bool
    number: int


class ScanPlan(NamedTuple):
    """What is searched for everywhere, and what only near words; see `plan_scan`."""

    bytes: list[tuple[bytes, int]]
    """Triggers of one byte, which `bytes.find` finds at least cost."""
    everywhere: list[Expression]
    apart: list[Expression]
    """As `everywhere`, in an automaton of their own: they count words and have no literal.

    Joined with others their automaton is too large to run fast.
    """
    near_words: list[Expression]
    before: int
    after: int


def plan_scan(triggers: Sequence[tuple[str, bool, bool]], words: str, sought: str = "") -> ScanPlan:
    """Divide triggers by whether their matches contain one of `words`, or most kinds of them do.

    Or count only near one: a trigger is a pattern, whether it is caseless, and whether it counts
    only with a word at most `FARTHEST_BEFORE` bytes after its match or `FARTHEST_AFTER` before it.

    The words themselves have the number after those of the triggers. `sought` is searched for in
    their place, if it is not empty; its matches end with a word or a byte after it.
    """
    single: list[tuple[bytes, int]] = []
    everywhere: list[Expression] = []
    near_words: list[Expression] = []
    before = after = 0
    for number, (pattern, is_caseless, is_near_words) in enumerate(triggers):
        byte = _ONE_BYTE.fullmatch(pattern)
        if byte is not None:
            single.append((bytes.fromhex(byte[1]), number))
            continue
        if words and is_near_words:
            near_words.append(Expression(pattern, is_caseless, number))
            before, after = FARTHEST_BEFORE, FARTHEST_AFTER
            continue
        part = anchored_part(pattern, words) if words else None
        if (
            part is None
            or part.before > FARTHEST_BEFORE
            or part.after > FARTHEST_AFTER
            or len(part.rest or "") > len(pattern) / 2
        ):
            everywhere.append(Expression(pattern, is_caseless, number))
            continue
        near_words.append(Expression(part.pattern, is_caseless, number))
        if part.rest is not None:
            everywhere.append(Expression(part.rest, is_caseless, number))
        before, after = max(before, part.before), max(after, part.after)
    if near_words:
        pattern = f"(?:{sought or words})"
        everywhere.append(Expression(pattern, is_caseless=True, number=len(triggers)))
        before += bool(sought)
    apart = [row for row in everywhere if _is_apart(row.pattern)]
    everywhere = [
        row._replace(pattern=part)
        for row in everywhere
        if not _is_apart(row.pattern)
        for part in divided(row.pattern, _MOST_ALTERNATIVES)
    ]
    return ScanPlan(single, everywhere, apart, near_words, before, after)


def _is_apart(pattern: str) -> bool:
    return _LINES.match(pattern) is not None and not has_literal(pattern)
