"""A session's rows held against the client's own total."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ccsync_watch.accounting.account import (
    NO_TOKENS,
    NO_TOTALS,
    ClientTotals,
    Cost,
    SessionAccount,
    Tokens,
)
from ccsync_watch.accounting.reconciliation import Claim, RowSum, client_totals, reconcile


def _rows(
    given: int = 100,
    output: int = 10,
    usd: str | None = "0.5",
    model: str = "opus",
    **more: Any,  # noqa: ANN401 - any field
) -> RowSum:
    return RowSum(model, 1, Tokens(given, output), None if usd is None else Decimal(usd), **more)


def _totals(
    given: int = 100,
    output: int = 10,
    usd: float = 0.6,
    **more: Any,  # noqa: ANN401 - any field
) -> ClientTotals:
    return ClientTotals(usd, {"opus": (Tokens(given, output), usd)}, api_ms=500, **more)


def _made(*rows: RowSum, claim: Claim | None) -> SessionAccount:
    return reconcile("s", rows, claim)


def test_where_both_agree_the_clients_price_counts() -> None:
    """It knows what it was billed."""
    made = _made(_rows(), claim=Claim(_totals()))
    assert made.cost == Cost(0.6, "client")
    assert (made.row_cost, made.unrecorded, made.notes) == (Cost(0.5, "computed"), NO_TOKENS, ())
    assert [(model.model, model.cost) for model in made.models] == [("opus", Cost(0.6, "client"))]
    assert (made.api_ms, made.lines_added) == (500, None)


def test_without_a_total_the_rows_count() -> None:
    """At list prices."""
    made = _made(_rows(), _rows(model="haiku"), claim=None)
    assert (made.cost, made.tokens) == (Cost(1.0, "computed"), Tokens(200, 20))
    assert made.client_usd is None


@pytest.mark.parametrize(
    ("rows", "cost"),
    [
        ([_rows(usd=None)], Cost(None, "unpriced")),
        ([_rows(), _rows(usd=None, model="odd")], Cost(0.5, "partial")),
        ([_rows(), _rows(0, 0, usd=None, model="odd")], Cost(0.5, "computed")),
        ([_rows(0, 0, usd=None)], Cost(0.0, "computed")),
        ([_rows(is_client_priced=True)], Cost(0.5, "client")),
        ([], Cost(None, "unpriced")),
    ],
)
def test_what_has_no_price_is_never_nothing(rows: list[RowSum], cost: Cost) -> None:
    """A sum that leaves something out says so."""
    assert _made(*rows, claim=None).cost == cost


def test_what_the_client_counted_beyond_the_rows_is_shown_as_such() -> None:
    """A compaction's request leaves no row."""
    made = _made(_rows(), claim=Claim(_totals(given=150)))
    assert (made.unrecorded, made.tokens) == (Tokens(50), Tokens(150, 10))
    assert made.cost == Cost(0.6, "client")
    assert "left no row" in made.notes[0]


def test_where_the_client_covers_less_the_rows_count() -> None:
    """After /branch, or when two processes wrote to one session."""
    made = _made(_rows(), _rows(), claim=Claim(_totals()))
    assert (made.cost, made.tokens) == (Cost(1.0, "computed"), Tokens(200, 20))
    assert "covers less" in made.notes[0]
    mixed = _made(_rows(output=20), claim=Claim(_totals(given=200)))
    assert mixed.cost == Cost(0.5, "computed")


def test_what_came_after_the_total_is_added_to_it() -> None:
    """A session that was resumed, and has not ended yet."""
    made = _made(_rows(), _rows(is_later=True), claim=Claim(_totals(given=150)))
    assert (made.tokens, made.unrecorded) == (Tokens(250, 20), Tokens(50))
    assert made.cost == Cost(1.1, "computed")
    assert made.models[0].tokens == Tokens(250, 20)
    unpriced = _made(_rows(), _rows(usd=None, is_later=True), claim=Claim(_totals()))
    assert unpriced.cost == Cost(0.6, "partial")


def test_what_a_fork_inherited_is_taken_off() -> None:
    """Its total starts from its parent's, times included."""
    parent = _totals(given=300, usd=2.0)
    whole = ClientTotals(2.25, {"opus": (Tokens(400, 20), 2.25)}, api_ms=700)
    made = _made(_rows(), claim=Claim(whole, (parent, NO_TOTALS)))
    assert (made.cost, made.tokens) == (Cost(0.25, "client"), Tokens(100, 10))
    assert (made.inherited_usd, made.client_usd, made.api_ms) == (2.0, 2.25, 200)


