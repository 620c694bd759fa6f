"""A structural rule: a trigger for the scan, and a finder that reads a bounded window around a hit.

`pattern_rule` makes one from a single pattern, which is enough for most. A rule whose decision
needs more than a pattern has a finder of its own.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, wraps
from typing import NamedTuple

from ccsync_watch.privacy.engine.match_starts import matches_of
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span, moved
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of

Finder = Callable[[bytes, Iterable[int]], Iterator[Span]]
"""Yields secrets near hits: takes a text and the ends of all hits of the rule, in order."""

_CLOSE_HITS = 128
_LONGEST_GROUP = 1024
"""Hits no further apart are read together, in one window, while that is no longer, in bytes."""


LINE_START = r"(?:(?<![^\n])|(?<=\\n))"
"""The pattern of where a line begins, also behind an escaped break."""
LINE_BREAK = r"(?:\r?\n|\\n)"
"""The pattern of a line's end, also as JSON escapes it."""
LINE_END = r"(?=[ \t]{0,4}(?:\r?\n|\\n|\Z))"
"""The pattern before which nothing more stands on a line."""

_LEAST_REMEMBERED = 8
"""Hits in a group whose secrets are remembered: what few have costs less to find again."""
_MOST_REMEMBERED = 64


def any_of(words: Iterable[str]) -> str:
    """Return the pattern of any of some words; letters beyond ASCII stand in texts as UTF-8."""
    return "|".join(word.encode().decode("latin-1") for word in words)


class Seen(NamedTuple):
    """How much of a text around its hits a finder sees, in bytes."""

    before: int = 1024
    after: int = 4608


_NEAR = Seen()


class Hits(NamedTuple):
    """Hits that are read together.

    `first` and `end` are the ends of the first and the last of them; `since` is the end of the
    rule's last one before. What begins before that was read then. Hostile text has hits in close
    succession, and would otherwise be read again and again.
    """

    first: int
    end: int
    since: int


def at_each_hit(
    find: Callable[[bytes, int, int], Iterator[Span]], seen: Seen | None = _NEAR
) -> Finder:
    """Return the finder that calls `find` with each hit's end, and that of the one before.

    It sees no more of a text around a hit than `seen`; None if it may see all of it.
    """

    @wraps(find)
    def find_group(data: bytes, ends: list[int], since: int) -> Iterator[Span]:
        for end in ends:
            yield from find(data, end, since)
            since = end

    return in_groups(find_group, seen)


def at_groups_of_hits(
    find: Callable[[bytes, Hits], Iterator[Span]], seen: Seen | None = _NEAR
) -> Finder:
    """Return the finder that calls `find` once for hits in close succession."""

    @wraps(find)
    def find_group(data: bytes, ends: list[int], since: int) -> Iterator[Span]:
        return find(data, Hits(ends[0], ends[-1], since))

    return in_groups(find_group, seen)


def in_groups(
    find_group: Callable[[bytes, list[int], int], Iterator[Span]], seen: Seen | None = _NEAR
) -> Finder:
    """Return the finder that calls `find_group` with the ends of hits in close succession.

    And with the end of the hit before them. Groups of many hits with the same text around them have
    the same secrets: they are found once, and moved. `seen` as in `at_each_hit`.
    """

    @wraps(find_group)
    def find_all(data: bytes, ends: Iterable[int]) -> Iterator[Span]:
        known: dict[tuple[bytes, int, int, int, int], list[Span]] = {}

        def read(group: list[int], since: int) -> Iterable[Span]:
            first, last = group[0], group[-1]
            if len(group) < _LEAST_REMEMBERED or seen is None:
                return find_group(data, group, since)
            low = max(0, first - seen.before)
            around = data[low : last + seen.after]
            key = (around, len(group), first - low, last - first, min(first - since, seen.after))
            spans = known.get(key)
            if spans is None:
                if len(known) >= _MOST_REMEMBERED:
                    known.clear()
                spans = known[key] = [moved(s, -low) for s in find_group(data, group, since)]
            return [moved(span, low) for span in spans]

        group: list[int] = []
        since = 0
        for end in ends:
            if group and (end - group[-1] > _CLOSE_HITS or end - group[0] > _LONGEST_GROUP):
                yield from read(group, since)
                since = group[-1]
                group = []
            group.append(end)
        if group:
            yield from read(group, since)

    return _seeing(find_all, seen)


def _seeing(find: Finder, seen: Seen | None) -> Finder:
    """Return a finder that `seen_by` knows what it sees of."""
    if seen is not None:
        _SEEN_BY[find] = seen
    return find


def seen_by(find: Finder) -> Seen | None:
    """Return how much of a text around a hit a finder sees; None if it may see all of it."""
    return _SEEN_BY.get(find)


_SEEN_BY: dict[Finder, Seen] = {}

WINDOW_AFTER = 512
_BLANK = re.compile(rb"\s")
_MOST_READ = 512
"""In bytes; see `read_part`."""


@dataclass(frozen=True, slots=True)
class StructuralRule:
    """A rule for a secret that is recognised by its place rather than by its format."""

    id: str
    about: str
    trigger: str
    find: Finder
    is_caseless: bool = True
    pattern: str = ""
    """What the finder searches for, if it was made from a pattern."""
    rank: Rank | None = None
    """As `pattern`."""
    is_near_words: bool = False
    """Whether the finder yields nothing where no word of a secret's name is near."""
    source: str = field(default="", compare=False)
    """The address of a documentation that shows the place, or where it was observed."""


