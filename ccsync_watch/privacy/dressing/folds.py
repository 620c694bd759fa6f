"""Lines that a terminal or a formatter broke inside a value, at its width.

A line end is taken out only where the line is as long as the lines around it or as a usual
terminal, and what follows does not look like the next word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.dressing.breaks import BORDER
from ccsync_watch.privacy.engine.text_views import Edit
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.value_characters import has_digit, has_letter

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEAST_WIDTH = 20
_NEAR = 10
"""So many lines on either side say how wide the text is."""
_LONGEST_LINE = 1024
_LOOK = 48
_SEEN = 1024
"""In bytes: the same so near a line's end, lines are compared so far around it, if all are there.

Otherwise it is read. Hostile text has the same lines again and again.
"""
_MOST_REMEMBERED = 256
_MOST_LINES = 400
"""A longer value in folded lines is a file."""
_WIDTHS = frozenset(
    {60, 64, 65, 66, 68, 70, 72, 74, 75, 76, 78, 79, 80, 88, 90, 96, 100, 110, 118, 119}
    | {120, 128, 130, 132, 140, 150, 158, 159, 160, 180, 200}
)
"""Of terminals, mails and formatters."""
_CLOSING = re.compile(rf"(?P<border>[ ]{{0,2}}{BORDER}[ ]{{0,2}})?\$?\r?\Z".encode("latin-1"))
_LONGEST_CLOSING = 9
_OPENING = re.compile(
    rf"(?P<indent>[ \t]{{0,12}})(?:(?P<border>{BORDER}[ ]{{0,4}})|(?P<mark>[>#+*]|//)[ ]?)?".encode(
        "latin-1"
    )
)
_RUN = re.compile(rb"[^\s\"'`<>|\xe2]{1,400}")
_NOT_LAST = frozenset(b" \t,;)]}>|\x82\x83\x91")
"""What no broken value ends with; a border may stand after it."""
_SURELY_LAST = frozenset({b"", b"\t", b",", b";", b")", b"]", b"}", b">"})
"""Those of them that are part of no border."""
_ROW = re.compile(
    rb"[ \t]*(?:[-*+>#][ \t]+|[0-9]+[\t .:|)]+)?\\{0,3}[\"'`*]{0,3}"
    rb"[A-Za-z_][\w./-]{0,80}\\{0,3}[\"'`*]{0,3}"
    rb"(?:[ \t]?[=:]|[ \t]*\|)(?=[^=:])"
)
_GAP = re.compile(rb"(?<=\S)[ ]{2,200}(?=\S)")
"""Between two columns that blanks align."""
_SIGNS = frozenset(b"=:|")
"""After a name; a line that ends in one has to be read by itself."""
_SENTENCE_END = ".,;:!?)"
_NEXT_LINE = re.compile(rb"[A-Za-z_][\w.-]{0,63}:(?:$|//)|[^A-Za-z0-9/+=_]+$")
"""What begins a line of its own: a name before its value, or the mark of a list."""
_NEXT_VARIABLE = re.compile(rb"[A-Za-z_][\w.-]{0,63}=(?!=?$)")
_IN_VALUE = re.compile(rb"=[^\s=][^\s]*$")
"""The end of a line whose last word is a variable with its value."""


def find_folds(data: bytes, hits: Iterable[int], ends: Iterable[int]) -> list[Edit]:
    """Return the line breaks inside values, as edits that remove them, in order.

    `hits` are where triggers end, and `ends` where values do that may be whole. A value may
    continue over several lines.
    """
    edits: dict[int, Edit] = {}
    checked: set[int] = set()
    whole = {data.find(b"\n", end, end + 12) for end in ends}
    lines = _Lines(data)
    for end in sorted({*hits, *ends}):
        newline = data.find(b"\n", max(0, end - 24), end + 12)
        for _ in range(_MOST_LINES):
            if newline < 0 or newline in checked:
                break
            checked.add(newline)
            if data[newline - 1 : newline] in _SURELY_LAST or lines.are_rows(newline):
                break
            edit = lines.fold_at(newline, is_whole=newline in whole)
            if edit is None:
                break
            edits[newline] = edit
            newline = data.find(b"\n", edit.end, edit.end + _LONGEST_LINE)
    return [edits[newline] for newline in sorted(edits)]


def _fold_at(lines: _Lines, newline: int, *, is_whole: bool) -> Edit | None:
    """Return the edit that joins the lines around a line's end, if a value was broken there."""
    data = lines.data
    low = max(0, newline - _LONGEST_LINE)
    start = max(data.rfind(b"\n", low, newline) + 1, low)
    line = data[start:newline]
    if line[-1:] in _SURELY_LAST:  # of the next of several lines
        return None
    closing = _CLOSING.search(line, max(0, len(line) - _LONGEST_CLOSING))
    if closing is None or not closing.start() or line[closing.start() - 1] in _NOT_LAST:
        return None
    width = _width(line)
    if not _LEAST_WIDTH <= width < _LONGEST_LINE:
        return None
    joint = _joint_end(data, newline + 1, line)
    run = _RUN.match(data, joint)
    if (
        run is None
        or _opens_line(run[0], line[: closing.start()])
        or _are_rows(data, line, newline)
        or _are_aligned(data, line, newline)
    ):
        return None
    is_equal = lines.has_equal(start, newline, width)
    if is_equal is None:
        return None
    is_random = _continues(run[0].decode("utf-8", "replace"), is_full=False)
    if closing["border"] is not None or is_equal:
        is_broken = True  # as long as other lines
    elif _WIDTHS.isdisjoint({width, width - _mark_width(line)}):
        is_broken = is_random and not is_whole
    else:
        is_broken = is_random or not is_whole
    return Edit(start + closing.start(), joint, b"") if is_broken else None


