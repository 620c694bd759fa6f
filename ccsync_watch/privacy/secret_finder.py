"""Finds secrets in a text: one scan for all triggers, and at each hit the rule behind it.

Dressing that the scan finds leads to views of the text, which are scanned and read as well.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect import tables
from ccsync_watch.privacy.detect.assigned_value import LONGEST_VALUE
from ccsync_watch.privacy.detect.assignments import AssignmentFinder
from ccsync_watch.privacy.detect.base64_runs import Base64Finder
from ccsync_watch.privacy.detect.encrypted_places import is_in_encrypted
from ccsync_watch.privacy.detect.id_columns import IdColumns
from ccsync_watch.privacy.detect.rules import (
    ASSIGNMENTS_FROM,
    BASE64_FROM,
    STRUCTURAL_FROM,
    STRUCTURAL_RULES,
)
from ccsync_watch.privacy.detect.vendor_tokens import VendorFinder, VendorRule
from ccsync_watch.privacy.detect.vendors import VENDORS
from ccsync_watch.privacy.dressing.table import (
    DRESSING_FROM,
    build_engine,
    dressing_hits,
    undressed_views,
    unfolded_view,
)
from ccsync_watch.privacy.engine.changed_places import ChangedPlaces
from ccsync_watch.privacy.engine.pauses import paced
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import seen_by
from ccsync_watch.privacy.engine.text_views import MASK
from ccsync_watch.privacy.known.known_values import KnownValues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ccsync_watch.privacy.engine import scanner
    from ccsync_watch.privacy.engine.joined_texts import HitsByTrigger
    from ccsync_watch.privacy.engine.spans import Span
    from ccsync_watch.privacy.engine.text_views import View
    from ccsync_watch.privacy.known.user_patterns import UserPatterns

_MOST_DEPTH = 2
"""How many levels of base64 in base64 are decoded."""
_MOST_LAYERS = 4
"""How many layers of dressing are taken off: `%2525`, colours in escaped entities."""

_PIECE = 1 << 19
_OVERLAP = 1 << 16
_EDGE = 1 << 12
"""Long texts are read in pieces of so many bytes, which overlap; see `find`."""
_MARGIN = 1 << 13
_MARGIN_EDGE = 1 << 10
"""How far around a change a text is read again, and `_EDGE` there, in bytes."""
_LEAST_LONG = 56
"""No rule stops within a shorter value, in bytes."""
_LONGEST_REST = 1 << 16
_RUN_ENDS = re.compile(rb"[A-Za-z0-9+/_~-][A-Za-z0-9+/_~=-]")
_REST_OF_RUN = re.compile(rb"(?:[A-Za-z0-9+/_~-]|\.(?=[A-Za-z0-9]))+={0,2}")
_BEFORE_NAME = 640
_AFTER_NAME = LONGEST_VALUE + 512
_BEFORE_TOKEN = 1 << 10
_AFTER_TOKEN = 1 << 13
"""What is read around the hits of names and of tokens, in bytes."""

_COLUMNS = STRUCTURAL_FROM + STRUCTURAL_RULES.index(tables.RULES[0])
"""The index of the trigger of a table's header."""


