"""Tables for people, in plain text, and figures as they read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.accounting.account import Cost

_HOUR_MS, _MINUTE_MS, _SECOND_MS = 3_600_000, 60_000, 1000
_FEW_CENTS = 0.1
_PART_OF_A_CENT = 0.001


def money(cost: Cost) -> str:
    """Return a cost: `≥` before a partial one, `unpriced` for one that is not known."""
    if cost.usd is None:
        return "unpriced"
    shown = dollars(cost.usd)
    return f"≥ {shown}" if cost.provenance == "partial" else shown


def dollars(usd: float) -> str:
    """Return an amount, in cents unless it is a few of them only, or parts of one."""
    if 0 < abs(usd) < _PART_OF_A_CENT:
        return f"${usd:.6f}"
    return f"${usd:,.4f}" if 0 < abs(usd) < _FEW_CENTS else f"${usd:,.2f}"


def lasting(milliseconds: int | None) -> str:
    """Return a length of time in its two largest units, `-` when it is not known."""
    if milliseconds is None:
        return "-"
    if milliseconds >= _HOUR_MS:
        return f"{milliseconds // _HOUR_MS} h {milliseconds % _HOUR_MS // _MINUTE_MS} min"
    if milliseconds >= _MINUTE_MS:
        return f"{milliseconds // _MINUTE_MS} min {milliseconds % _MINUTE_MS // _SECOND_MS} s"
    return f"{milliseconds / _SECOND_MS:.1f} s"


def show(heads: Sequence[str], rows: Sequence[Sequence[str]], *, foot: int = 0) -> None:
    """Print a table: the first column to the left, figures to the right; `foot` rows set off."""
    shown = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(heads))]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    for number, row in enumerate(shown):
        if number == 1 or (foot and number == len(shown) - foot):
            say(rule)
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        say("  ".join(cells).rstrip())
