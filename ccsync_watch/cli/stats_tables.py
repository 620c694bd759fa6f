"""The tables of `stats` as text: what fits in the terminal, a total, and the time before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting.account import format_cost
from ccsync_watch.accounting.periods import block_times
from ccsync_watch.accounting.usage_tables import TIMES
from ccsync_watch.cli.console import say, say_wrapped, terminal_columns
from ccsync_watch.cli.session_lookup import SHORT_ID_CHARS
from ccsync_watch.cli.text_table import print_table
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.store.session_summaries import project_name
from ccsync_watch.units import UNKNOWN, dollars, duration, percent, plural, short_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.accounting.account import Cost
    from ccsync_watch.accounting.activity import ToolLine
    from ccsync_watch.accounting.breakdowns import BreakdownLine, ModelLine
    from ccsync_watch.accounting.calendars import Calendar
    from ccsync_watch.accounting.file_usage import FileLine
    from ccsync_watch.accounting.statistics import SessionLine
    from ccsync_watch.accounting.time_windows import TimeWindow
    from ccsync_watch.accounting.usage_tables import UsageTable
    from ccsync_watch.cli.text_table import Cell

# What a narrow terminal shows of sessions without, in this order.
_LEAST_ASKED = (
    "API time", "wall time", "lines", "tools", "turns", "prompts", "prompt tokens",
    "output tokens", "project", "last active",
)  # fmt: skip
_LEAST_ASKED_SUMS = ("responses", "sessions", "cache write", "cache read", "input")
_LEAST_ASKED_TOOLS = ("denied", "error rate", "time")
_NARROW_COLUMNS = 50
_MANY_TIMES = 10
_NO_KEY = {
    "agent": "main conversation",
    "branch": "no branch",
    "host": "unknown machine",
    "model": "unknown model",
    "pr": "no pull request",
    "project": "unknown project",
}
_HEADS = {"week": "week of", "pr": "pull request", "host": "machine"}
_NO_TIME = "not in transcripts"
_NOTHING = "No usage is stored yet."
_NO_LINES = {"tool": "No tool was called.", "file": "No file was read or edited."}
_NOTHING_SELECTED = "Nothing was used in what these options select."
NO_CALLS = "Tool calls are not stored: sync_tool_calls is off."


def show_table(
    table: UsageTable,
    calendar: Calendar,
    window: TimeWindow,
    *,
    is_all: bool,
    has_calls: bool,
    has_models: bool,
) -> None:
    """Print a table. `is_all`: nothing was selected, so that an empty one is an empty store.

    `has_calls`: tool calls are stored.
    """
    if table.by in _NO_LINES and not table.lines:
        say(_NO_LINES[table.by] if has_calls else NO_CALLS)
    elif table.by == "tool":
        _show_tools(table.lines)  # type: ignore[arg-type]  # by its name
    elif table.by == "file":
        _show_files(table.lines)  # type: ignore[arg-type]  # by its name
    elif not table.lines:
        say(_NOTHING if is_all else _NOTHING_SELECTED)
    elif table.by == "session":
        _show_sessions(table.lines, calendar, has_calls=has_calls)  # type: ignore[arg-type]  # by its name
    else:
        _show_sums(table, calendar, has_models=has_models)
    _show_change(table, calendar, window)


def _show_sums(table: UsageTable, calendar: Calendar, *, has_models: bool) -> None:
    lines: Sequence[BreakdownLine] = table.lines  # type: ignore[assignment]  # by its name
    heads = (
        _HEADS.get(table.by, table.by), "sessions", "responses", "input", "cache write",
        "cache read", "output", "cost",
    )  # fmt: skip
    rows: list[list[Cell]] = []
    for line in lines:
        rows.append(_cells(_key_text(table.by, line.key, calendar), line, line.sessions))
        if has_models and table.by != "model":
            rows += [
                _cells(f"  {part.model or _NO_KEY['model']}", part, "") for part in line.models
            ]
    if table.total is not None:
        rows.append(_cells("total", table.total, ""))
    has_names = has_models or table.by not in TIMES
    print_table(heads, rows, foot=1, has_names=has_names, optional=_LEAST_ASKED_SUMS)
    _explain_least([line.cost for line in lines])


def _explain_least(costs: Sequence[Cost]) -> None:
    if any(map(_is_partial, costs)):
        say("")
        say_wrapped("≥ means at least: some tokens have no known price, or were never reported.")


def _is_partial(cost: Cost) -> bool:
    return cost.provenance in {"partial", "unpriced"}


def _key_text(by: str, key: str | None, calendar: Calendar) -> str:
    if key is None:
        return _NO_KEY.get(by, _NO_TIME)
    if by == "hour":
        return key.replace("T", " ")
    if by == "block":
        start, end = (calendar.local(at_ms) for at_ms in block_times(key))
        return f"{start:%Y-%m-%d %H:%M}-{end:%H:%M}"
    if by == "branch":
        branch, _, folder = key.partition(" (")
        name = project_name(folder.removesuffix(")"))
        return f"{branch} ({name})" if name else branch
    return key


def _cells(name: str, line: BreakdownLine | ModelLine, sessions: Cell) -> list[Cell]:
    tokens = line.tokens
    counts = (line.responses, tokens.input, tokens.cache_write, tokens.cache_read, tokens.output)
    return [name, sessions, *counts, format_cost(line.cost)]


def _show_change(table: UsageTable, calendar: Calendar, window: TimeWindow) -> None:
    """Say what the time before used, and how much more or less that is."""
    now, before = table.total, table.before
    if now is None or before is None or window.before is None:
        return
    first, last = (calendar.local(at_ms) for at_ms in (window.before[0], window.before[1] - 1))
    days = (
        f"{first:%Y-%m-%d}"
        if first.date() == last.date()
        else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    )
    tokens_now, tokens_before = (line.tokens.prompt + line.tokens.output for line in (now, before))
    say("")
    if not tokens_before and not before.cost.usd:
        say_wrapped(f"In the time before ({days}), nothing was used.")
        return
    changes = [f"tokens {_change(tokens_now, tokens_before, short_count)}"]
    if now.cost.usd is not None and before.cost.usd is not None:
        # Of sums that lack something, what they lack may differ.
        name = "known cost" if _is_partial(now.cost) or _is_partial(before.cost) else "cost"
        changes.insert(0, f"{name} {_change(now.cost.usd, before.cost.usd, dollars)}")
    said = f"{format_cost(before.cost)}, {short_count(tokens_before)} tokens"
    say_wrapped(f"Compared with the time before ({days}: {said}): {', '.join(changes)}.")


def _change(now: float, before: float, form: Callable[[Any], str]) -> str:
    """Return how much more or less something is now, in words."""
    if now == before:
        return "unchanged"
    share = ""
    if before:
        times = now / before
        is_much = times >= _MANY_TIMES
        share = f" ({times:,.0f} times as much)" if is_much else f" ({percent(abs(times - 1))})"
    return f"{'up' if now > before else 'down'} by {form(abs(now - before))}{share}"


def _show_tools(lines: list[ToolLine]) -> None:
    heads = ("tool", "calls", "errors", "error rate", "denied", "time")
    rows: list[list[Cell]] = [
        [
            line.tool,
            line.calls,
            line.errors,
            percent(line.error_rate, places=1),
            line.denied,
            duration(line.total_ms) if line.results else UNKNOWN,
        ]
        for line in lines
    ]
    print_table(heads, rows, has_names=True, optional=_LEAST_ASKED_TOOLS)


def _show_files(lines: list[FileLine]) -> None:
    heads = ("file", "sessions", "reads", "edits", "lines")
    rows: list[list[Cell]] = [
        [line.path, line.sessions, line.reads, line.edits, _lines_text(line)] for line in lines
    ]
    print_table(heads, rows, has_names=True)


def _lines_text(line: FileLine) -> str:
    if line.lines_added is None and line.lines_removed is None:
        return UNKNOWN if line.edits else ""
    return f"+{line.lines_added or 0} -{line.lines_removed or 0}"


def _show_sessions(lines: list[SessionLine], calendar: Calendar, *, has_calls: bool) -> None:
    heads = [
        "session", "title", "project", "last active", "prompts", "turns", "tools",
        "wall time", "API time", "lines", "prompt tokens", "output tokens", "cost",
    ]  # fmt: skip
    id_chars = _id_chars([line.session_id for line in lines])
    rows: list[list[Cell]] = []
    for line in lines:
        done, account = line.activity, line.account
        active = calendar.local(line.updated_ms or 0)
        changed = f"+{done.lines_added or 0} -{done.lines_removed or 0}"
        rows.append(
            [
                line.session_id[:id_chars],
                line.title or "",
                project_name(line.project_path) or "",
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
    if not has_calls:
        at = heads.index("tools")
        heads = [*heads[:at], *heads[at + 1 :]]
        rows = [[*row[:at], *row[at + 1 :]] for row in rows]
    if any(line.worktree for line in lines):
        heads = [*heads, "worktree"]
        rows = [[*row, line.worktree or ""] for row, line in zip(rows, lines, strict=True)]
    is_narrow = (terminal_columns() or _NARROW_COLUMNS) < _NARROW_COLUMNS
    texts = {"title": 12 if is_narrow else 24, "project": 12}
    print_table(heads, rows, texts=texts, optional=("worktree", *_LEAST_ASKED))
    explained = typed("`ccsync-watch explain SESSION` explains its figures.")
    say("")
    say_wrapped(f"{plural(len(lines), 'session')}; {explained}")
    _explain_least([line.account.cost for line in lines])
    if not has_calls:
        say(NO_CALLS)


def _id_chars(session_ids: Sequence[str]) -> int | None:
    """Return how much of the ids a terminal needs to show: commands accept unique beginnings."""
    if terminal_columns() is None:
        return None
    chars = SHORT_ID_CHARS
    longest = max(map(len, session_ids), default=0)
    while chars < longest and len({name[:chars] for name in session_ids}) < len(session_ids):
        chars += 1
    return chars
