"""A mistake in the user's own prices is named, with its model."""

from __future__ import annotations

import pytest

from ccsync_watch.config.setting_checks import check_prices
from ccsync_watch.config.setting_values import ModelPrices

GOOD = {"input": 1, "output": 2}


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        (5, "not prices that are not an object"),
        ({"output": 2}, "not prices without input"),
        ({"input": 1}, "not prices without output"),
        ({**GOOD, "cache": 1}, 'not a price named "cache"'),
        ({**GOOD, "input": -1}, "not -1 as input"),
        ({**GOOD, "output": "2"}, 'not "2" as output'),
        ({**GOOD, "cache_read": None}, "not null as cache_read"),
        ({**GOOD, "cache_read": True}, "not true as cache_read"),
        ({**GOOD, "web_search": float("nan")}, "not NaN as web_search"),
        ({**GOOD, "web_search": float("inf")}, "not Infinity as web_search"),
        ({**GOOD, "input": 1e300}, "not 1e+300 as input (a number from 0 to 1,000,000)"),
    ],
)
def test_the_first_mistake_is_named(row: object, mistake: str) -> None:
    """A table may have many models."""
    with pytest.raises(ValueError, match="an object like") as error:
        check_prices({"good": GOOD, "my-model": row})
    assert mistake in str(error.value)
    assert str(error.value).endswith('as for "my-model"')


def test_a_model_needs_a_name() -> None:
    """White space is none."""
    with pytest.raises(ValueError, match='not a model without a name, as for " "'):
        check_prices({" ": GOOD})


def test_prices_of_nothing_are_allowed() -> None:
    """A model of one's own costs nothing."""
    free = {"input": 0, "output": 0}
    assert check_prices({"mine": free}) == (("mine", ModelPrices(0, 0)),)
    assert check_prices({}) == ()
