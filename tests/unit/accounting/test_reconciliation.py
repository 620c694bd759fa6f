"""A session's rows compared with the client's own total."""

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
    input_tokens: int = 100,
    output: int = 10,
    usd: str | None = "0.5",
    model: str = "opus",
    **more: Any,  # noqa: ANN401 - any field
) -> RowSum:
    return RowSum(
        model, 1, Tokens(input_tokens, output), None if usd is None else Decimal(usd), **more
    )


def _totals(
    input_tokens: int = 100,
    output: int = 10,
    usd: float = 0.6,
    **more: Any,  # noqa: ANN401 - any field
) -> ClientTotals:
    return ClientTotals(usd, {"opus": (Tokens(input_tokens, output), usd)}, api_ms=500, **more)


def _reconcile(*rows: RowSum, claim: Claim | None) -> SessionAccount:
    return reconcile("s", rows, claim)


def test_where_both_agree_the_clients_price_counts() -> None:
    """It knows what it was billed."""
    account = _reconcile(_rows(), claim=Claim(_totals()))
    assert account.cost == Cost(0.6, "client")
    assert (account.row_cost, account.unrecorded, account.notes) == (
        Cost(0.5, "computed"),
        NO_TOKENS,
        (),
    )
    assert [(model.model, model.cost) for model in account.models] == [
        ("opus", Cost(0.6, "client"))
    ]
    assert (account.api_ms, account.lines_added) == (500, None)


def test_without_a_total_the_rows_count() -> None:
    """At list prices."""
    account = _reconcile(_rows(), _rows(model="haiku"), claim=None)
    assert (account.cost, account.tokens) == (Cost(1.0, "computed"), Tokens(200, 20))
    assert account.client_usd is None


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
def test_an_unknown_price_is_never_counted_as_zero(rows: list[RowSum], cost: Cost) -> None:
    """A sum that leaves something out says so."""
    assert _reconcile(*rows, claim=None).cost == cost


def test_what_the_client_counted_that_is_in_no_row_is_unrecorded() -> None:
    """A compaction's request leaves no row."""
    account = _reconcile(_rows(), claim=Claim(_totals(input_tokens=150)))
    assert (account.unrecorded, account.tokens) == (Tokens(50), Tokens(150, 10))
    assert account.cost == Cost(0.6, "client")
    assert "left no row" in account.notes[0]


def test_where_the_client_covers_less_the_rows_count() -> None:
    """After /branch, or when two processes wrote to one session."""
    account = _reconcile(_rows(), _rows(), claim=Claim(_totals()))
    assert (account.cost, account.tokens) == (Cost(1.0, "computed"), Tokens(200, 20))
    assert "covers less" in account.notes[0]
    mixed = _reconcile(_rows(output=20), claim=Claim(_totals(input_tokens=200)))
    assert mixed.cost == Cost(0.5, "computed")


def test_rows_after_the_total_are_added_to_it() -> None:
    """A session that was resumed, and has not ended yet."""
    account = _reconcile(_rows(), _rows(is_later=True), claim=Claim(_totals(input_tokens=150)))
    assert (account.tokens, account.unrecorded) == (Tokens(250, 20), Tokens(50))
    assert account.cost == Cost(1.1, "computed")
    assert account.models[0].tokens == Tokens(250, 20)
    unpriced = _reconcile(_rows(), _rows(usd=None, is_later=True), claim=Claim(_totals()))
    assert unpriced.cost == Cost(0.6, "partial")


def test_what_a_fork_inherited_is_subtracted() -> None:
    """Its total starts from its parent's, times included."""
    parent = _totals(input_tokens=300, usd=2.0)
    whole = ClientTotals(2.25, {"opus": (Tokens(400, 20), 2.25)}, api_ms=700)
    account = _reconcile(_rows(), claim=Claim(whole, (parent, NO_TOTALS)))
    assert (account.cost, account.tokens) == (Cost(0.25, "client"), Tokens(100, 10))
    assert (account.inherited_usd, account.client_usd, account.api_ms) == (2.0, 2.25, 200)


def test_a_model_that_was_only_inherited_is_not_counted_for_a_fork() -> None:
    """It did not use it."""
    parent = ClientTotals(2.0, {"haiku": (Tokens(5), 2.0)})
    whole = ClientTotals(2.5, {"haiku": (Tokens(5), 2.0), "opus": (Tokens(100, 10), 0.5)})
    account = _reconcile(_rows(), claim=Claim(whole, (parent, NO_TOTALS)))
    assert [model.model for model in account.models] == ["opus"]


def test_without_the_parent_of_a_fork_only_an_exact_total_counts() -> None:
    """A total that is larger than the rows may be anybody's."""
    proof = _reconcile(_rows(), claim=Claim(_totals(), is_certain=False))
    assert proof.cost.provenance == "client"
    doubt = _reconcile(_rows(), claim=Claim(_totals(input_tokens=900), is_certain=False))
    assert (doubt.cost, doubt.tokens) == (Cost(0.5, "computed"), Tokens(100, 10))
    assert "not known" in doubt.notes[0]


def test_a_price_that_the_client_guessed_does_not_count() -> None:
    """It prices a model that it does not know as its default one."""
    account = _reconcile(_rows(usd=None), claim=Claim(_totals(has_guess=True)))
    assert (account.cost, account.tokens) == (Cost(None, "unpriced"), Tokens(100, 10))
    assert "guess" in account.notes[0]
    known = _reconcile(_rows(), claim=Claim(_totals(has_guess=True)))
    assert known.cost == Cost(0.6, "client")
    two = ClientTotals(
        1.0, {"opus": (Tokens(100, 10), 0.6), "odd": (Tokens(7), 0.4)}, has_guess=True
    )
    mixed = _reconcile(_rows(), _rows(7, 0, None, "odd"), claim=Claim(two))
    assert mixed.cost == Cost(0.6, "partial")


def test_a_context_window_in_a_models_name_does_not_make_another_model() -> None:
    """The client adds it to its own name for the model, rows do not have it."""
    state = {
        "totalCostUSD": 0.6,
        "modelUsage": {"opus[1m]": {"inputTokens": 100, "outputTokens": 10, "costUSD": 0.6}},
    }
    totals = client_totals(state)
    assert totals is not None
    assert [model.model for model in _reconcile(_rows(), claim=Claim(totals)).models] == ["opus"]


def test_models_are_the_rows_own_where_the_client_uses_other_names() -> None:
    """The sum is the client's all the same."""
    totals = ClientTotals(0.6, {"alias": (Tokens(100, 10), 0.6)})
    account = _reconcile(_rows(), claim=Claim(totals))
    assert account.cost == Cost(0.6, "client")
    assert [(model.model, model.cost.usd) for model in account.models] == [("opus", 0.5)]


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
    totals = client_totals(state)
    assert totals == ClientTotals(
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
def test_a_total_of_another_shape_is_ignored(state: object) -> None:
    """What cannot be checked is not used."""
    assert client_totals(state) is None
