"""The user's prices and multiplier count before what Claude Code reported."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting import session_accounts
from ccsync_watch.accounting.account import Cost, Tokens, total_cost
from ccsync_watch.accounting.breakdowns import by_day, by_model
from ccsync_watch.accounting.explanation import explain
from ccsync_watch.accounting.price_tables import own_table
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.accounting.written_prices import WrittenPrices
from ccsync_watch.config import ModelPrices, Settings
from support.accounting_store import NOON_MS, cost_state, mark_fork
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.model import JsonValue

MILLION = 1_000_000
DEAR = ModelPrices(10, 100)


def _prices(*own: tuple[str, ModelPrices], multiplier: str | None = None) -> PriceList:
    written = WrittenPrices(
        own_table(Settings(prices=own)),
        multiplier=None if multiplier is None else Decimal(multiplier),
    )
    return PriceList(None, look_up=lambda _models: {}, written=written)


def _account(world: World, prices: PriceList, session_id: str = SESSION) -> SessionAccount:
    account = session_accounts.load_account(world.database, session_id, prices)
    assert session_accounts.load_accounts(world.database, prices)[session_id] == account
    # All views of it have the same sum.
    assert total_cost(model.cost for model in account.models).usd == account.cost.usd
    assert total_cost(share.cost for share in account.shares).usd == pytest.approx(account.cost.usd)
    return account


def _fill(world: World, *, has_guess: bool = False) -> None:
    """Ingest a response, and a total of the client's that has more than the row."""
    world.ingest(
        message("a1", at_ms=NOON_MS),
        usages=(usage("m1", tokens_in=MILLION, tokens_out=5, timestamp_ms=NOON_MS),),
        facts={"cost_state": cost_state(2 * MILLION, 3.0, hasUnknownModelCost=has_guess)},
    )


def test_own_prices_count_instead_of_the_clients_total(world: World) -> None:
    """Also for what no row reports."""
    _fill(world)
    account = _account(world, _prices(("claude-opus", DEAR)))
    assert account.cost == Cost(20.0005, "computed")
    assert (account.tokens, account.unrecorded) == (Tokens(2 * MILLION, 5), Tokens(MILLION))
    assert account.client_usd == 3.0
    assert "your own prices count for claude-opus, not what Claude Code reported" in account.notes


def test_prices_of_another_model_leave_the_clients_total(world: World) -> None:
    """It is the client's own figure, to the last digit."""
    _fill(world)
    account = _account(world, _prices(("claude-opus-9", DEAR)))
    assert account.cost == Cost(3.0, "client")
    assert not [note for note in account.notes if "own" in note.lower().split()[:2]]


def test_own_prices_of_one_model_leave_the_others(world: World) -> None:
    """Each model names its source."""
    used: JsonValue = {
        "claude-opus": {"inputTokens": MILLION, "costUSD": 2.0},
        "other": {"inputTokens": MILLION, "costUSD": 1.0},
    }
    state: JsonValue = {"totalCostUSD": 3.0, "modelUsage": used}
    world.ingest(
        message("a1"),
        usages=(
            usage("m1", tokens_in=MILLION, tokens_out=0),
            usage("m2", tokens_in=MILLION, tokens_out=0, model="other"),
        ),
        facts={"cost_state": state},
    )
    prices = _prices(("claude-opus", DEAR))
    costs = {model.model: model.cost for model in _account(world, prices).models}
    assert costs == {"claude-opus": Cost(10.0, "computed"), "other": Cost(1.0, "client")}
    explanation = explain(world.database, SESSION, prices)
    assert explanation
    assert explanation.price_sources == {
        "claude-opus": "your settings",
        "other": "Claude Code's own figure",
    }


