"""The order of a table's lines; pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.accounting.activity import ToolLine
from ccsync_watch.accounting.breakdowns import BreakdownLine
from ccsync_watch.accounting.file_usage import FileLine
from ccsync_watch.accounting.statistics import SessionLine

if TYPE_CHECKING:
    from ccsync_watch.accounting.usage_tables import TableLine, UsageTable

_OF_USAGE = ("name", "time", "cost", "tokens", "output", "responses", "sessions")
_OF_CALLS = {
    "tool": ("name", "calls", "errors", "denied", "time"),
    "file": ("name", "sessions", "reads", "edits"),
}
SORTS = tuple(dict.fromkeys((*_OF_USAGE, *_OF_CALLS["tool"], *_OF_CALLS["file"])))
"""`name` is the first column, from A to Z; the others have the most, or the latest, first."""


def sorts_of(by: str) -> tuple[str, ...]:
    """Return the orders that a table has: those of the figures in it."""
    return _OF_CALLS.get(by, _OF_USAGE)


def sort_table(table: UsageTable, sort: str | None, *, is_reversed: bool) -> UsageTable:
    """Return a table with its lines in this order, its own for None; what has no such value last.

    `sort` is one of `sorts_of` the table. Lines with the same value are by name.
    """
    lines = list(table.lines)
    if sort is not None:
        lines.sort(key=_name)
    if sort is not None and sort != "name":
        known = [line for line in lines if _value(line, sort) is not None]
        unknown = [line for line in lines if _value(line, sort) is None]
        known.sort(key=lambda line: -(_value(line, sort) or 0.0))
        return replace(table, lines=(known[::-1] if is_reversed else known) + unknown)
    if is_reversed:
        lines.reverse()
    return replace(table, lines=lines)


def _name(line: TableLine) -> str:
    if isinstance(line, BreakdownLine):
        return line.key if line.key is not None else "\U0010ffff"
    if isinstance(line, SessionLine):
        return line.title or line.session_id
    return line.tool if isinstance(line, ToolLine) else line.path


def _value(line: TableLine, sort: str) -> float | None:
    values: dict[str, float | None]
    if isinstance(line, ToolLine):
        values = {
            "calls": line.calls,
            "errors": line.errors,
            "denied": line.denied,
            "time": line.total_ms if line.results else None,
        }
        return values[sort]
    if isinstance(line, FileLine):
        values = {"sessions": line.sessions, "reads": line.reads, "edits": line.edits}
        return values[sort]
    used = line.account if isinstance(line, SessionLine) else line
    values = {
        "time": line.updated_ms if isinstance(line, SessionLine) else _time(line.key),
        "cost": used.cost.usd,
        "tokens": used.tokens.prompt + used.tokens.output,
        "output": used.tokens.output,
        "responses": used.responses,
        "sessions": 1 if isinstance(line, SessionLine) else line.sessions,
    }
    return values[sort]


def _time(key: str | None) -> float | None:
    """Return a number that orders hours, days, weeks and months; None for other names."""
    digits = re.sub(r"[-T:]", "", key or "")
    return float(digits) if digits.isdigit() else None