class SecretFinder:
    """Finds what rules, known values and the user's patterns match; one thread at a time.

    `pause` is called again and again during long work, and may use the finder itself.
    """

    def __init__(self, patterns: UserPatterns, *, engine: str, cache: Path | None) -> None:
        self.pause: Callable[[], None] = lambda: None
        self.known = KnownValues(engine)
        self._user_patterns = patterns
        self.engine = build_engine(engine, cache)

    def use_compiled(self, cache: Path | None) -> None:
        """Continue with the fastest engine, compiled in the cache; not while anything is read."""
        self.engine = build_engine(cache=cache)

    @property
    def _has_user_rules(self) -> bool:
        return bool(self._user_patterns or self.known)

    def find(
        self, data: bytes, depth: int = 0, *, ranges: Sequence[tuple[int, int]] | None = None
    ) -> Iterator[Span]:
        """Yield the spans of all rules; they may overlap and repeat.

        A long text is read in pieces that overlap, so that what is noted of one stays small; a
        table is read on in the next. With `ranges` it is read near these alone: elsewhere it is
        known to have none.
        """
        ids = IdColumns(data)
        table: tables.Table | None = None
        edge = _EDGE if ranges is None else _MARGIN_EDGE
        for low, high in _pieces(len(data), ranges):
            is_whole = high - low == len(data)
            piece = data if is_whole else data[low:high]
            self.pause()
            hits = self.engine.scan(piece)
            rows: list[Span] = []
            if not is_whole and ranges is None:
                rows, table = _read_table(piece, table, hits)
            changed = None if ranges is None else ChangedPlaces(ranges).within(low, high)
            for span in chain(rows, self._find_in_piece(piece, hits, depth, changed)):
                # What begins at a piece's start was read with the last one, as far as that went;
                # what begins at its end is read whole with the next one.
                is_last = low and span.start < edge and span.end <= _OVERLAP
                is_next = high < len(data) and span.start >= high - low - edge
                if is_last or is_next or ids.hold(low + span.start, low + span.end, span.rank):
                    continue
                if is_in_encrypted(piece, span.start, span.end, span.rank):
                    continue
                moved = span._replace(start=low + span.start, end=low + span.end)
                yield moved if low else span

    def _find_in_piece(
        self, data: bytes, hits: list[scanner.Hit], depth: int, changed: ChangedPlaces | None
    ) -> Iterator[Span]:
        yield from self.find_at(data, hits, depth, changed=changed)
        if self._has_user_rules:
            yield from self.find_users(data)

    def find_at(
        self,
        data: bytes,
        hits: list[scanner.Hit],
        depth: int,
        layer: int = 0,
        changed: ChangedPlaces | None = None,
    ) -> Iterator[Span]:
        """Yield the spans of the rules at their triggers' hits, in the text and in its views.

        With `changed` the text was read before: what is far from these places is not read again.
        """
        ends: list[int] = []
        fresh = hits
        if MASK in data and self.engine.reports_all:  # what ends in a placeholder was found
            fresh = [hit for hit in hits if data[hit[0] - 1] != MASK[0]]
        by_trigger = _by_trigger(fresh)
        if changed is not None:
            by_trigger = _near_changes(by_trigger, changed)
        run = (0, 0)
        for part in self.apply_rules(data, by_trigger, depth):
            span, run = _with_whole_run(data, part, run)
            ends.append(span.end)
            yield span
        dressing = dressing_hits(data, hits)
        if dressing or ends:
            yield from self.find_in_views(data, dressing, ends, depth, layer, changed)

    def find_in_views(
        self,
        data: bytes,
        hits: list[scanner.Hit],
        ends: list[int],
        depth: int,
        layer: int = 0,
        changed: ChangedPlaces | None = None,
    ) -> Iterator[Span]:
        """Yield what is found in the views of a text; the unfolded one is the last layer."""
        if layer > _MOST_LAYERS:
            return
        unfolded = unfolded_view(data, hits, ends)
        if unfolded is not None:
            # what is broken where depends on the lines around, which may have changed
            yield from self._find_in_view(unfolded, depth, _MOST_LAYERS + 1)
        if layer < _MOST_LAYERS:
            for view in undressed_views(data, hits, ends, changed):
                places = None if changed is None else changed.in_view(view)
                yield from self._find_in_view(view, depth, layer + 1, places)

    def _find_in_view(
        self, view: View, depth: int, layer: int, changed: ChangedPlaces | None = None
    ) -> Iterator[Span]:
        """Yield what is found in a view, as ranges of the text that it is a view of."""
        self.pause()
        hits = self.engine.scan(view.data)
        for span in self.find_at(view.data, hits, depth, layer, changed):
            if MASK not in view.data[span.start : span.end]:
                yield view.original(span)
        if self._has_user_rules:
            for span in self.find_users(view.data):
                if MASK not in view.data[span.start : span.end]:
                    yield view.original(span)

    def find_users(self, data: bytes) -> Iterator[Span]:
        """Yield the spans of the user's patterns and of known values."""
        yield from self._user_patterns.find(data)
        yield from self.known.find(data)

    def apply_rules(self, data: bytes, hits: HitsByTrigger, depth: int) -> Iterator[Span]:
        """Yield the spans that the rules confirm at their triggers' hits."""
        names: list[int] = []
        base64: list[int] = []
        vendors: VendorFinder | None = None
        for index, ends in hits.items():
            if index < STRUCTURAL_FROM:
                vendors = vendors or VendorFinder(data, _vendor_rule)
                yield from vendors.find(index, paced(ends, self.pause))
            elif index < ASSIGNMENTS_FROM:
                yield from STRUCTURAL_RULES[index - STRUCTURAL_FROM].find(
                    data, paced(ends, self.pause)
                )
            else:
                (names if index < BASE64_FROM else base64).extend(ends)
        if names:
            yield from AssignmentFinder(data).find(paced(sorted(names), self.pause))
        if base64 and depth < _MOST_DEPTH:
            runs = Base64Finder(data, lambda text: self.find(text, depth + 1))
            yield from runs.find(paced(sorted(base64), self.pause))


