"""Tables in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable, say, terminal_columns

if TYPE_CHECKING:
    from collections.abc import Sequence


_MIN_FIRST_CHARS = 12


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, foot: int = 0) -> None:
    """Print a table: the first column to the left, the others to the right; `foot` rows set off.

    On a terminal that is too narrow, the middle of long names in the first column is left out.
    """
    shown = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(heads))]
    gaps = 2 * (len(widths) - 1)
    columns = terminal_columns()
    if columns:
        room = columns - sum(widths[1:]) - gaps
        widths[0] = min(widths[0], max(room, _MIN_FIRST_CHARS))
    rule = "─" * (sum(widths) + gaps)
    for number, row in enumerate(shown):
        if number == 1 or (foot and number == len(shown) - foot):
            say(rule)
        first, *others = zip(row, widths, strict=True)
        cells = [_shorten(*first).ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        say("  ".join(cells).rstrip())


def _shorten(name: str, limit: int) -> str:
    """Return a name with its middle left out: names of folders and models differ at their ends."""
    if len(name) <= limit:
        return name
    end = (limit - 1) * 2 // 3
    return f"{name[: limit - 1 - end]}…{name[-end:]}"
