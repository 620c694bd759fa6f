"""The figures of the overview, counted in a thread of their own and kept until the store changes.

They are those of `accounting.statistics`, as `stats` prints them. A small store is counted while
its page is made; of a large one the page shows what was counted last, and when.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting import session_accounts as accounts
from ccsync_watch.accounting import statistics
from ccsync_watch.accounting.reconciliation import cost_of
from ccsync_watch.dashboard import formatting
from ccsync_watch.dashboard.cached import Cached, Way
from ccsync_watch.store import prompt_counts, sync_queues
from ccsync_watch.transcripts import discovery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ccsync_watch.accounting.account import Cost, SessionAccount, Tokens
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.statistics import Line, ToolLine
    from ccsync_watch.config import Settings
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.conversations import TimelineStep
    from ccsync_watch.store.database import Database

RANGES = ("today", "7", "30", "all")
WAIT_SECONDS = 0.09
"""How long a page waits for figures that are being counted."""
FIRST_SECONDS = 5.0
_MOST_BARS = 92
_MOST_PRICED = 500
_TOP = 8
_DAY_MS = 86_400_000
_YEAR_MS = 372 * _DAY_MS
_DEFAULT_PERIOD_DAYS = 30


@dataclass(frozen=True, slots=True)
class Named:
    """A line of a table with what it is called."""

    key: str | None
    name: str
    sessions: int
    tokens: Tokens
    cost: Cost


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The overview of one range. `days` are ISO dates, Mondays where a bar is a week."""

    made_ms: int
    sessions: int
    prompts: int
    tool_calls: int
    tool_errors: int
    tokens: Tokens
    cost: Cost
    days: list[str]
    day_tokens: dict[str, list[float]]
    day_costs: dict[str, list[float]]
    projects: list[Named]
    models: list[Line]
    tools: list[ToolLine]
    slowest: list[ToolLine]
    hours: dict[tuple[int, int], int]
    calendar: dict[str, int]
    today: date

    @property
    def cached_share(self) -> float | None:
        """The share of what was sent that came from the cache."""
        return self.tokens.cache_read / self.tokens.prompt if self.tokens.prompt else None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing happened."""
        return not self.sessions


@dataclass(frozen=True, slots=True)
class Retention:
    """What Claude Code will delete before it is uploaded; `days_left` of the first to go."""

    sessions: int
    days_left: int
    period_days: int


class Figures:
    """Figures for the pages. `settings` returns those in force; `now_ms` is wall-clock time."""

    def __init__(
        self,
        database: Database,
        prices: PriceList,
        *,
        settings: Callable[[], Settings],
        status: Callable[[], dict[str, JsonValue]],
        now_ms: Callable[[], int],
        way: Way | None = None,
    ) -> None:
        self._database = database
        self._prices = prices
        self._settings = settings
        self._now_ms = now_ms
        self._way = way or Way()
        threads = ThreadPoolExecutor(1, "figures")
        self._last: dict[str, tuple[object, Snapshot]] = {}
        self._overviews = {
            choice: Cached(partial(self._overview, choice), threads) for choice in RANGES
        }
        self._status = Cached(status, ThreadPoolExecutor(1, "status"))
        self._retention = Cached(self._at_risk, threads, seconds=30.0)

    def overview(self, choice: str) -> Snapshot | None:
        """Return a range's figures, the last ones while newer are counted; None before them."""
        return self._overviews[choice].get(WAIT_SECONDS)

    def status(self) -> dict[str, JsonValue]:
        """Return `report.status`, a second old at most if it can be had in time."""
        return self._status.get(WAIT_SECONDS) or self._status.get(FIRST_SECONDS) or {}

    def retention(self) -> Retention | None:
        """Return what will be deleted before it is uploaded; None when nothing is at risk."""
        return self._retention.get(WAIT_SECONDS)

    def expire(self) -> None:
        """Have the next page look again: something was just done."""
        self._status.expire()

    def _overview(self, choice: str) -> Snapshot:
        (version,) = self._database.read().execute("PRAGMA data_version").fetchone()
        mark = (version, formatting.local(self._now_ms()).date())
        known = self._last.get(choice)
        if known is None or known[0] != mark:
            self._prices.learn(accounts.models(self._database))
            known = self._last[choice] = (mark, self._made(choice))
        return known[1]

    def _made(self, choice: str) -> Snapshot:
        now_ms = self._now_ms()
        since_ms = formatting.since(choice, now_ms)
        database, prices = self._database, self._prices
        began = time.monotonic()

        def pace() -> None:
            # Until then a page may be waiting for this very count.
            if time.monotonic() - began > WAIT_SECONDS:
                self._way.give()

        done = statistics.overview(database, prices, since_ms=since_ms, pace=pace)
        tools = done.tools
        total = statistics.total(done.days)
        today = formatting.local(now_ms).date()
        days, day_tokens, day_costs = _bars(done.days, formatting.since(choice, now_ms), today)
        timed = [tool for tool in tools if tool.results and tool.total_ms]
        return Snapshot(
            made_ms=now_ms,
            sessions=done.sessions,
            prompts=done.prompts,
            tool_calls=done.tool_calls,
            tool_errors=done.tool_errors,
            tokens=total.tokens,
            cost=total.cost,
            days=days,
            day_tokens=day_tokens,
            day_costs=day_costs,
            projects=[
                Named(
                    project.key,
                    PurePath(project.key).name or project.key if project.key else "unknown",
                    project.sessions,
                    project.tokens,
                    project.cost,
                )
                for project in done.projects[:_TOP]
            ],
            models=done.models[:_TOP],
            tools=tools[:_TOP],
            slowest=sorted(timed, key=lambda each: -each.total_ms / each.results)[:_TOP],
            hours=prompt_counts.prompts_by_hour(database, since_ms),
            calendar=prompt_counts.prompts_by_day(database, now_ms - _YEAR_MS),
            today=today,
        )

    def session(self, session_id: str) -> SessionAccount:
        """Return one session's account, at the prices that are known by now."""
        return accounts.account(self._database, session_id, self._prices)

    def response_costs(self, steps: Sequence[TimelineStep]) -> dict[str, float | None]:
        """Return what the last of a session's responses cost, each at the prices known by now."""
        used = [step.usage_id for step in steps if step.usage_id is not None][-_MOST_PRICED:]
        marks = ",".join("?" * len(used))
        found = accounts.groups(
            self._database, self._prices, "id", condition=f"id IN ({marks})", values=used
        )
        return {str(group.key[0]): cost_of([group.rows]).usd for group in found}

    def _at_risk(self) -> Retention | None:
        settings = self._settings()
        if settings.destination is None:
            return None
        pending = sync_queues.sessions_with_pending_rows(self._database)
        ends: dict[str, tuple[int, int]] = {}
        for folder in settings.claude_dirs:
            period = _period_days(folder)
            for found in discovery.scan_transcripts([str(folder / "projects")]).transcripts:
                name = found.stream.session_id
                if name in pending:
                    end = (found.mtime_ns // 1_000_000 + period * _DAY_MS, period)
                    ends[name] = min(ends.get(name, end), end)
        if not ends:
            return None
        first_ms, period = min(ends.values())
        return Retention(len(ends), max(0, (first_ms - self._now_ms()) // _DAY_MS), period)


def _period_days(folder: Path) -> int:
    """Return how long Claude Code keeps the transcripts of one of its folders."""
    try:
        held: Any = json.loads((folder / "settings.json").read_bytes())
        days = held.get("cleanupPeriodDays")
    except (OSError, ValueError, AttributeError):
        return _DEFAULT_PERIOD_DAYS
    is_period = isinstance(days, int) and not isinstance(days, bool) and days > 0
    return days if is_period else _DEFAULT_PERIOD_DAYS


def _bars(
    lines: Sequence[Line], since_ms: int | None, today: date
) -> tuple[list[str], dict[str, list[float]], dict[str, list[float]]]:
    """Return a chart's days without gaps and what stands over each; weeks if they are many."""
    known = {line.key: line for line in lines if line.key}
    first = formatting.local(since_ms).date() if since_ms is not None else today
    if since_ms is None and known:
        first = min(first, date.fromisoformat(min(key for key in known if key)))
    count = max(1, (today - first).days + 1)
    is_weekly = count > _MOST_BARS
    buckets: dict[str, list[Line]] = {}
    for number in range(count):
        day = first + timedelta(days=number)
        start = day - timedelta(days=day.weekday()) if is_weekly else day
        held = buckets.setdefault(start.isoformat(), [])
        if day.isoformat() in known:
            held.append(known[day.isoformat()])
    days = list(buckets)[-2 * _MOST_BARS :]
    chosen = [buckets[day] for day in days]
    tokens = {
        name: [float(sum(getattr(each.tokens, field) for each in held)) for held in chosen]
        for name, field in (
            ("output", "output"),
            ("input", "input"),
            ("cache writes", "cache_write"),
            ("cache reads", "cache_read"),
        )
    }
    costs = {"cost": [sum(each.cost.usd or 0.0 for each in held) for held in chosen]}
    return days, tokens, costs