def _with_whole_run(data: bytes, span: Span, last: tuple[int, int]) -> tuple[Span, tuple[int, int]]:
    """Return a span that does not end within a long value, and the range of the value's rest.

    Rules read values up to some length; `last` is the last range, so that none is read again.
    """
    start, end = span[:2]
    if span.rank <= Rank.VENDOR_TOKEN:
        return span, last  # it is as long as it is: the next one may begin there
    if end - start < _LEAST_LONG or not _RUN_ENDS.match(data, end - 1):
        return span, last
    if not last[0] <= end <= last[1]:
        rest = _REST_OF_RUN.match(data, end, end + _LONGEST_REST)
        last = end, rest.end() if rest else end
    return (span._replace(end=last[1], text=b"") if last[1] > end else span), last


def _pieces(size: int, ranges: Sequence[tuple[int, int]] | None) -> Iterator[tuple[int, int]]:
    """Yield which ranges of a text of `size` bytes are read together."""
    if ranges is None:
        near = [(0, size)]
    else:
        near = []
        for start, end in ranges:
            low, high = max(0, start - _MARGIN), min(size, end + _MARGIN)
            if near and low <= near[-1][1] + _MARGIN:
                near[-1] = near[-1][0], high
            else:
                near.append((low, high))
    for low, high in near:
        for start in range(low, max(low + 1, high - _OVERLAP), _PIECE - _OVERLAP):
            yield start, min(high, start + _PIECE) if high - low > _PIECE else high


def _read_table(
    piece: bytes, table: tables.Table | None, hits: list[scanner.Hit]
) -> tuple[list[Span], tables.Table | None]:
    """Return what a piece has of the table that the one before ended in, and the one it ends in."""
    spans, is_open = tables.continue_table(piece, table) if table else ([], False)
    if is_open:
        return spans, table
    return spans, tables.open_table(piece, [end for end, index in hits if index == _COLUMNS])


def _by_trigger(hits: list[scanner.Hit]) -> HitsByTrigger:
    """Return the hits of rules by their triggers."""
    by_trigger: defaultdict[int, list[int]] = defaultdict(list)
    for end, index in hits:
        by_trigger[index].append(end)
    return {index: ends for index, ends in by_trigger.items() if index < DRESSING_FROM}


def _near_changes(hits: HitsByTrigger, changed: ChangedPlaces) -> HitsByTrigger:
    """Return the hits around which what a finder sees was changed."""
    near: HitsByTrigger = {}
    for index, ends in hits.items():
        if index < STRUCTURAL_FROM:
            before, after = _BEFORE_TOKEN, _AFTER_TOKEN
        elif index < ASSIGNMENTS_FROM:
            seen = seen_by(STRUCTURAL_RULES[index - STRUCTURAL_FROM].find)
            if seen is None:
                near[index] = ends
                continue
            before, after = seen
        elif index < BASE64_FROM:
            before, after = _BEFORE_NAME, _AFTER_NAME
        else:
            near[index] = ends
            continue
        if kept := changed.hits_near(ends, before=before, after=after):
            near[index] = kept
    return near


@cache
def _vendor_rule(index: int) -> VendorRule:
    return VendorRule(VENDORS[index])
