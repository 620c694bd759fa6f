"""All kinds of dressing, their triggers after those of the rules, and the views of a text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.name_patterns import NEAR_WORDS, SOUGHT_WORDS
from ccsync_watch.privacy.detect.rules import collect_triggers
from ccsync_watch.privacy.dressing import characters, escapes, gutters, hex_text, source_code
from ccsync_watch.privacy.dressing.branches import AnyBranch
from ccsync_watch.privacy.dressing.breaks import BORDER, break_triggers, breaks_after
from ccsync_watch.privacy.dressing.folds import find_folds
from ccsync_watch.privacy.dressing.source_code import JOINED, NEW, OLD
from ccsync_watch.privacy.engine import scanner
from ccsync_watch.privacy.engine.scanner import Trigger
from ccsync_watch.privacy.engine.text_views import Edit, View, regions_around

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ccsync_watch.privacy.dressing.row import Dressing
    from ccsync_watch.privacy.engine.changed_places import ChangedPlaces
    from ccsync_watch.privacy.engine.scanner import Hit

ROWS: tuple[Dressing, ...] = (
    *characters.ROWS,
    *hex_text.ROWS,
    *escapes.ROWS,
    *gutters.ROWS,
    *source_code.ROWS,
)
DRESSING: tuple[Dressing, ...] = (*ROWS, *JOINED, NEW, OLD)
DRESSING_FROM = len(collect_triggers())
"""The index of the first trigger of a dressing; before it are the rules'."""
_CHANGES = DRESSING_FROM + len(ROWS)
_BREAKS_FROM = _CHANGES + 1
_JOINT = _BREAKS_FROM
"""What stands for the end of a string after which a value may continue."""
_JOINED = frozenset(range(len(ROWS), len(ROWS) + len(JOINED)))
_ORDINARY = {
    number: row.is_ordinary for number, row in enumerate(ROWS, DRESSING_FROM) if row.is_ordinary
}
"""What is asked of a kind's hits first."""
_SPARSE = 256
"""How far apart hits of one kind are kept, in bytes."""
_REGION_CHANGES = 1024
"""So far from a region a change may still change where the region starts, in bytes."""
_WIDEST_TRIGGER = 64
"""What a trigger finds begins at most so far before its end, in bytes."""
_LINE_END = re.compile(rf"(?:[ ]{{0,2}}{BORDER}[ ]{{0,2}}|\$)?\r?\n".encode("latin-1"))
_QUOTE = re.compile(rb"[\"'`]")
_LONGEST_JOINT = 10
_STRING_END = re.compile(rb"\\{0,7}[\"'`][ \t]{0,8}[\s+.&~|<\\\"'`]")


@lru_cache(maxsize=1)
def all_triggers() -> tuple[Trigger, ...]:
    """Return the triggers of the rules, then those of dressing, then that of placeholders."""
    return (
        *collect_triggers(),
        *(Trigger(row.trigger, is_caseless=row.is_caseless) for row in (*ROWS, NEW)),
        *break_triggers(),
        Trigger("REDACTED", is_caseless=False),
    )


PLACEHOLDERS = len(all_triggers()) - 1
"""The index of the trigger for placeholders, the last one."""


def build_engine(prefer: str = "", cache: Path | None = None) -> scanner.Engine:
    """Return an engine for all triggers; see `scanner.build`."""
    return scanner.build(
        all_triggers(), prefer=prefer, cache=cache, words=NEAR_WORDS, sought=SOUGHT_WORDS
    )


def dressing_hits(data: bytes, hits: Iterable[Hit]) -> list[Hit]:
    """Return the hits of dressing's triggers, in order of their ends."""
    dressing = [
        hit
        for hit in hits
        if DRESSING_FROM <= hit[1] < PLACEHOLDERS
        and (hit[1] not in _ORDINARY or not _ORDINARY[hit[1]](data, hit[0]))
    ]
    if not dressing:
        return dressing
    beginnings = [end for end, index in dressing if index == _BREAKS_FROM]
    breaks = [(stop, _BREAKS_FROM) for stop in breaks_after(data, beginnings)]
    return sorted([*breaks, *_thinned(dressing)])


def _thinned(hits: Iterable[Hit]) -> Iterator[Hit]:
    """Yield enough of the hits to know where to read, few of those that follow each other closely.

    Places of breaks are all yielded, and no beginnings of tokens.
    """
    kept: dict[int, int] = {}
    skipped: dict[int, int] = {}
    for hit in hits:
        end, index = hit
        if index > _BREAKS_FROM:
            yield hit
        elif index < _BREAKS_FROM:
            if end - kept.get(index, -_SPARSE) < _SPARSE:
                skipped[index] = end
                continue
            kept[index] = end
            if index in skipped:
                yield skipped.pop(index), index
            yield hit
    yield from ((end, index) for index, end in skipped.items())


