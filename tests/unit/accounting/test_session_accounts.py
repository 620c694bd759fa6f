"""The accounts of stored sessions: rows, totals, forks, subagents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting import session_accounts
from ccsync_watch.accounting.account import Cost, Tokens, total_cost
from ccsync_watch.model import Part
from support.accounting_store import cost_state, mark_fork
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from ccsync_watch.accounting.account import SessionAccount


def _account(world: World, session_id: str = SESSION) -> SessionAccount:
    return session_accounts.load_account(world.database, session_id, world.prices)


def _place_states(world: World, start: int) -> None:
    """Set the offset of the totals in the file; those of a test are at its start."""
    with world.database.write() as connection:
        connection.execute("UPDATE cost_states SET start = ?", (start,))


def test_the_latest_total_is_the_largest(world: World) -> None:
    """A file that is read again brings older ones after newer ones."""
    used = usage(tokens_in=100)
    world.ingest(message("a1"), usages=(used,), facts={"cost_state": cost_state(100, 0.7)})
    world.ingest(facts={"cost_state": cost_state(50, 0.3)})
    assert _account(world).cost == Cost(0.7, "client")


def test_rows_after_the_total_are_added(world: World) -> None:
    """A session that continues: what left no row before stays counted."""
    world.ingest(
        message("a1", at_ms=1000),
        usages=(usage("m1", tokens_in=100, timestamp_ms=1000),),
        facts={"cost_state": cost_state(150, 0.9)},
    )
    _place_states(world, 50)
    later = usage("m2", tokens_in=1_000_000, tokens_out=0, timestamp_ms=5001)
    world.ingest(message("u2", at_ms=5000), usages=(later,))
    account = _account(world)
    assert (account.tokens, account.unrecorded) == (Tokens(1_000_150, 5), Tokens(50))
    assert account.cost == Cost(1.9, "computed")


def test_what_the_source_had_at_the_fork_is_subtracted(world: World) -> None:
    """Not what the source used afterwards."""
    world.ingest(
        message("a1", at_ms=1000),
        usages=(usage("m1", tokens_in=100, timestamp_ms=1000),),
        facts={"cost_state": cost_state(100, 1.0)},
    )
    _place_states(world, 50)
    world.ingest(
        message("a1", at_ms=2000, session_id="fork", is_inherited=True),
        session_id="fork",
        usages=(usage("m2", session_id="fork", tokens_in=30, timestamp_ms=2000),),
        facts={"cost_state": cost_state(130, 1.25, output=10)},
    )
    mark_fork(world, SESSION, "fork", at_ms=1000)
    world.ingest(message("u9", at_ms=9000), facts={"cost_state": cost_state(900, 9.0)})
    account = _account(world, "fork")
    assert (account.cost, account.inherited_usd) == (Cost(0.25, "client"), 1.0)
    assert account.tokens == Tokens(30, 5)
    accounts = session_accounts.load_accounts(world.database, world.prices)
    assert accounts["fork"] == account


def test_a_branch_starts_at_zero(world: World) -> None:
    """What its source had is not subtracted."""
    world.ingest(message("a1"), usages=(usage("m1"),), facts={"cost_state": cost_state(10, 1.0)})
    used = usage("m2", session_id=OTHER)
    world.ingest(
        message("a2", session_id=OTHER),
        session_id=OTHER,
        usages=(used,),
        facts={"cost_state": cost_state(10, 2.0)},
    )
    mark_fork(world, SESSION, OTHER, is_branch=True, at_ms=1)
    assert _account(world, OTHER).cost == Cost(2.0, "client")


def test_a_fork_of_what_is_not_stored_counts_by_rows(world: World) -> None:
    """What its total started with is unknown."""
    world.ingest(message("a1"), usages=(usage(),), facts={"cost_state": cost_state(999, 1.0)})
    mark_fork(world, "gone", SESSION, at_ms=1)
    account = _account(world)
    assert (account.cost.provenance, account.tokens) == ("computed", Tokens(10, 5))


def test_a_price_of_the_rows_themselves_counts_as_the_clients(world: World) -> None:
    """As the first clients wrote it on every row."""
    world.ingest(message("a1"), usages=(usage(model="odd", cost_usd=0.25),))
    assert _account(world).cost == Cost(0.25, "client")


def test_a_guess_has_a_note(world: World) -> None:
    """Where copies without a mark leave it open whose a response is."""
    world.ingest(message("a1"), usages=(usage(),))
    world.ingest(
        message("a1", session_id=OTHER), usages=(usage(session_id=OTHER),), session_id=OTHER
    )
    notes = [*_account(world).notes, *_account(world, OTHER).notes]
    assert len(notes) == 2
    assert "without a mark" in notes[0]


def test_subagents_are_part_of_their_session(world: World) -> None:
    """Each with a sum of its own as well."""
    world.ingest(
        message("a1"),
        usages=(usage("m1"), usage("m2", agent_id="x", tokens_in=1_000_000, tokens_out=0)),
    )
    (subagent,) = session_accounts.load_subagent_accounts(world.database, SESSION, world.prices)
    assert (subagent.agent_id, subagent.responses, subagent.cost) == (
        "x",
        1,
        Cost(1.0, "computed"),
    )
    assert _account(world).tokens.input == 1_000_010


class TestUnfinishedResponses:
    """Some clients never wrote how a response ended: one token of output, no stop reason."""

    def test_the_cost_is_a_lower_bound_and_a_note_says_why(self, world: World) -> None:
        """Neither the account nor its models are presented as the whole."""
        world.ingest(message("u1"), usages=(usage("m1"), usage("m2", tokens_out=1, is_final=False)))
        account = session_accounts.load_account(world.database, SESSION, world.prices)
        assert account.cost.provenance == "partial"
        assert [model.cost.provenance for model in account.models] == ["partial"]
        (note,) = account.notes
        assert note.startswith("1 response was written before the end")
        accounts = session_accounts.load_accounts(world.database, world.prices)
        assert accounts == {SESSION: account}

    def test_a_total_of_the_client_that_covers_them_is_whole(self, world: World) -> None:
        """It counted what the row does not say."""
        world.ingest(
            message("u1"),
            usages=(usage("m1", tokens_out=1, is_final=False),),
            facts={"cost_state": cost_state(10, 0.25, output=500)},
        )
        account = session_accounts.load_account(world.database, SESSION, world.prices)
        assert (account.cost.usd, account.cost.provenance) == (0.25, "client")
        assert account.tokens.output == 500

    def test_a_price_in_the_row_is_the_client_s_own(self, world: World) -> None:
        """The oldest clients wrote it, and knew the whole response."""
        world.ingest(message("u1"), usages=(usage("m1", is_final=False, cost_usd=0.5),))
        account = session_accounts.load_account(world.database, SESSION, world.prices)
        assert (account.cost.usd, account.cost.provenance) == (0.5, "client")


def _add_session(
    world: World, name: str, at_ms: int, *, tokens_in: int, total: int, usd: float
) -> None:
    """Store a session that begins with /clear, and the client's total of it."""
    clear = Part("text", "/clear")
    world.ingest(
        message(f"{name}0", session_id=name, at_ms=at_ms, kind="command", parts=(clear,)),
        message(f"{name}1", session_id=name, at_ms=at_ms + 1),
        session_id=name,
        usages=(
            usage(f"m{name}", session_id=name, tokens_in=tokens_in, tokens_out=0,
                  timestamp_ms=at_ms + 2),
        ),
        facts={"cost_state": cost_state(total, usd, output=0)},
    )  # fmt: skip


