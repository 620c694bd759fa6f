"""Tables in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable, say, terminal_columns

if TYPE_CHECKING:
    from collections.abc import Sequence


_MIN_NAME_CHARS = 12


def print_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, foot: int = 0, has_names: bool = False
) -> None:
    """Print a table: the first column to the left, the others to the right; `foot` rows set off.

    On a terminal that is too narrow the columns stand closer, and, where the first one `has_names`,
    which nobody has to type, the middle of the long ones is left out.
    """
    shown = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(heads))]
    columns = terminal_columns() or _total(widths, "  ")
    gap = "  " if _total(widths, "  ") <= columns else " "
    room = columns - _total([0, *widths[1:]], gap)
    if has_names and room >= _MIN_NAME_CHARS:
        widths[0] = min(widths[0], room)
    rule = "─" * _total(widths, gap)
    for number, row in enumerate(shown):
        if number == 1 or (foot and number == len(shown) - foot):
            say(rule)
        first, *others = zip(row, widths, strict=True)
        cells = [_shorten(*first).ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        say(gap.join(cells).rstrip())


def _total(widths: Sequence[int], gap: str) -> int:
    return sum(widths) + len(gap) * (len(widths) - 1)


def _shorten(name: str, limit: int) -> str:
    """Return a name with its middle left out: names of folders and models differ at their ends."""
    if len(name) <= limit:
        return name
    end = (limit - 1) * 2 // 3
    return f"{name[: limit - 1 - end]}…{name[-end:]}"
