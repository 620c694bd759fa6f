"""A session's rows compared with the client's own total."""

from __future__ import annotations

import math
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
    total_cost,
)
from ccsync_watch.accounting.client_totals import read_client_totals
from ccsync_watch.accounting.reconciliation import Claim, reconcile
from ccsync_watch.accounting.spreading import Day, RowSum


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
        ([_rows(0, 0, usd=None, unreported=1)], Cost(None, "unpriced")),
        ([_rows(), _rows(0, 0, usd=None, unreported=2)], Cost(0.5, "partial")),
        ([_rows(is_client_priced=True)], Cost(0.5, "client")),
        ([], Cost(0.0, "computed")),
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


def test_a_model_that_is_only_in_later_rows_takes_nothing_from_the_total() -> None:
    """What the client counted keeps the client's names."""
    totals = ClientTotals(0.7, {"opus": (Tokens(100, 10), 0.6), "haiku": (Tokens(50), 0.1)})
    later = _rows(700, usd="3.5", model="sonnet", is_later=True)
    account = _reconcile(_rows(), later, claim=Claim(totals))
    assert {model.model: (model.tokens, model.cost) for model in account.models} == {
        "opus": (Tokens(100, 10), Cost(0.6, "client")),
        "haiku": (Tokens(50), Cost(0.1, "client")),
        "sonnet": (Tokens(700, 10), Cost(3.5, "computed")),
    }
    assert account.cost == Cost(4.2, "computed")


def _unreadable(**more: Any) -> RowSum:  # noqa: ANN401 - any field
    return RowSum("odd", 0, NO_TOKENS, None, unreadable=1, **more)


@pytest.mark.parametrize(
    ("rows", "claim", "cost"),
    [
        ([_unreadable()], None, Cost(None, "unpriced")),
        ([_rows(), _unreadable()], None, Cost(0.5, "partial")),
        ([_rows(), _unreadable()], Claim(_totals(input_tokens=150)), Cost(0.6, "client")),
        ([_rows(), _unreadable(is_later=True)], Claim(_totals()), Cost(0.6, "partial")),
        ([_rows(output=20), _unreadable()], Claim(_totals()), Cost(0.5, "partial")),
    ],
)
def test_with_unreadable_tokens_a_cost_is_a_lower_bound(
    rows: list[RowSum], claim: Claim | None, cost: Cost
) -> None:
    """Unless the client's total has them; and what nothing is known of is not free."""
    account = _reconcile(*rows, claim=claim)
    assert account.cost == cost
    assert total_cost(share.cost for share in account.shares) == cost
    assert total_cost(model.cost for model in account.models) == cost
    is_said = any("cannot be read" in note for note in account.notes)
    assert is_said == (cost.provenance != "client")


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
    two = ClientTotals(
        1.0, {"opus": (Tokens(100, 10), 0.6), "odd": (Tokens(7), 0.4)}, has_guess=True
    )
    mixed = _reconcile(_rows(), _rows(7, 0, None, "odd"), claim=Claim(two))
    assert mixed.cost == Cost(0.6, "partial")


def test_a_known_price_counts_where_the_client_guessed_one() -> None:
    """The client prices a model of another vendor as its own default one: often far too dear."""
    one = _reconcile(_rows(), claim=Claim(_totals(has_guess=True)))
    assert (one.cost, one.client_usd) == (Cost(0.5, "computed"), 0.6)
    assert one.models[0].is_reported is False
    assert "guess" in one.notes[0]
    more = _reconcile(_rows(), claim=Claim(_totals(input_tokens=150, has_guess=True)))
    assert (more.cost, more.tokens) == (Cost(0.5, "partial"), Tokens(150, 10))
    renamed = ClientTotals(0.6, {"alias": (Tokens(100, 10), 0.6)}, has_guess=True)
    assert _reconcile(_rows(), claim=Claim(renamed)).cost == Cost(0.5, "computed")


def test_of_several_models_the_client_guessed_the_price_of_one_that_is_not_its_own() -> None:
    """It knows the prices of its own, whatever the list has for them."""
    totals = ClientTotals(
        1.0,
        {"claude-opus": (Tokens(100, 10), 0.6), "glm": (Tokens(7), 0.4)},
        has_guess=True,
    )
    account = _reconcile(
        _rows(model="claude-opus"), _rows(7, 0, "0.25", "glm"), claim=Claim(totals)
    )
    assert {model.model: model.cost for model in account.models} == {
        "claude-opus": Cost(0.6, "client"),
        "glm": Cost(0.25, "computed"),
    }
    assert account.cost == Cost(0.85, "computed")


