"""The overview of one range of days: the figures of `accounting.statistics`, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ccsync_watch.accounting import breakdowns, statistics
from ccsync_watch.accounting.account import total_cost
from ccsync_watch.dashboard.local_time import DateRange, local_datetime
from ccsync_watch.store import prompt_counts
from ccsync_watch.store.session_summaries import project_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.accounting.account import Cost, Tokens
    from ccsync_watch.accounting.activity import ToolLine
    from ccsync_watch.accounting.breakdowns import BreakdownLine
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.store.database import Database

_MAX_BARS = 92
_MAX_LINES = 8
_YEAR_MS = 372 * 86_400_000
_TOKEN_SERIES = {
    "output": "output",
    "input": "input",
    "cache writes": "cache_write",
    "cache reads": "cache_read",
}
"""What a bar of tokens is made of, from the bottom up: the label, and the field of `Tokens`."""


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """A line of the table of projects; `path` is None for what belongs to no known project."""

    path: str | None
    name: str
    sessions: int
    tokens: Tokens
    cost: Cost


@dataclass(frozen=True, slots=True)
class DailyBars:
    """Amounts by day, without gaps; `days` are ISO dates, Mondays where a bar is a week.

    The costs of `partial_days` leave something out.
    """

    days: list[str]
    tokens: dict[str, list[float]]
    costs: dict[str, list[float]]
    partial_days: frozenset[str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The overview of one range, as it was at `counted_ms`."""

    counted_ms: int
    sessions: int
    prompts: int
    tool_calls: int
    tool_errors: int
    tokens: Tokens
    cost: Cost
    bars: DailyBars
    projects: list[ProjectLine]
    models: list[BreakdownLine]
    tools: list[ToolLine]
    slowest: list[ToolLine]
    hours: dict[tuple[int, int], int]
    calendar: dict[str, int]
    today: date

    @property
    def cached_share(self) -> float | None:
        """The share of the prompt tokens that came from the cache."""
        return self.tokens.cache_read / self.tokens.prompt if self.tokens.prompt else None

    @property
    def is_empty(self) -> bool:
        """Whether the range has no session at all."""
        return not self.sessions


def take_snapshot(
    database: Database,
    prices: PriceList,
    date_range: DateRange,
    *,
    now_ms: int,
    pace: Callable[[], None],
) -> Snapshot:
    """Count everything; `pace` is called often, and may wait."""
    since_ms = date_range.start_ms(now_ms)
    overview = statistics.overview(database, prices, since_ms=since_ms, pace=pace)
    total = breakdowns.total(overview.days)
    today = local_datetime(now_ms).date()
    timed = [tool for tool in overview.tools if tool.results and tool.total_ms]
    return Snapshot(
        counted_ms=now_ms,
        sessions=overview.sessions,
        prompts=overview.prompts,
        tool_calls=overview.tool_calls,
        tool_errors=overview.tool_errors,
        tokens=total.tokens,
        cost=total.cost,
        bars=_build_bars(overview.days, since_ms, today),
        projects=[_project_line(line) for line in overview.projects[:_MAX_LINES]],
        models=overview.models[:_MAX_LINES],
        tools=overview.tools[:_MAX_LINES],
        slowest=sorted(timed, key=lambda tool: -tool.total_ms / tool.results)[:_MAX_LINES],
        hours=prompt_counts.prompts_by_hour(database, since_ms),
        calendar=prompt_counts.prompts_by_day(database, now_ms - _YEAR_MS),
        today=today,
    )


def _project_line(line: BreakdownLine) -> ProjectLine:
    name = project_name(line.key) or "unknown"
    return ProjectLine(line.key, name, line.sessions, line.tokens, line.cost)


def _build_bars(lines: Sequence[BreakdownLine], since_ms: int | None, today: date) -> DailyBars:
    """Return a bar for each day of the range, or for each week if there are many days."""
    by_day = {line.key: line for line in lines if line.key}
    first = local_datetime(since_ms).date() if since_ms is not None else today
    if since_ms is None and by_day:
        first = min(first, date.fromisoformat(min(by_day)))
    count = max(1, (today - first).days + 1)
    is_weekly = count > _MAX_BARS
    buckets: dict[str, list[BreakdownLine]] = {}
    for number in range(count):
        day = first + timedelta(days=number)
        start = day - timedelta(days=day.weekday()) if is_weekly else day
        bucket = buckets.setdefault(start.isoformat(), [])
        if day.isoformat() in by_day:
            bucket.append(by_day[day.isoformat()])
    days = list(buckets)[-2 * _MAX_BARS :]
    shown = [buckets[day] for day in days]
    tokens = {
        label: [float(sum(getattr(line.tokens, field) for line in bucket)) for bucket in shown]
        for label, field in _TOKEN_SERIES.items()
    }
    costs = [total_cost(line.cost for line in bucket) for bucket in shown]
    partial_days = frozenset(
        day for day, cost in zip(days, costs, strict=True)
        if cost.provenance in {"partial", "unpriced"}
    )  # fmt: skip
    return DailyBars(days, tokens, {"cost": [cost.usd or 0.0 for cost in costs]}, partial_days)
