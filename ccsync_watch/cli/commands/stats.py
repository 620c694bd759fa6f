"""Show tokens, costs and tools by day, model, project, agent, tool or session."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.accounting import activity, breakdowns, statistics, usage_groups
from ccsync_watch.accounting.account import format_cost
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.cli.arguments import add_setting_flags
from ccsync_watch.cli.console import say, show_warnings
from ccsync_watch.cli.session_lookup import open_store
from ccsync_watch.cli.text_table import print_table
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.dashboard.local_time import days_ago_ms
from ccsync_watch.errors import ConfigError
from ccsync_watch.units import duration, percent, plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from ccsync_watch.accounting.activity import ToolLine
    from ccsync_watch.accounting.breakdowns import BreakdownLine
    from ccsync_watch.accounting.statistics import SessionLine
    from ccsync_watch.cli.text_table import Cell
    from ccsync_watch.store.database import Database

ORDER = 70
_MAX_DAYS = 36_500
# What a narrow terminal shows of sessions without, in this order.
_LEAST_ASKED = ("API", "wall", "lines", "tools", "turns", "prompts")
_NO_KEY = {
    "agent": "main conversation",
    "day": "not in transcripts",
    "model": "unknown model",
    "project": "unknown project",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to sum by, since when, and the form of the output."""
    add_setting_flags(parser)
    choices = ("day", "model", "project", "agent", "tool", "session")
    parser.add_argument("--by", choices=choices, default="day", help="what to sum by (day)")
    parser.add_argument(
        "--since", metavar="DATE|Nd", help="only from this day on, or the last N days"
    )
    parser.add_argument("--utc", action="store_true", help="days in UTC, not in local time")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON")
    form.add_argument("--csv", action="store_true", help="print everything as CSV")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print one table from the store, with or without the daemon."""
    settings = load(env, flags)
    since_ms = parse_since(arguments.since, SystemClock().wall_ms(), is_utc=arguments.utc)
    show_warnings(settings)
    database = open_store(settings)
    if database is None:
        return 1
    try:
        prices = PriceList.from_settings(settings)
        prices.ensure_known(usage_groups.used_models(database))
        return _show(database, prices, arguments, since_ms)
    finally:
        database.close()


def parse_since(text: str | None, now_ms: int, *, is_utc: bool = False) -> int | None:
    """Return the moment that `--since` names: a day, or the first of the last so many days.

    The last 7 days are calendar days, today among them, as on the dashboard.

    Raises ConfigError for anything else.
    """
    if text is None:
        return None
    number = text[:-1]
    if text.endswith("d") and number.isascii() and number.isdigit() and int(number) <= _MAX_DAYS:
        return days_ago_ms(now_ms, int(number), is_utc=is_utc)
    try:
        moment = datetime.fromisoformat(text)
        if is_utc and moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            f"--since: {text!r} is not a date", hint="use 2026-01-31, or 7d for the last week"
        ) from None


def _show(
    database: Database, prices: PriceList, arguments: argparse.Namespace, since_ms: int | None
) -> int:
    by = arguments.by
    lines: Sequence[BreakdownLine | ToolLine | SessionLine]
    if by == "tool":
        lines = activity.by_tool(database, since_ms=since_ms)
    elif by == "session":
        lines = statistics.by_session(database, prices, since_ms=since_ms)
    elif by == "project":
        lines = breakdowns.by_project(database, prices, since_ms=since_ms)
    elif by == "agent":
        lines = breakdowns.by_agent(database, prices, since_ms=since_ms)
    elif by == "model":
        lines = breakdowns.by_model(database, prices, since_ms=since_ms)
    else:
        zone: usage_groups.Zone = "utc" if arguments.utc else "local"
        lines = breakdowns.by_day(database, prices, zone=zone, since_ms=since_ms)
    if arguments.json:
        say(orjson.dumps([_fields(line) for line in lines], option=orjson.OPT_INDENT_2).decode())
    elif arguments.csv:
        _write_csv([_flatten(_fields(line)) for line in lines])
    elif by == "tool":
        _show_tools(lines)  # type: ignore[arg-type]  # by the branch above
    elif by == "session":
        _show_sessions(lines)  # type: ignore[arg-type]  # by the branch above
    else:
        _show_lines(by, lines)  # type: ignore[arg-type]  # by the branch above
    return 0


def _fields(line: BreakdownLine | ToolLine | SessionLine) -> dict[str, Any]:
    fields = asdict(line)
    rate = getattr(line, "error_rate", None)
    return {**fields, "error_rate": rate} if "errors" in fields else fields


def _flatten(value: dict[str, Any], prefix: str = "") -> dict[str, object]:
    """Return one level of names, for a table; the strings of a list are joined."""
    flat: dict[str, object] = {}
    for name, item in value.items():
        if isinstance(item, dict):
            flat.update(_flatten(item, f"{prefix}{name}_"))
        elif isinstance(item, (list, tuple)):
            flat[prefix + name] = "; ".join(text for text in item if isinstance(text, str))
        else:
            flat[prefix + name] = item
    return flat


def _write_csv(rows: list[dict[str, object]]) -> None:
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _show_lines(by: str, lines: list[BreakdownLine]) -> None:
    heads = (by, "sessions", "responses", "input", "cache write", "cache read", "output", "cost")
    rows = [_cells(line.key or _NO_KEY[by], line, line.sessions) for line in lines]
    if not lines:
        say("No usage is stored yet.")
        return
    rows.append(_cells("total", breakdowns.total(lines), ""))
    print_table(heads, rows, foot=1, has_names=True)
    _explain_unpriced(lines)


def _cells(name: str, line: BreakdownLine, sessions: Cell) -> list[Cell]:
    tokens = line.tokens
    counts = (line.responses, tokens.input, tokens.cache_write, tokens.cache_read, tokens.output)
    return [name, sessions, *counts, format_cost(line.cost)]


def _explain_unpriced(lines: Sequence[BreakdownLine]) -> None:
    if any(line.cost.provenance in {"partial", "unpriced"} for line in lines):
        say("\n≥ marks sums without tokens that have no known price or were never reported.")


def _show_tools(lines: list[ToolLine]) -> None:
    heads = ("tool", "calls", "errors", "error rate", "denied", "time")
    rows: list[list[Cell]] = [
        [
            line.tool,
            line.calls,
            line.errors,
            percent(line.error_rate, places=1),
            line.denied,
            duration(line.total_ms),
        ]
        for line in lines
    ]
    print_table(heads, rows, has_names=True)


def _show_sessions(lines: list[SessionLine]) -> None:
    heads: tuple[str, ...] = (
        "session", "last active", "prompts", "turns", "tools", "wall", "API", "lines", "prompt",
        "output", "cost",
    )  # fmt: skip
    rows: list[list[Cell]] = []
    for line in lines:
        done, account = line.activity, line.account
        active = datetime.fromtimestamp((line.updated_ms or 0) / 1000).astimezone()
        changed = f"+{done.lines_added or 0} -{done.lines_removed or 0}"
        rows.append(
            [
                line.session_id,
                f"{active:%Y-%m-%d %H:%M}",
                done.prompts,
                done.turns,
                done.tool_calls,
                duration(done.wall_ms),
                duration(done.api_ms),
                changed,
                account.tokens.prompt,
                account.tokens.output,
                format_cost(account.cost),
            ]
        )
    if any(line.worktree for line in lines):
        heads = (*heads, "worktree")
        rows = [[*row, line.worktree or ""] for row, line in zip(rows, lines, strict=True)]
    print_table(heads, rows, optional=_LEAST_ASKED)
    explained = typed("`ccsync-watch explain SESSION` explains its figures.")
    say(f"\n{plural(len(lines), 'session')}; {explained}")