def test_the_multiplier_is_for_what_the_client_reported_too(world: World) -> None:
    """A discount is one of every response."""
    _fill(world)
    prices = _prices(multiplier="0.5")
    account = _account(world, prices)
    assert account.cost == Cost(1.5, "computed")
    assert account.client_usd == 3.0
    explanation = explain(world.database, SESSION, prices)
    assert explanation
    assert explanation.price_sources == {"claude-opus": "Claude Code's own figure x 0.5"}
    assert [line.cost.usd for line in by_day(world.database, prices)] == [1.5]
    assert [line.cost.usd for line in by_model(world.database, prices)] == [1.5]


def test_own_prices_are_multiplied_too(world: World) -> None:
    """As they are without a total of the client's."""
    _fill(world)
    account = _account(world, _prices(("claude-opus", DEAR), multiplier="0.1"))
    assert account.cost.usd == pytest.approx(2.00005)


def test_what_names_no_model_is_multiplied(world: World) -> None:
    """The client's total may be more than its models'."""
    used: JsonValue = {"claude-opus": {"inputTokens": 10, "outputTokens": 5, "costUSD": 1.0}}
    state: JsonValue = {"totalCostUSD": 3.0, "modelUsage": used}
    world.ingest(message("a1"), usages=(usage("m1"),), facts={"cost_state": state})
    assert _account(world, _prices(multiplier="2")).cost == Cost(6.0, "computed")


def test_what_a_fork_inherited_is_taken_off_at_the_same_prices(world: World) -> None:
    """Otherwise the fork would cost less than nothing, or too much."""
    _fill(world)
    world.ingest(
        message("a1", at_ms=NOON_MS, session_id=OTHER, is_inherited=True),
        session_id=OTHER,
        usages=(usage("m2", session_id=OTHER, tokens_in=MILLION, tokens_out=0,
                      timestamp_ms=NOON_MS + 9),),
        facts={"cost_state": cost_state(3 * MILLION, 4.0)},
    )  # fmt: skip
    mark_fork(world, SESSION, OTHER, at_ms=NOON_MS)
    account = _account(world, _prices(("claude-opus", DEAR)), OTHER)
    assert account.cost == Cost(10.0, "computed")
    assert (account.client_usd, account.inherited_usd) == (4.0, 3.0)
    assert _account(world, _prices(multiplier="0.5"), OTHER).cost == Cost(0.5, "computed")


def test_a_guess_of_the_clients_does_not_count_beside_own_prices(world: World) -> None:
    """The user knows the price of a model that the client does not know."""
    _fill(world, has_guess=True)
    assert _account(world, _prices()).cost.provenance == "unpriced"
    assert _account(world, _prices(("claude-opus", DEAR))).cost == Cost(20.0005, "computed")


@pytest.mark.parametrize(
    ("own", "multiplier", "cost"),
    [
        ((), None, Cost(0.25, "client")),
        ((), "2", Cost(0.5, "computed")),
        ((("claude-opus", DEAR),), None, Cost(10.0, "computed")),
    ],
)
def test_the_costs_that_old_clients_wrote_in_rows(
    world: World,
    own: tuple[tuple[str, ModelPrices], ...],
    multiplier: str | None,
    cost: Cost,
) -> None:
    """The same order counts for them."""
    row = usage("m1", tokens_in=MILLION, tokens_out=0, cost_usd=0.25)
    world.ingest(message("a1"), usages=(row,))
    assert _account(world, _prices(*own, multiplier=multiplier)).cost == cost


def test_searches_without_a_price_leave_the_clients_figure(world: World) -> None:
    """Own prices that do not cover all of it would be too low."""
    used: JsonValue = {"claude-opus": {"inputTokens": 10, "webSearchRequests": 3, "costUSD": 1.0}}
    state: JsonValue = {"totalCostUSD": 1.0, "modelUsage": used}
    world.ingest(facts={"cost_state": state}, usages=(usage("m1", tokens_in=10, tokens_out=0),))
    assert _account(world, _prices(("claude-opus", DEAR))).cost == Cost(1.0, "client")
    with_searches = ModelPrices(10, 100, web_search=1000)
    cost = _account(world, _prices(("claude-opus", with_searches))).cost
    assert cost.usd == pytest.approx(3.0001)