def undressed_views(
    data: bytes,
    hits: Sequence[Hit],
    ends: Sequence[int] = (),
    changed: ChangedPlaces | None = None,
) -> Iterator[View]:
    """Yield the views of a text without the dressing that `hits` point to.

    Two of them if it marks changes: with the new words and with the old ones. `ends` are where
    values end that were found; one at a string's end may continue in the next string. With
    `changed`, the text was read before, and regions far from these places are left out.
    """
    marks = [
        (end, min(index, _JOINT))
        for end, index in hits
        if index < _BREAKS_FROM or _QUOTE.search(data, end - _LONGEST_JOINT, end)
    ]
    joints = [(end, _JOINT) for end in ends if _STRING_END.match(data, end)]
    if joints:
        marks = sorted([*marks, *joints])
    if not marks:
        return
    changes = [mark for mark in marks if mark[1] == _CHANGES]
    for reading, places in (("new", marks), ("old", changes)) if changes else (("", marks),):
        regions = regions_around(data, ((max(0, end - _WIDEST_TRIGGER), end) for end, _ in places))
        if changed is not None:
            regions = changed.regions_near(regions, _REGION_CHANGES)
        kinds = _kinds_by_region(regions, marks)
        edits: list[list[Edit]] = [
            [
                edit
                for match in _search_for(kind, reading, low == 0).finditer(
                    data, max(0, low - 1), high
                )
                for edit in _edits_of(match)
                if edit.start >= low
            ]
            for (low, high), kind in zip(regions, kinds, strict=True)
        ]
        edited = [pair for pair in zip(regions, edits, strict=True) if pair[1]]
        if edited:
            yield View(data, edited)


def _kinds_by_region(
    regions: Sequence[tuple[int, int]], marks: Sequence[Hit]
) -> list[frozenset[int]]:
    """Return of each region the kinds of dressing in it, by the indices of their triggers."""
    kinds: list[frozenset[int]] = []
    position = 0
    for low, high in regions:
        while position < len(marks) and marks[position][0] < low:
            position += 1
        first = position
        while position < len(marks) and marks[position][0] <= high:
            position += 1
        kinds.append(frozenset(index for _, index in marks[first:position]))
    return kinds


def unfolded_view(data: bytes, hits: Sequence[Hit], ends: Sequence[int] = ()) -> View | None:
    """Return the view with lines joined that were broken inside a value.

    `ends` are where values end that were found; one at a line's end may continue.
    """
    near = [end for end, index in hits if index >= _BREAKS_FROM]
    whole = [end for end in ends if _LINE_END.match(data, end)]
    edits = find_folds(data, near, whole) if near or whole else []
    if not edits:
        return None
    regions = regions_around(data, ((edit.start, edit.end) for edit in edits))
    return View(data, _grouped(regions, edits))


def _edits_of(match: re.Match[bytes]) -> Iterable[Edit]:
    name = match.lastgroup
    return _UNDRESS[name](match) if name else ()


def _grouped(
    regions: Sequence[tuple[int, int]], edits: Sequence[Edit]
) -> Iterator[tuple[tuple[int, int], list[Edit]]]:
    """Yield each region with its edits."""
    position = 0
    for region in regions:
        first = position
        while position < len(edits) and edits[position].start < region[1]:
            position += 1
        yield region, list(edits[first:position])


_UNDRESS = {
    "new": NEW.undress,
    "old": OLD.undress,
    **{f"row_{number}": row.undress for number, row in enumerate((*ROWS, *JOINED))},
}


@lru_cache(maxsize=1024)
def _search_for(kinds: frozenset[int], reading: str, is_start: bool) -> AnyBranch:  # noqa: FBT001 - a part of the key
    """Return what searches for some kinds of dressing, and for one reading of changes.

    A branch has its name at its end: so `re` sees what all begin with, and looks for that first.
    """
    rows = (*ROWS, *JOINED)
    numbers = {index - DRESSING_FROM for index in kinds if index < _CHANGES}
    if _JOINT in kinds:
        numbers |= _JOINED
    is_alone = not is_start and len(kinds) == 1
    branches = [
        f"(?:{(is_alone and rows[number].lone_pattern) or rows[number].pattern})(?P<row_{number}>)"
        for number in sorted(numbers)
    ]
    if _CHANGES in kinds:
        pattern = NEW.pattern if reading == "new" else OLD.pattern
        branches.insert(0, f"(?:{pattern})(?P<{reading}>)")
    return AnyBranch(branches)
