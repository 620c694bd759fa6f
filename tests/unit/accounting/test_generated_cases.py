"""Our tokens, days, owners and costs are right in every case of `scripts/bench accounting`."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting.breakdowns import by_day
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.accounting.session_accounts import load_accounts
from support.accounting_cases.catalogue import cases
from support.pumping import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccsync_watch.accounting.account import Tokens
    from support.accounting_cases.case import Case

CASES = {case.name: case for case in cases()}
SMALLEST_USD = 1e-9


@pytest.fixture(scope="module")
def prices() -> PriceList:
    """Return the prices of all models in the cases, looked up once."""
    models = set()
    for case in CASES.values():
        for data in case.files.values():
            models |= {part.split(b'"', 1)[0].decode() for part in data.split(b'"model":"')[1:]}
    price_list = PriceList(None)
    price_list.ensure_known(models)
    return price_list


@pytest.fixture
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """Return a case, in its time zone."""
    case = CASES[request.param]
    monkeypatch.setenv("TZ", case.zone)
    time.tzset()
    yield case
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("case", CASES, indirect=True)
def test_the_figures_are_right(case: Case, prices: PriceList, tmp_path: Path) -> None:
    """Tokens by day and by session, and the cost to a billionth of a dollar."""
    bench = Bench(tmp_path)
    case.write(bench.root)
    bench.catch_up()
    days = by_day(bench.database, prices)
    assert {line.key: _totals(line.tokens) for line in days} == case.days
    accounts = load_accounts(bench.database, prices)
    used = {name: _totals(account.tokens) for name, account in accounts.items()}
    assert {name: tokens for name, tokens in used.items() if any(tokens)} == case.sessions
    costs = [line.cost.usd for line in days if line.cost.usd is not None]
    right = case.usd()
    if right is None:
        assert not costs
    else:
        assert math.fsum(costs) == pytest.approx(right, abs=SMALLEST_USD, rel=0)


def _totals(tokens: Tokens) -> tuple[int, int, int, int]:
    return tokens.input, tokens.output, tokens.cache_write, tokens.cache_read


def test_every_case_has_a_name_of_its_own() -> None:
    """Otherwise one would hide another."""
    assert len(CASES) == len(list(cases()))
