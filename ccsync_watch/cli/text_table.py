"""Tables in plain text."""

from __future__ import annotations

import sys
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from ccsync_watch.cli.character_sets import substituted
from ccsync_watch.cli.console import printable, say, say_wrapped, terminal_columns
from ccsync_watch.units import full_count, short_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Cell: TypeAlias = "str | int"
"""A text, or a count that may be rounded in a narrow terminal."""

_NO_WIDTH = frozenset({"Mn", "Me", "Cf"})
"""The categories of what is drawn onto the sign before it, or joins two."""
_JOINER = "\u200d"
_CUT = "…"
_MIN_NAME_COLUMNS = 12
_NAME_COLUMNS = 20
"""What other columns make room for: most names are whole then."""
NO_TEXTS: Mapping[str, int] = MappingProxyType({})


def print_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    foot: int = 0,
    has_names: bool = False,
    name_columns: int = _NAME_COLUMNS,
    texts: Mapping[str, int] = NO_TEXTS,
    optional: Sequence[str] = (),
) -> None:
    """Print a table: the first column to the left, the others to the right; `foot` rows set off.

    Columns with the heads in `texts` are to the left, too. On a terminal that is too narrow the
    columns stand closer, below heads of two lines. Where they still do not fit, texts are cut, to
    the width that `texts` has for them at least, and the middle of the first column's is left out
    if it `has_names`, which nobody has to type: down to `name_columns`, so that they differ; and
    where only that makes them fit, counts are rounded, which a last line says. Before they would
    not fit at all, columns with the heads in `optional` are left out, one after the other; the
    command has `--json`, which a last line says too. Names are shorter than that only where all
    this is not enough.
    """
    columns = terminal_columns()
    least_name = name_columns if has_names else 0
    whole = heads, rows
    heads, rows, left_out, fits = _leave_out(*whole, optional, texts, columns, least_name)
    if has_names and not fits:
        least_name = _MIN_NAME_COLUMNS
        heads, rows, left_out, _ = _leave_out(*whole, optional, texts, columns, least_name)
    shrinking = _shrinking(heads, texts, least_name)
    head_rows, gap, is_rounded = [list(heads)], "  ", False
    body = _texts(rows, full_count)
    if columns is not None and _total(_widths([*head_rows, *body]), gap) > columns:
        head_rows, gap = _in_two_lines(heads), " "
        rounded = _texts(rows, short_count)
        least, rounded_least = (
            _least([*head_rows, *table], gap, shrinking) for table in (body, rounded)
        )
        is_rounded = rounded_least <= columns < least
        body = rounded if is_rounded else body
    shown = [*head_rows, *body]
    widths = _widths(shown)
    if columns is not None:
        widths = _shrunk(widths, columns - _total(widths, gap), shrinking)
    if len(head_rows) > 1:
        head_rows = _rejoined(heads, head_rows, widths)
        shown = [*head_rows, *body]
    lefts = {0, *(number for number, head in enumerate(heads) if head in texts)}
    rule = "─" * _total(widths, gap)
    for number, row in enumerate(shown):
        if number == len(head_rows) or (foot and number == len(shown) - foot):
            say(rule)
        cells = [
            _aligned(
                (_shorten if column == 0 else cut_to_fit)(text, width)
                if column in shrinking
                else text,
                width,
                column in lefts,
            )
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        say(gap.join(cells).rstrip())
    if is_rounded:
        say("")
        say_wrapped("Counts are rounded to fit in this terminal.")
    if left_out:
        say("")
        say_wrapped(f"Not shown here: {', '.join(left_out)}; see `--json`.")


def _leave_out(
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    optional: Sequence[str],
    texts: Mapping[str, int],
    columns: int | None,
    least_name: int,
) -> tuple[Sequence[str], Sequence[Sequence[Cell]], list[str], bool]:
    """Return a table without the columns that make it too wide, their heads, and whether it fits.

    Names have at least so many columns; 0 if the first column has none.
    """

    def fits() -> bool:
        narrow = [*_in_two_lines(heads), *_texts(rows, short_count)]
        shrinking = _shrinking(heads, texts, least_name)
        return columns is None or _least(narrow, " ", shrinking) <= columns

    left_out: list[str] = []
    for head in optional:
        if fits():
            break
        if head in heads:
            heads, rows = _without(heads, rows, list(heads).index(head))
            left_out.append(head)
    return heads, rows, left_out, fits()


def _shrinking(heads: Sequence[str], texts: Mapping[str, int], least_name: int) -> dict[int, int]:
    """Return the numbers of the columns whose texts may be shortened, each with its least width."""
    least = {number: texts[head] for number, head in enumerate(heads) if head in texts}
    return {0: least_name, **least} if least_name else least


def _shrunk(widths: list[int], room: int, shrinking: Mapping[int, int]) -> list[int]:
    """Return widths that are narrower by what is missing, a negative `room`; the widest first.

    Where that would leave too little of a text, all of them stay whole.
    """
    narrower = list(widths)
    for _step in range(-room):
        wide = [column for column, least in shrinking.items() if narrower[column] > least]
        if not wide:
            return widths
        widest = max(wide, key=lambda column: narrower[column])
        narrower[widest] -= 1
    return narrower


def _aligned(text: str, width: int, is_left: bool) -> str:  # noqa: FBT001 - of one call
    padding = _padding(text, width)
    return text + padding if is_left else padding + text


def _without(
    heads: Sequence[str], rows: Sequence[Sequence[Cell]], column: int
) -> tuple[list[str], list[list[Cell]]]:
    """Return a table without one of its columns."""
    return (
        [*heads[:column], *heads[column + 1 :]],
        [[*row[:column], *row[column + 1 :]] for row in rows],
    )


def text_columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: some characters take two, some none.

    Of a terminal with a small character set they are those of what it shows instead.
    """
    text = substituted(text, sys.stdout)
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in {"W", "F"} for char in text)
    return len(text) + wide - sum(unicodedata.category(char) in _NO_WIDTH for char in text)


def is_too_narrow(name: str, *, after: str) -> bool:
    """Return whether too little would stay of a name on the rest of a terminal's line."""
    columns = terminal_columns()
    if columns is None or text_columns(after + name) <= columns:
        return False
    return columns - text_columns(after) < _MIN_NAME_COLUMNS


def shorten_to_fit(name: str, *, after: str) -> str:
    """Return a name for the rest of a terminal's line; whole if too little would stay of it."""
    room = (terminal_columns() or 0) - text_columns(after)
    return _shorten(name, room) if room >= _MIN_NAME_COLUMNS else name


def shorten_all(names: Sequence[str], room: int) -> list[str]:
    """Return names that take so many columns together, with the middles of the longest left out.

    Of each the least stays that distinguishes the names, even where that is too much.
    """
    widths = [text_columns(name) for name in names]
    for _step in range(sum(widths) - room):
        widest = max(range(len(names)), key=widths.__getitem__)
        if widths[widest] <= _MIN_NAME_COLUMNS:
            break
        widths[widest] -= 1
    return [_shorten(name, width) for name, width in zip(names, widths, strict=True)]


def _shorten(name: str, limit: int) -> str:
    """Return a name with its middle left out: names of folders and models differ at their ends."""
    if text_columns(name) <= limit:
        return name
    room = limit - text_columns(_CUT)
    end = room * 2 // 3
    last = _cut(name[::-1], end)[::-1]
    while last and unicodedata.category(last[0]) in _NO_WIDTH:
        last = last[1:]  # what it is drawn onto was left out
    return f"{_cut(name, room - end)}{_CUT}{last}"


def cut_to_fit(text: str, limit: int) -> str:
    """Return a text that fits into so many columns: of a longer one the beginning."""
    if text_columns(text) <= limit:
        return text
    return _cut(text, limit - text_columns(_CUT)).rstrip() + _CUT


def _cut(text: str, limit: int) -> str:
    """Return as much of the beginning of a text as fits."""
    used = 0
    for number, char in enumerate(text):
        used += text_columns(char)
        if used > limit:
            return text[:number].rstrip(_JOINER)
    return text


def _texts(rows: Sequence[Sequence[Cell]], form: Callable[[int], str]) -> list[list[str]]:
    return [
        [form(cell) if isinstance(cell, int) else printable(cell) for cell in row] for row in rows
    ]


def _in_two_lines(heads: Sequence[str]) -> list[list[str]]:
    """Return the heads with the last word of each below the others, if any has several."""
    split = [head.rpartition(" ") for head in heads]
    above, below = [words[0] for words in split], [words[2] for words in split]
    return [above, below] if any(above) else [below]


def _rejoined(
    heads: Sequence[str], head_rows: list[list[str]], widths: Sequence[int]
) -> list[list[str]]:
    """Return the heads with those in one line that fit above their columns, as in "week of"."""
    above, below = ([*row] for row in head_rows)
    for column, (head, width) in enumerate(zip(heads, widths, strict=True)):
        if text_columns(head) <= width:
            above[column], below[column] = "", head
    return [above, below] if any(above) else [below]


def _widths(shown: list[list[str]]) -> list[int]:
    return [max(map(text_columns, column)) for column in zip(*shown, strict=True)]


def _least(shown: list[list[str]], gap: str, shrinking: Mapping[int, int]) -> int:
    """Return the columns that a table takes at least, with its texts shortened."""
    widths = [
        min(width, shrinking.get(column, width)) for column, width in enumerate(_widths(shown))
    ]
    return _total(widths, gap)


def _total(widths: Sequence[int], gap: str) -> int:
    return sum(widths) + len(gap) * (len(widths) - 1)


def _padding(text: str, width: int) -> str:
    return " " * (width - text_columns(text))