def test_a_context_window_in_a_models_name_does_not_make_another_model() -> None:
    """The client adds it to its own name for the model, rows do not have it."""
    state = {
        "totalCostUSD": 0.6,
        "modelUsage": {"opus[1m]": {"inputTokens": 100, "outputTokens": 10, "costUSD": 0.6}},
    }
    totals = read_client_totals(state)
    assert totals is not None
    assert [model.model for model in _reconcile(_rows(), claim=Claim(totals)).models] == ["opus"]


def test_models_are_the_rows_own_where_the_client_uses_other_names() -> None:
    """The sum is the client's all the same."""
    totals = ClientTotals(0.6, {"alias": (Tokens(100, 10), 0.6)})
    account = _reconcile(_rows(), claim=Claim(totals))
    assert account.cost == Cost(0.6, "client")
    assert [(model.model, model.cost.usd) for model in account.models] == [("opus", 0.6)]


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
    totals = read_client_totals(state)
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
    assert read_client_totals(state) is None


def _day(day: str, usd: str, input_tokens: int = 100, **more: Any) -> RowSum:  # noqa: ANN401
    return _rows(input_tokens, usd=usd, at=Day(day), **more)


def _by_day(account: SessionAccount) -> dict[str | None, tuple[int, float | None]]:
    return {share.day: (share.tokens.input, share.cost.usd) for share in account.shares}


def test_what_is_in_no_row_is_spread_over_the_days_by_the_rows_prices() -> None:
    """A dear day gets more of it than a cheap one."""
    totals = _totals(input_tokens=300, output=20, usd=8.0)
    account = _reconcile(_day("2026-01-01", "1"), _day("2026-01-03", "3"), claim=Claim(totals))
    assert _by_day(account) == {"2026-01-01": (125, 2.0), "2026-01-03": (175, 6.0)}
    assert sum((share.unrecorded for share in account.shares), NO_TOKENS) == Tokens(100)


def test_a_day_never_costs_less_than_nothing() -> None:
    """A total below list prices lowers each day in proportion."""
    account = _reconcile(
        _day("2026-01-01", "6"),
        _day("2026-01-02", "2"),
        claim=Claim(_totals(input_tokens=200, output=20, usd=2.0)),
    )
    assert _by_day(account) == {"2026-01-01": (100, 1.5), "2026-01-02": (100, 0.5)}


def test_a_model_without_rows_is_spread_as_the_others_are() -> None:
    """It has no days of its own."""
    totals = ClientTotals(5.0, {"opus": (Tokens(200, 20), 4.0), "haiku": (Tokens(40), 1.0)})
    account = _reconcile(_day("2026-01-01", "1"), _day("2026-01-02", "3"), claim=Claim(totals))
    haiku = [share for share in account.shares if share.model == "haiku"]
    assert [(share.day, share.tokens.input, share.cost.usd) for share in haiku] == [
        ("2026-01-01", 10, 0.25),
        ("2026-01-02", 30, 0.75),
    ]
    assert "requests to haiku, which no row names" in account.notes[0]


def test_without_any_row_a_total_is_of_the_sessions_last_day() -> None:
    """Only where that is not known either it has no day."""
    account = _reconcile(claim=Claim(_totals(), last_day=Day("2026-01-05")))
    assert _by_day(account) == {"2026-01-05": (100, 0.6)}
    assert _by_day(_reconcile(claim=Claim(_totals()))) == {None: (100, 0.6)}


def test_rows_without_a_price_are_spread_by_their_tokens() -> None:
    """The client's figure covers them."""
    account = _reconcile(
        _rows(30, 0, None, at=Day("2026-01-01")),
        _rows(70, 0, None, at=Day("2026-01-02")),
        claim=Claim(_totals(output=0, usd=1.0)),
    )
    assert _by_day(account) == {"2026-01-01": (30, 0.3), "2026-01-02": (70, 0.7)}


def test_rows_after_the_total_stay_on_their_days() -> None:
    """At list prices; what the client counted before is not moved there."""
    account = _reconcile(
        _day("2026-01-01", "1"),
        _day("2026-01-02", "3", is_later=True),
        claim=Claim(_totals(input_tokens=150, usd=2.0)),
    )
    assert _by_day(account) == {"2026-01-01": (150, 2.0), "2026-01-02": (100, 3.0)}


