"""The setting `budget`: what may be spent in a day, week or month, and on projects; pure."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from ccsync_watch.config.setting_values import BudgetLimits, BudgetSettings

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

_PERIODS = tuple(limit.name for limit in fields(BudgetLimits))
_MAX_USD = 1_000_000_000
BUDGET_ALLOWED = (
    'an object of USD like {"day": 20, "week": 80, "month": 250, "projects": {"~/work/shop":'
    ' {"month": 50}}}, each above 0'
)


def check_budget(value: object) -> BudgetSettings | None:
    """Accept limits for periods, and limits of projects by a folder, its name or a glob.

    Null and an empty object are none.
    """
    if value is None or value == {}:
        return None
    if not isinstance(value, dict) or set(value) - {*_PERIODS, "projects"}:
        raise ValueError(BUDGET_ALLOWED)
    projects = value.get("projects", {})
    if not isinstance(projects, dict) or not all(name.strip() for name in projects):
        raise ValueError(BUDGET_ALLOWED)
    return BudgetSettings(
        _limits({name: usd for name, usd in value.items() if name != "projects"}),
        tuple((name.strip(), _limits(limits)) for name, limits in projects.items()),
    )


def _limits(value: object) -> BudgetLimits:
    if not isinstance(value, dict) or set(value) - set(_PERIODS):
        raise ValueError(BUDGET_ALLOWED)
    for usd in value.values():
        is_number = isinstance(usd, (int, float)) and not isinstance(usd, bool)
        if not is_number or not 0 < usd <= _MAX_USD:
            raise ValueError(BUDGET_ALLOWED)
    return BudgetLimits(**{name: float(usd) for name, usd in value.items()})


def shown_budget(budget: BudgetSettings) -> JsonValue:
    """Return a budget as the settings file has it."""
    shown: dict[str, JsonValue] = dict(_shown_limits(budget.limits))
    if budget.projects:
        shown["projects"] = {name: _shown_limits(limits) for name, limits in budget.projects}
    return shown


def _shown_limits(limits: BudgetLimits) -> dict[str, JsonValue]:
    return {name: usd for name, usd in limits.by_period().items() if usd is not None}
