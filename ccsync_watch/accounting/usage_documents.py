"""A table of `stats` as JSON and as CSV.

`cli/schemas/stats.schema.json` says what the JSON has. `SCHEMA_VERSION` is the version of it.
"""

from __future__ import annotations

import csv
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from ccsync_watch.accounting.activity import ToolLine
from ccsync_watch.accounting.breakdowns import BreakdownLine, model_lines
from ccsync_watch.accounting.periods import block_times
from ccsync_watch.accounting.statistics import SessionLine

if TYPE_CHECKING:
    from ccsync_watch.accounting.selections import Selection
    from ccsync_watch.accounting.time_windows import TimeWindow
    from ccsync_watch.accounting.usage_tables import TableLine, UsageTable

SCHEMA_VERSION = 1
# What a spreadsheet takes for a formula, or for the end of a cell.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NO_MODEL = "unknown"


def table_document(
    table: UsageTable, selection: Selection, window: TimeWindow, *, has_calls: bool
) -> dict[str, Any]:
    """Return a table as JSON. `has_calls`: tool calls are stored, so that none means none."""
    calendar, zone = selection.calendar, selection.calendar.zone
    iso = calendar.iso
    before: dict[str, Any] | None = None
    if window.before is not None and table.before is not None and table.total is not None:
        before = {
            "since": iso(window.before[0]),
            "until": iso(window.before[1]),
            **_sums(table.before),
            "change": _change(table.total, table.before),
        }
    return {
        "schema": SCHEMA_VERSION,
        "by": table.by,
        "timezone": "local" if zone is None else str(zone),
        "since": None if window.since_ms is None else iso(window.since_ms),
        "until": None if window.until_ms is None else iso(window.until_ms),
        "filters": {
            name: getattr(selection, name) for name in ("project", "model", "host", "branch")
        },
        "lines": [
            _line_fields(table.by, line, selection, has_calls=has_calls) for line in table.lines
        ],
        "total": None if table.total is None else _sums(table.total),
        "before": before,
    }


def _line_fields(
    by: str, line: TableLine, selection: Selection, *, has_calls: bool
) -> dict[str, Any]:
    fields = asdict(line)
    if isinstance(line, ToolLine):
        return {**fields, "error_rate": line.error_rate}
    if isinstance(line, SessionLine):
        iso = selection.calendar.iso
        for name in ("started", "updated"):
            at_ms = fields[f"{name}_ms"]
            fields[name] = None if at_ms is None else iso(at_ms)
        if not has_calls:
            fields["activity"] |= {"tool_calls": None, "tool_errors": None, "tool_ms": None}
    if by == "model":
        fields["names"] = fields["models"][0]["names"]
    if by == "block":
        start_ms, end_ms = block_times(line.key) if line.key else (None, None)  # type: ignore[union-attr]  # a line of hours
        fields["start"] = None if start_ms is None else selection.calendar.iso(start_ms)
        fields["end"] = None if end_ms is None else selection.calendar.iso(end_ms)
    return fields


def _sums(line: BreakdownLine) -> dict[str, Any]:
    fields = asdict(line)
    return {name: fields[name] for name in ("sessions", "responses", "tokens", "cost")}


def _change(now: BreakdownLine, before: BreakdownLine) -> dict[str, Any]:
    usd = None
    if now.cost.usd is not None and before.cost.usd is not None:
        usd = now.cost.usd - before.cost.usd
    tokens = [line.tokens.prompt + line.tokens.output for line in (now, before)]
    return {"usd": usd, "tokens": tokens[0] - tokens[1]}


def write_csv(
    table: UsageTable,
    selection: Selection,
    window: TimeWindow,
    file: TextIO,
    *,
    has_calls: bool,
    has_models: bool,
) -> None:
    """Write a table's lines, one cell for each value; times as ISO, amounts as plain numbers.

    With `has_models`, the cost and the tokens of each model have columns of their own. No cell
    begins as a formula does.
    """
    document = table_document(table, selection, window, has_calls=has_calls)
    rows = [_flatten(line) for line in document["lines"]]
    if has_models:
        for row, line in zip(rows, table.lines, strict=True):
            row.update(_model_cells(line))
    heads = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(file, heads, restval="", lineterminator="\n")
    if heads:
        # The name of a model is anybody's text, too.
        writer.writerow({name: _safe(name) for name in heads})
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)


def _model_cells(line: TableLine) -> dict[str, object]:
    if isinstance(line, BreakdownLine):
        parts = [(part.model, part.tokens, part.cost) for part in line.models]
    elif isinstance(line, SessionLine):
        parts = [(part.model, part.tokens, part.cost) for part in model_lines(line.account.models)]
    else:
        return {}
    cells: dict[str, object] = {}
    for model, tokens, cost in parts:
        cells[f"{model or _NO_MODEL} cost_usd"] = cost.usd
        cells[f"{model or _NO_MODEL} tokens"] = tokens.prompt + tokens.output
    return cells


def _flatten(value: dict[str, Any], prefix: str = "") -> dict[str, object]:
    """Return one level of names, for a table; the texts of a list are joined."""
    flat: dict[str, object] = {}
    for name, item in value.items():
        if name.endswith("_ms") and name.removesuffix("_ms") in value:
            continue  # the same time is there as ISO
        if isinstance(item, dict):
            flat.update(_flatten(item, f"{prefix}{name}_"))
        elif isinstance(item, (list, tuple)):
            if name in {"notes", "names"}:
                flat[prefix + name] = "; ".join(item)
        else:
            flat[prefix + name] = item
    return flat


def _safe(value: object) -> object:
    """Return a cell that no spreadsheet runs: a text that begins as a formula is quoted."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