def test_only_the_days_that_are_asked_for_are_left() -> None:
    """With their share of what the client counted."""
    totals = _totals(input_tokens=300, output=20, usd=8.0)
    account = _reconcile(
        _rows(usd="1", at=Day("2026-01-01", is_counted=False)),
        _day("2026-01-03", "3"),
        claim=Claim(totals),
    )
    assert (account.tokens, account.cost) == (Tokens(175, 10), Cost(6.0, "client"))
    assert (account.unrecorded, account.responses) == (Tokens(75), 1)
    assert [(model.tokens, model.cost) for model in account.models] == [
        (Tokens(175, 10), Cost(6.0, "client"))
    ]
    none = _reconcile(_rows(at=Day("2026-01-01", is_counted=False)), claim=None)
    assert (none.tokens, none.cost, none.shares) == (NO_TOKENS, Cost(0.0, "computed"), ())


@pytest.mark.parametrize("models", [["opus"], ["alias"], ["opus", "alias"], ["haiku", "opus"]])
@pytest.mark.parametrize("row_models", [["opus"], ["opus", "haiku"], ["haiku", "odd"], []])
@pytest.mark.parametrize("usd", [0.0, 0.1, 7.0])
def test_models_and_days_add_up_to_the_account(
    models: list[str], row_models: list[str], usd: float
) -> None:
    """Whatever names the client uses, and whether it counted more or less than list prices."""
    rows = [
        _rows(
            7 + at, usd=None if name == "odd" else "0.3", model=name, at=Day(f"2026-01-0{at + 1}")
        )
        for at, name in enumerate(row_models)
    ]
    count = len(models)
    totals = ClientTotals(usd, {name: (Tokens(100, 40), usd / count) for name in models})
    account = _reconcile(*rows, claim=Claim(totals))
    for parts in (account.models, account.shares):
        assert sum((part.tokens for part in parts), NO_TOKENS) == account.tokens
        assert sum(part.responses for part in parts) == account.responses
        assert total_cost(part.cost for part in parts).provenance == account.cost.provenance
        assert math.isclose(
            math.fsum(part.cost.usd or 0 for part in parts), account.cost.usd or 0, abs_tol=1e-12
        )
        assert all((part.cost.usd or 0) >= 0 for part in parts)
    assert all(min(share.tokens.billed) >= 0 for share in account.shares)


def test_causes_are_named_as_far_as_the_rows_show_them() -> None:
    """Otherwise it is said that they do not."""
    claim = Claim(_totals(input_tokens=150), causes=("1 compaction", "2 interrupted answers"))
    assert (
        _reconcile(_rows(), claim=claim).notes[0].endswith(": 1 compaction, 2 interrupted answers")
    )
    unknown = _reconcile(_rows(), claim=Claim(_totals(input_tokens=150)))
    assert "does not show why" in unknown.notes[0]


def test_a_total_that_is_short_of_one_model_does_not_count() -> None:
    """Though another model's excess is larger than what it lacks."""
    totals = ClientTotals(0.7, {"opus": (Tokens(50, 5), 0.2), "haiku": (Tokens(900, 90), 0.5)})
    account = _reconcile(_rows(), _rows(10, 1, model="haiku"), claim=Claim(totals))
    assert account.cost == Cost(1.0, "computed")
    assert "covers less" in account.notes[0]


def test_what_was_carried_over_clear_is_taken_off() -> None:
    """By proof: what is left is the rows', to the last token."""
    before = _totals(input_tokens=1000, output=100, usd=3.15)
    totals = _totals(input_tokens=1100, output=110, usd=3.1815)
    account = _reconcile(_rows(), claim=Claim(totals, cleared=(before,)))
    assert (account.tokens, account.cost.provenance) == (Tokens(100, 10), "client")
    assert account.cost.usd == pytest.approx(0.0315)
    assert "before /clear" in account.notes[0]


@pytest.mark.parametrize(
    ("is_after_clear", "causes", "tokens"),
    [(True, (), 150), (False, (), 1150), (True, ("1 compaction",), 150)],
)
def test_what_was_carried_over_clear_is_likely_after_one(
    *, is_after_clear: bool, causes: tuple[str, ...], tokens: int
) -> None:
    """Where the session used more than its rows, too."""
    before = _totals(input_tokens=1000, output=100, usd=3.0)
    claim = Claim(
        _totals(input_tokens=1150, output=110, usd=3.5),
        cleared=(before,),
        is_after_clear=is_after_clear,
        causes=causes,
    )
    assert _reconcile(_rows(), claim=claim).tokens.input == tokens


def test_a_compaction_after_clear_is_not_taken_for_a_small_session_before_it() -> None:
    """Real clients begin at zero after /clear."""
    claim = Claim(
        _totals(input_tokens=5000, output=300, usd=3.5),
        cleared=(_totals(input_tokens=200, output=10, usd=0.1),),
        is_after_clear=True,
        causes=("1 compaction",),
    )
    assert _reconcile(_rows(), claim=claim).tokens.input == 5000
