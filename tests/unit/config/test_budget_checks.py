"""The setting `budget`: limits by period, and on projects."""

from __future__ import annotations

import pytest

from ccsync_watch.config.budget_checks import BUDGET_ALLOWED, check_budget, shown_budget
from ccsync_watch.config.setting_values import BudgetLimits, BudgetSettings


@pytest.mark.parametrize(
    ("value", "budget"),
    [
        ({"day": 20}, BudgetSettings(BudgetLimits(day=20.0))),
        ({"week": 0.5, "month": 3}, BudgetSettings(BudgetLimits(week=0.5, month=3.0))),
        (
            {"projects": {"~/shop": {"month": 9.0}}},
            BudgetSettings(projects=(("~/shop", BudgetLimits(month=9.0)),)),
        ),
    ],
)
def test_a_budget_is_shown_as_it_was_written(value: object, budget: BudgetSettings) -> None:
    """Its numbers as amounts of USD."""
    assert check_budget(value) == budget
    assert shown_budget(budget) == value


def test_no_budget() -> None:
    """Null, and an empty object."""
    assert check_budget(None) is check_budget({}) is None


@pytest.mark.parametrize(
    "value",
    [
        20, "20", [], {"day": 0}, {"day": -1}, {"day": "20"}, {"day": True}, {"day": None},
        {"year": 5}, {"projects": []}, {"projects": {"": {"day": 1}}}, {"projects": {"x": 5}},
        {"projects": {"x": {"projects": {}}}}, {"day": float("inf")}, {"day": float("nan")},
    ],
)  # fmt: skip
def test_what_is_not_one_says_what_is_allowed(value: object) -> None:
    """Whatever the mistake."""
    with pytest.raises(ValueError, match="an object of USD like") as raised:
        check_budget(value)
    assert str(raised.value) == BUDGET_ALLOWED
