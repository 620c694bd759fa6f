"""Tables in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable, say

if TYPE_CHECKING:
    from collections.abc import Sequence


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, foot: int = 0) -> None:
    """Print a table: the first column to the left, the others to the right; `foot` rows set off."""
    shown = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(heads))]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    for number, row in enumerate(shown):
        if number == 1 or (foot and number == len(shown) - foot):
            say(rule)
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        say("  ".join(cells).rstrip())