def test_a_model_that_was_only_inherited_is_none_of_a_forks() -> None:
    """It did not use it."""
    parent = ClientTotals(2.0, {"haiku": (Tokens(5), 2.0)})
    whole = ClientTotals(2.5, {"haiku": (Tokens(5), 2.0), "opus": (Tokens(100, 10), 0.5)})
    made = _made(_rows(), claim=Claim(whole, (parent, NO_TOTALS)))
    assert [model.model for model in made.models] == ["opus"]


def test_of_a_fork_whose_parent_is_not_known_only_proof_counts() -> None:
    """A total that is larger than the rows may be anybody's."""
    proof = _made(_rows(), claim=Claim(_totals(), is_certain=False))
    assert proof.cost.provenance == "client"
    doubt = _made(_rows(), claim=Claim(_totals(given=900), is_certain=False))
    assert (doubt.cost, doubt.tokens) == (Cost(0.5, "computed"), Tokens(100, 10))
    assert "not known" in doubt.notes[0]


def test_a_clients_guess_is_no_price() -> None:
    """It prices a model that it does not know as its default one."""
    made = _made(_rows(usd=None), claim=Claim(_totals(has_guess=True)))
    assert (made.cost, made.tokens) == (Cost(None, "unpriced"), Tokens(100, 10))
    assert "guess" in made.notes[0]
    known = _made(_rows(), claim=Claim(_totals(has_guess=True)))
    assert known.cost == Cost(0.6, "client")
    two = ClientTotals(
        1.0, {"opus": (Tokens(100, 10), 0.6), "odd": (Tokens(7), 0.4)}, has_guess=True
    )
    mixed = _made(_rows(), _rows(7, 0, None, "odd"), claim=Claim(two))
    assert mixed.cost == Cost(0.6, "partial")


def test_a_context_window_in_a_models_name_makes_no_other_model() -> None:
    """The client adds it to its own name for the model, rows do not have it."""
    state = {
        "totalCostUSD": 0.6,
        "modelUsage": {"opus[1m]": {"inputTokens": 100, "outputTokens": 10, "costUSD": 0.6}},
    }
    totals = client_totals(state)
    assert totals is not None
    assert [model.model for model in _made(_rows(), claim=Claim(totals)).models] == ["opus"]


def test_models_that_the_client_names_otherwise_are_the_rows() -> None:
    """The sum is the client's all the same."""
    totals = ClientTotals(0.6, {"alias": (Tokens(100, 10), 0.6)})
    made = _made(_rows(), claim=Claim(totals))
    assert made.cost == Cost(0.6, "client")
    assert [(model.model, model.cost.usd) for model in made.models] == [("opus", 0.5)]


def test_a_total_is_read_whole() -> None:
    """Lifetimes of cache writes, times and lines; missing ones are not known."""
    state = {
        "totalCostUSD": 1,
        "totalAPIDuration": 7,
        "totalLinesAdded": 3,
        "hasUnknownModelCost": True,
        "modelUsage": {
            "m": {
                "inputTokens": 1,
                "outputTokens": 2,
                "cacheCreationInputTokens": 7,
                "cacheCreationEphemeral1hInputTokens": 5,
                "cacheReadInputTokens": 4,
                "webSearchRequests": 6,
                "costUSD": 0.5,
            }
        },
    }
    made = client_totals(state)
    assert made == ClientTotals(
        1.0, {"m": (Tokens(1, 2, 2, 5, 4, 6), 0.5)}, has_guess=True, api_ms=7, lines_added=3
    )


@pytest.mark.parametrize(
    "state",
    [
        None,
        "odd",
        {},
        {"totalCostUSD": "1", "modelUsage": {}},
        {"totalCostUSD": True, "modelUsage": {}},
        {"totalCostUSD": -1, "modelUsage": {}},
        {"totalCostUSD": 1, "modelUsage": {"m": 7}},
    ],
)
def test_a_total_of_another_shape_is_none(state: object) -> None:
    """What cannot be checked is not believed."""
    assert client_totals(state) is None
