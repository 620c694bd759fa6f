"""How much of the budgets in the settings is spent: by this machine's days, weeks and months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.accounting.account import format_cost, total_cost
from ccsync_watch.accounting.breakdowns import session_projects
from ccsync_watch.accounting.calendars import LOCAL_DAYS
from ccsync_watch.accounting.periods import month_of, week_of
from ccsync_watch.accounting.selections import (
    Selection,
    matches_project,
    no_pace,
    select_accounts,
)
from ccsync_watch.units import dollars, percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.accounting.account import Cost
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.config import BudgetSettings
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

_NAMES = {"day": "today", "week": "this week", "month": "this month"}
# From then on people want to know.
_NEAR_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One limit, and what is spent of it; `project` None is everything.

    `period` is `day`, `week` (from Monday) or `month`. A partial cost is a lower bound.
    """

    period: str
    project: str | None
    limit_usd: float
    cost: Cost

    @property
    def is_exceeded(self) -> bool:
        """Whether more than the limit is spent, as far as prices are known."""
        return (self.cost.usd or 0.0) > self.limit_usd

    @property
    def share(self) -> float:
        """What is spent as a share of the limit."""
        return (self.cost.usd or 0.0) / self.limit_usd

    @property
    def is_near(self) -> bool:
        """Whether most of it is spent."""
        return self.share >= _NEAR_SHARE

    @property
    def label(self) -> str:
        """What it is a budget of: `today`, `this month on shop`."""
        return _NAMES[self.period] + (f" on {self.project}" if self.project else "")

    @property
    def text(self) -> str:
        """All of it in a few words: `$16.40 of $20.00 today (82%)`."""
        spent = f"{format_cost(self.cost)} of {dollars(self.limit_usd)}"
        return f"{spent} {self.label} ({percent(self.share)})"

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "period": self.period,
            "project": self.project,
            "limit_usd": self.limit_usd,
            "usd": self.cost.usd,
            "provenance": self.cost.provenance,
            "is_exceeded": self.is_exceeded,
        }


def check_budgets(
    database: Database,
    prices: PriceList,
    budget: BudgetSettings | None,
    now_ms: int,
    *,
    pace: Callable[[], None] = no_pace,
) -> list[BudgetLine]:
    """Return a line for each limit: days before weeks before months, everything before projects.

    The costs are those of `stats`. `pace` is called now and then, and may wait.
    """
    if budget is None:
        return []
    today = LOCAL_DAYS.local(now_ms).date().isoformat()
    starts = {"day": today, "week": week_of(today), "month": f"{month_of(today)}-01"}
    used = {
        period
        for limits in (budget.limits, *(limits for _name, limits in budget.projects))
        for period, usd in limits.by_period().items()
        if usd is not None
    }
    first = min(starts[period] for period in used) if used else today
    since_ms = LOCAL_DAYS.day_start_ms(first)
    accounts = select_accounts(database, prices, Selection(since_ms), pace=pace)
    folders = session_projects(database) if budget.projects else {}

    def spent(period: str, project: str | None) -> Cost:
        return total_cost(
            share.cost
            for session_id, account in accounts.items()
            if project is None or matches_project(folders.get(session_id), project)
            for share in account.shares
            if share.day is not None and share.day >= starts[period]
        )

    return [
        BudgetLine(period, project, usd, spent(period, project))
        for project, limits in ((None, budget.limits), *budget.projects)
        for period, usd in limits.by_period().items()
        if usd is not None
    ]