def _mark_width(line: bytes) -> int:
    """Return how wide the mark before a line's content is, its blank included."""
    opening = _OPENING.match(line)
    return len(opening[0]) if opening and opening["mark"] is not None else 0


def _are_rows(data: bytes, line: bytes, newline: int) -> bool:
    """Tell whether a line and the next one are items of a list, each with a name."""
    return _ROW.match(line) is not None and _ROW.match(data, newline + 1) is not None


def _are_aligned(data: bytes, line: bytes, newline: int) -> bool:
    """Tell whether a line and the next one are rows of a table: a column begins in both alike."""
    following = data[newline + 1 : newline + 1 + len(line)].partition(b"\n")[0]
    return any(
        following[gap.start() : gap.end()].endswith(b"  ")
        and following[gap.end() : gap.end() + 1].strip()
        for gap in _GAP.finditer(line)
    )


def _opens_line(run: bytes, before: bytes) -> bool:
    """Tell whether a run of characters begins a line of its own, after the line `before`."""
    if _NEXT_LINE.match(run) or not _continues(run.decode("utf-8", "replace"), is_full=True):
        return True
    return _NEXT_VARIABLE.match(run) is not None and _IN_VALUE.search(before) is not None


def _joint_end(data: bytes, position: int, line: bytes) -> int:
    """Return where a line's content begins: after its border, or the mark that `line` has too."""
    opening = _OPENING.match(data, position)
    if opening is None:
        return position
    if opening["border"] is not None:
        return opening.end()
    is_marked = opening["mark"] is not None and line.lstrip().startswith(opening["mark"])
    return opening.end() if is_marked else opening.end("indent")


class _Lines:
    """The lines of a text, each of which is measured once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._after: dict[int, tuple[int, int]] = {}
        self._before: dict[int, tuple[int, int]] = {}
        self._last_row = -1
        """Where the last line starts that is known to be an item with a name."""
        self._near: set[bytes] = set()
        self._folds: dict[tuple[bytes, int, bool], tuple[int, int] | None] = {}

    def fold_at(self, newline: int, *, is_whole: bool) -> Edit | None:
        """Return the edit at a line's end, if there is one; once for the same lines around it."""
        data = self.data
        low, high = max(0, newline - _SEEN), newline + _SEEN
        near = data[max(0, newline - _LOOK) : newline + _LOOK]
        if near not in self._near:
            if len(self._near) >= _MOST_REMEMBERED:
                self._near.clear()
            self._near.add(near)
            return _fold_at(self, newline, is_whole=is_whole)
        if min(data.count(b"\n", low, newline), data.count(b"\n", newline + 1, high)) <= _NEAR:
            return _fold_at(self, newline, is_whole=is_whole)
        key = data[low:high], newline - low, is_whole
        if key not in self._folds:
            if len(self._folds) >= _MOST_REMEMBERED:
                self._folds.clear()
            edit = _fold_at(self, newline, is_whole=is_whole)
            self._folds[key] = edit and (edit.start - newline, edit.end - newline)
        fold = self._folds[key]
        return fold and Edit(newline + fold[0], newline + fold[1], b"")

    def are_rows(self, newline: int) -> bool:
        """Tell whether the lines around a line's end are surely items of a list, each with a name.

        See `_are_rows`; in a list each line is read once.
        """
        data, following = self.data, newline + 1
        if _ROW.match(data, following) is None:
            return False
        start = data.rfind(b"\n", max(0, newline - _LONGEST_LINE), newline) + 1
        is_known = start == self._last_row and data[newline - 1] not in _SIGNS
        self._last_row = following
        return is_known

    def has_equal(self, start: int, newline: int, width: int) -> bool | None:
        """Tell whether any line around one has its width; None if any is wider.

        These are the lines after it and before it, up to blank lines.
        """
        is_equal = False
        position, measured = newline + 1, self._after
        for _ in range(_NEAR):
            other, end = measured.get(position) or self._measure_after(position)
            if other > width:
                return None
            is_equal = is_equal or other == width
            if not other or end < 0:
                break
            position = end + 1
        position, measured = start - 1, self._before
        for _ in range(_NEAR):
            if position < 0:
                break
            other, end = measured.get(position) or self._measure_before(position)
            if other > width:
                return None
            is_equal = is_equal or other == width
            if not other:
                break
            position = end
        return is_equal

    def _measure_after(self, start: int) -> tuple[int, int]:
        """Return the width of the line that starts at `start`, and where its end is."""
        after = self.data.find(b"\n", start, start + _LONGEST_LINE)
        end = after if after >= 0 else min(len(self.data), start + _LONGEST_LINE)
        self._after[start] = line = _width(self.data[start:end]), after
        if after >= 0:
            self._before[after] = line[0], start - 1
        return line

    def _measure_before(self, end: int) -> tuple[int, int]:
        """Return the width of the line that ends at `end`, and where the one before it does."""
        low = max(0, end - _LONGEST_LINE)
        before = max(self.data.rfind(b"\n", low, end), low - 1)
        self._before[end] = line = _width(self.data[before + 1 : end]), before
        return line


def _width(line: bytes) -> int:
    """Return how many characters a line has, without the blanks at its end."""
    line = line.rstrip()
    return len(line) if line.isascii() else len(line.decode("utf-8", "replace"))


def _continues(run: str, *, is_full: bool) -> bool:
    """Tell whether a run of characters at a line's start continues the line before."""
    core = run.rstrip(_SENTENCE_END)
    if core.isalpha():
        is_word = len(core) == 1 or core[1:].islower() or core.isupper()
        return is_gibberish(core) or not is_word
    return is_full or (has_digit(core) and has_letter(core))