def test_a_total_that_goes_on_after_clear_is_counted_once(world: World) -> None:
    """Over any number of sessions in a row, whether or not each has more than its rows."""
    _add_session(world, "first", 1000, tokens_in=1000, total=1000, usd=3.0)
    _add_session(world, "second", 5000, tokens_in=10, total=1010, usd=3.25)
    _add_session(world, "third", 9000, tokens_in=20, total=1050, usd=3.75)
    _add_session(world, "fourth", 12_000, tokens_in=7, total=7, usd=0.5)
    accounts = session_accounts.load_accounts(world.database, world.prices)
    assert {key: (account.cost.usd, account.tokens.input) for key, account in accounts.items()} == {
        "first": (3.0, 1000),
        "second": (0.25, 10),
        "third": (0.5, 40),
        "fourth": (0.5, 7),
    }
    assert accounts["third"] == _account(world, "third")


def test_the_causes_of_what_is_in_no_row_are_named(world: World) -> None:
    """As the session's rows show them."""
    world.ingest(
        message("a1"),
        message("x1", kind="compaction", role="system"),
        message("x2", kind="interrupt", role="system"),
        message("x3", kind="interrupt", role="system"),
        usages=(usage(tokens_in=100),),
        facts={"cost_state": cost_state(150, 0.9)},
    )
    (note,) = _account(world).notes
    assert note.endswith("1 compaction, 2 interrupted answers")


@pytest.mark.parametrize(
    ("usd", "total"),
    [([0.0, None], Cost(None, "unpriced")), ([0.0, 0.5, None], Cost(0.5, "partial")),
     ([0.0], Cost(0.0, "computed"))],
)  # fmt: skip
def test_a_sum_of_nothing_and_the_unknown_is_unknown(usd: list[float | None], total: Cost) -> None:
    """At least $0.00 says nothing."""
    costs = [Cost(value, "unpriced" if value is None else "computed") for value in usd]
    assert total_cost(costs) == total


def test_sums_are_the_same_whatever_the_order(world: World) -> None:
    """Of sessions whose costs have no exact binary form."""
    for number in range(30):
        name = f"s{number}"
        world.ingest(
            message(f"a{number}", session_id=name),
            session_id=name,
            usages=(usage(f"m{number}", session_id=name, cost_usd=0.1 * number),),
        )
    accounts = session_accounts.load_accounts(world.database, world.prices)
    costs = [account.cost for account in accounts.values()]
    assert total_cost(costs) == total_cost(reversed(costs)) == total_cost(sorted(costs, key=str))
    assert list(accounts) == sorted(accounts)