def pattern_rule(
    kind: str,
    about: str,
    pattern: str,
    *,
    context: str = "",
    trigger: str = "",
    rank: Rank = Rank.PATTERN,
    reach: int = 256,
    after: int = WINDOW_AFTER,
    accept: Callable[[str], bool] | None = None,
    is_caseless: bool = True,
) -> StructuralRule:
    """Return the rule that removes the group `secret` of a pattern, if `accept` agrees.

    The trigger is derived from the pattern. `context` is what the trigger asks for before it and
    the pattern does not; `trigger` replaces it, where the scan has to look for something else.
    The pattern is searched from `reach` bytes before hits, and sees `after` bytes past them.
    """
    return StructuralRule(
        kind,
        about,
        trigger or context + trigger_of(pattern),
        _find_by_pattern(pattern, kind, rank, reach, after, accept),
        is_caseless,
        pattern,
        rank,
    )


def rule_of_all(about: str, trigger: str, *rules: StructuralRule) -> StructuralRule:
    """Return one rule for several of a kind that one simple trigger finds: the scan is faster."""

    def find(data: bytes, ends: Iterable[int]) -> Iterator[Span]:
        hits = list(ends)
        for rule in rules:
            yield from rule.find(data, hits)

    seen = [seen_by(rule.find) or _NEAR for rule in rules]
    if all(rule.find in _SEEN_BY for rule in rules):
        _SEEN_BY[find] = Seen(max(s.before for s in seen), max(s.after for s in seen))
    patterns = "\n".join(rule.pattern for rule in rules)
    return StructuralRule(rules[0].id, about, trigger, find, pattern=patterns, rank=rules[0].rank)


def _find_by_pattern(
    pattern: str,
    kind: str,
    rank: Rank,
    reach: int,
    after: int,
    accept: Callable[[str], bool] | None,
) -> Finder:
    """Return a finder for a pattern. Matches may overlap: each search starts a byte further."""
    matches = matches_of(pattern)

    def find(data: bytes, hits: Hits) -> Iterator[Span]:
        position, limit = window(data, hits, reach, _extent(data, hits.end, after))
        for match in matches(data, position, hits.end, limit):
            whole = match
            if match.end() == limit:
                whole = match.re.match(data, match.start(), hits.end + after) or match
            span = whole.span("secret")
            if span[0] < span[1] and (accept is None or accept(text_of(data, read_part(span)))):
                yield Span(*span, kind, rank)

    return at_groups_of_hits(find, Seen(after=after + WINDOW_AFTER))


def late_pattern(pattern: bytes, flags: int = re.IGNORECASE) -> Callable[[], re.Pattern[bytes]]:
    """Return what compiles a pattern when it is first needed: most are in no text of a session.

    All together take a tenth of a second, at each start of each process.
    """
    return cache(lambda: re.compile(pattern, flags))


def _extent(data: bytes, end: int, after: int) -> int:
    """Return how far past a hit is searched: not past the next blank, where values end."""
    if after <= WINDOW_AFTER or _BLANK.search(data, end, end + WINDOW_AFTER) is None:
        return after
    return WINDOW_AFTER


def text_of(data: bytes, span: tuple[int, int]) -> str:
    """Return the characters in a range; a character cut in half becomes a replacement mark."""
    return data[span[0] : span[1]].decode("utf-8", "replace")


def window(data: bytes, hits: Hits, reach: int, after: int) -> tuple[int, int]:
    """Return where a finder reads: from `reach` bytes before hits to `after` bytes past them."""
    low, high = max(0, hits.first - reach), min(len(data), hits.end + after)
    is_read = hits.first - hits.since <= after // 2  # the last window reached far enough
    return (max(low, hits.since) if is_read else low), high


class HeadedPattern:
    """A caseless pattern that is tried only where its first word occurs, in a window before a hit.

    Both patterns are written in lower case and applied to the text in lower case: `re` finds a
    word's first letter fast when there is only one spelling. `head` matches where `whole` can
    start.
    """

    def __init__(self, head: str, whole: str, *, reach: int, after: int) -> None:
        self._head = re.compile(head.encode("latin-1"))
        self._whole = re.compile(whole.encode("latin-1"))
        self._reach = reach
        self._after = after

    def matches(self, data: bytes, hits: Hits) -> Iterator[tuple[int, re.Match[bytes]]]:
        """Yield each match that starts before the hits' end, and what to add to its offsets."""
        low, high = window(data, hits, self._reach, self._after)
        text = data[low:high].lower()
        for head in self._head.finditer(text, 0, hits.end - low):
            match = self._whole.match(text, head.start())
            if match is not None:
                yield low, match


def last(matches: Iterator[re.Match[bytes]]) -> re.Match[bytes] | None:
    """Return the last of the matches, if there is any."""
    return next(iter(deque(matches, maxlen=1)), None)


def read_part(span: tuple[int, int]) -> tuple[int, int]:
    """Return as much of a value as is read to decide; all of it is removed."""
    return span[0], min(span[1], span[0] + _MOST_READ)


def shifted(span: tuple[int, int], offset: int) -> tuple[int, int]:
    """Return a range of a window as one of the text."""
    return span[0] + offset, span[1] + offset
