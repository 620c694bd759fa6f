"""The overview of one range of days: the figures of `accounting.statistics`, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.accounting import activity, breakdowns, hour_blocks, statistics
from ccsync_watch.accounting.account import total_cost
from ccsync_watch.accounting.session_accounts import load_accounts
from ccsync_watch.dashboard.daily_bars import DailyBars, build_bars
from ccsync_watch.dashboard.local_time import DateRange, days_ago_ms, local_datetime
from ccsync_watch.store import prompt_counts
from ccsync_watch.store.session_summaries import project_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from ccsync_watch.accounting.account import Cost, Tokens
    from ccsync_watch.accounting.activity import ToolLine
    from ccsync_watch.accounting.breakdowns import BreakdownLine
    from ccsync_watch.accounting.hour_blocks import HourBlock
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.store.database import Database

_MAX_LINES = 8
_MAX_BLOCKS = 12
_BLOCK_DAYS = 30
_YEAR_MS = 372 * 86_400_000


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """A line of the table of projects; `path` is None for what belongs to no known project."""

    path: str | None
    name: str
    sessions: int
    tokens: Tokens
    cost: Cost


@dataclass(frozen=True, slots=True)
class PreviousPeriod:
    """What was used in as many days before the range."""

    sessions: int
    prompts: int
    tokens: Tokens
    cost: Cost
    days: list[BreakdownLine]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The overview of one range, as it was at `counted_ms`; `since_ms` is where the range begins.

    `unanswered` of the sessions have no response, and so no tokens. `hosts` are the machines, if
    there are several. `blocks` are the last ones of five hours.
    """

    counted_ms: int
    since_ms: int | None
    sessions: int
    unanswered: int
    prompts: int
    tool_calls: int
    tool_errors: int
    tokens: Tokens
    cost: Cost
    previous: PreviousPeriod | None
    bars: DailyBars
    projects: list[ProjectLine]
    models: list[BreakdownLine]
    hosts: list[BreakdownLine]
    tools: list[ToolLine]
    slowest: list[ToolLine]
    blocks: list[HourBlock]
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
    previous = _count_previous(database, prices, date_range, now_ms, overview.prompts, pace)
    hosts = breakdowns.hosts_of(database, overview.accounts, pace)
    return Snapshot(
        counted_ms=now_ms,
        since_ms=since_ms,
        sessions=overview.sessions,
        unanswered=overview.unanswered,
        prompts=overview.prompts,
        tool_calls=overview.tool_calls,
        tool_errors=overview.tool_errors,
        tokens=total.tokens,
        cost=total.cost,
        previous=previous,
        bars=build_bars(
            overview.days,
            overview.accounts,
            breakdowns.session_projects(database),
            first=None if since_ms is None else local_datetime(since_ms).date(),
            today=today,
            previous=previous.days if previous else (),
        ),
        projects=[_project_line(line) for line in overview.projects[:_MAX_LINES]],
        models=overview.models[:_MAX_LINES],
        hosts=hosts[:_MAX_LINES] if len(hosts) > 1 else [],
        tools=overview.tools[:_MAX_LINES],
        slowest=sorted(timed, key=lambda tool: -tool.total_ms / tool.results)[:_MAX_LINES],
        blocks=hour_blocks.latest_blocks(
            database,
            prices,
            since_ms=max(since_ms or 0, days_ago_ms(now_ms, _BLOCK_DAYS)),
            most=_MAX_BLOCKS,
            pace=pace,
        ),
        hours=prompt_counts.prompts_by_hour(database, since_ms),
        calendar=prompt_counts.prompts_by_day(database, now_ms - _YEAR_MS),
        today=today,
    )


def _count_previous(
    database: Database,
    prices: PriceList,
    date_range: DateRange,
    now_ms: int,
    prompts: int,
    pace: Callable[[], None],
) -> PreviousPeriod | None:
    """Return the figures of the days before a range, None for a range of all days."""
    if date_range.days is None:
        return None
    since_ms = days_ago_ms(now_ms, 2 * date_range.days)
    until_ms = days_ago_ms(now_ms, date_range.days)
    first = local_datetime(until_ms).date().isoformat()
    accounts = load_accounts(database, prices, since_ms=since_ms, until_ms=until_ms, pace=pace)
    days = [line for line in breakdowns.days_of(accounts, pace) if line.key and line.key < first]
    active = activity.active_sessions(database, since_ms=since_ms, until_ms=until_ms)
    used = {
        session_id
        for session_id, account in accounts.items()
        if any(share.day and share.day < first for share in account.shares)
    }
    return PreviousPeriod(
        sessions=len(active | used),
        prompts=activity.count_prompts(database, since_ms=since_ms) - prompts,
        tokens=breakdowns.total(days).tokens,
        cost=total_cost(line.cost for line in days),
        days=days,
    )


def _project_line(line: BreakdownLine) -> ProjectLine:
    name = project_name(line.key) or "unknown"
    return ProjectLine(line.key, name, line.sessions, line.tokens, line.cost)
