"""The accounts of stored sessions, their tables, and why they are what they are."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting import activity, breakdowns, session_accounts, statistics
from ccsync_watch.accounting.account import Cost, Tokens
from ccsync_watch.accounting.explanation import explain
from ccsync_watch.model import Part
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    import pytest

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.model import JsonValue

DAY_MS = 86_400_000
NOON_MS = 1_790_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2


def _state(
    input_tokens: int, usd: float, output: int = 5, **more: JsonValue
) -> dict[str, JsonValue]:
    used: dict[str, JsonValue] = {
        "inputTokens": input_tokens,
        "outputTokens": output,
        "costUSD": usd,
    }
    return {"totalCostUSD": usd, "modelUsage": {"claude-opus": used}, **more}


def _account(world: World, session_id: str = SESSION) -> SessionAccount:
    return session_accounts.load_account(world.database, session_id, world.prices)


def _fork(world: World, source: str, fork: str, *, is_branch: bool = False, at_ms: int) -> None:
    with world.database.write() as connection:
        connection.execute(
            "UPDATE sessions SET forked_from = ?, is_branch = ?, forked_ms = ? WHERE id = ?",
            (source, is_branch, at_ms, fork),
        )


class TestAccounts:
    """Rows and totals as the store has them."""

    def test_the_latest_total_is_the_largest(self, world: World) -> None:
        """A file that is read again brings older ones after newer ones."""
        used = usage(tokens_in=100)
        world.ingest(message("a1"), usages=(used,), facts={"cost_state": _state(100, 0.7)})
        world.ingest(facts={"cost_state": _state(50, 0.3)})
        assert _account(world).cost == Cost(0.7, "client")

    def test_rows_after_the_total_are_added(self, world: World) -> None:
        """A session that continues: what left no row before stays counted."""
        world.ingest(
            message("a1", at_ms=1000),
            usages=(usage("m1", tokens_in=100, timestamp_ms=1000),),
            facts={"cost_state": _state(150, 0.9)},
        )
        _place_states(world, 50)
        later = usage("m2", tokens_in=1_000_000, tokens_out=0, timestamp_ms=5001)
        world.ingest(message("u2", at_ms=5000), usages=(later,))
        account = _account(world)
        assert (account.tokens, account.unrecorded) == (Tokens(1_000_150, 5), Tokens(50))
        assert account.cost == Cost(1.9, "computed")

    def test_what_the_source_had_at_the_fork_is_subtracted(self, world: World) -> None:
        """Not what the source used afterwards."""
        world.ingest(
            message("a1", at_ms=1000),
            usages=(usage("m1", tokens_in=100, timestamp_ms=1000),),
            facts={"cost_state": _state(100, 1.0)},
        )
        _place_states(world, 50)
        world.ingest(
            message("a1", at_ms=2000, session_id="fork", is_inherited=True),
            session_id="fork",
            usages=(usage("m2", session_id="fork", tokens_in=30, timestamp_ms=2000),),
            facts={"cost_state": _state(130, 1.25, output=10)},
        )
        _fork(world, SESSION, "fork", at_ms=1000)
        world.ingest(message("u9", at_ms=9000), facts={"cost_state": _state(900, 9.0)})
        account = _account(world, "fork")
        assert (account.cost, account.inherited_usd) == (Cost(0.25, "client"), 1.0)
        assert account.tokens == Tokens(30, 5)
        accounts = session_accounts.load_accounts(world.database, world.prices)
        assert accounts["fork"] == account

    def test_a_branch_starts_at_zero(self, world: World) -> None:
        """What its source had is not subtracted."""
        world.ingest(message("a1"), usages=(usage("m1"),), facts={"cost_state": _state(10, 1.0)})
        used = usage("m2", session_id=OTHER)
        world.ingest(
            message("a2", session_id=OTHER),
            session_id=OTHER,
            usages=(used,),
            facts={"cost_state": _state(10, 2.0)},
        )
        _fork(world, SESSION, OTHER, is_branch=True, at_ms=1)
        assert _account(world, OTHER).cost == Cost(2.0, "client")

    def test_a_fork_of_what_is_not_stored_counts_by_rows(self, world: World) -> None:
        """What its total started with is unknown."""
        world.ingest(message("a1"), usages=(usage(),), facts={"cost_state": _state(999, 1.0)})
        _fork(world, "gone", SESSION, at_ms=1)
        account = _account(world)
        assert (account.cost.provenance, account.tokens) == ("computed", Tokens(10, 5))

    def test_a_price_of_the_rows_themselves_counts_as_the_clients(self, world: World) -> None:
        """As the first clients wrote it on every row."""
        world.ingest(message("a1"), usages=(usage(model="odd", cost_usd=0.25),))
        assert _account(world).cost == Cost(0.25, "client")

    def test_a_guess_has_a_note(self, world: World) -> None:
        """Where copies without a mark leave it open whose a response is."""
        world.ingest(message("a1"), usages=(usage(),))
        world.ingest(
            message("a1", session_id=OTHER), usages=(usage(session_id=OTHER),), session_id=OTHER
        )
        notes = [*_account(world).notes, *_account(world, OTHER).notes]
        assert len(notes) == 2
        assert "without a mark" in notes[0]

    def test_subagents_are_part_of_their_session(self, world: World) -> None:
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


def _place_states(world: World, start: int) -> None:
    """Put the totals where the file has them; the test's facts stand at its start."""
    with world.database.write() as connection:
        connection.execute("UPDATE cost_states SET start = ?", (start,))


def _fill(world: World) -> None:
    """Two projects, two days, three models, tools, a compaction, an error and a retry."""
    call = Part("tool-call", {}, "t1", "Bash")
    failed = Part("tool-result", {"ok": False, "durationMs": 40}, "t1", "Bash")
    edited: dict[str, JsonValue] = {
        "ok": True,
        "durationMs": 2,
        "lines_added": 3,
        "lines_removed": 1,
    }
    done = Part("tool-result", edited, "t2", "Edit")
    ended: dict[str, JsonValue] = {"stop_reason": "end_turn"}
    world.ingest(
        message("u1", at_ms=NOON_MS),
        message("c1", at_ms=NOON_MS, kind="answer", parts=(call,), usage_id="m1"),
        message("r1", at_ms=NOON_MS + 50, kind="tool_result", parts=(failed,),
                facts={"denial": "user-rejected", "permission": "reject"}),
        message("c2", at_ms=NOON_MS + 60, kind="answer",
                parts=(Part("tool-call", {}, "t2", "Edit"),), usage_id="m2"),
        message("r2", at_ms=NOON_MS + 70, kind="tool_result", parts=(done,),
                facts={"permission": "accept"}),
        message("a1", at_ms=NOON_MS + DAY_MS, kind="answer", usage_id="m2", facts=ended),
        message("x1", at_ms=NOON_MS + DAY_MS, kind="compaction", role="system"),
        message("x2", at_ms=NOON_MS + DAY_MS, kind="api_error", role="system"),
        message("x3", at_ms=NOON_MS + DAY_MS, kind="api_error", role="assistant"),
        usages=(
            usage("m1", tokens_in=1_000_000, tokens_out=0, timestamp_ms=NOON_MS),
            usage("m2", tokens_in=2_000_000, tokens_out=0, timestamp_ms=NOON_MS + DAY_MS),
        ),
    )  # fmt: skip
    world.ingest(
        message("u1", session_id=OTHER, at_ms=NOON_MS + DAY_MS),
        session_id=OTHER,
        cwd="/elsewhere",
        usages=(
            usage("m3", session_id=OTHER, tokens_in=10, tokens_out=0, model="odd",
                  timestamp_ms=NOON_MS + DAY_MS),
            usage("m4", session_id=OTHER, tokens_in=5, tokens_out=5, timestamp_ms=None),
        ),
        facts={"cost_state": _state(100, 0.75, totalAPIDuration=70)},
    )  # fmt: skip
    world.ingest(message("h1", session_id="hidden"), usages=(usage("m9", session_id="hidden"),),
                 session_id="hidden", excluded=frozenset({"hidden"}))  # fmt: skip


class TestTables:
    """Every table has the same totals."""

    def test_by_day(self, world: World) -> None:
        """In order; what has no date, or no row, is last."""
        _fill(world)
        days = breakdowns.by_day(world.database, world.prices, zone="utc")
        assert [day.key is None for day in days] == [False, False, True]
        assert [day.tokens.input for day in days] == [1_000_000, 2_000_010, 90]
        assert [day.cost.provenance for day in days[:2]] == ["computed", "partial"]
        assert breakdowns.by_day(world.database, world.prices, zone="local")

    def test_by_model(self, world: World) -> None:
        """The client named one model, the rows two."""
        _fill(world)
        models = {line.key: line for line in breakdowns.by_model(world.database, world.prices)}
        assert models["claude-opus"].cost.provenance == "computed"
        assert models["odd"].cost == Cost(None, "unpriced")
        assert models[None].tokens.input == 85

    def test_by_project(self, world: World) -> None:
        """By folder, the most expensive first."""
        _fill(world)
        projects = breakdowns.by_project(world.database, world.prices)
        assert [project.key for project in projects] == ["/home/user/project", "/elsewhere"]
        assert [project.cost.usd for project in projects] == [3.0, 0.75]

    def test_all_tables_have_the_same_total(self, world: World) -> None:
        """Nothing is lost between two ways to group."""
        _fill(world)
        tables = [
            breakdowns.by_day(world.database, world.prices),
            breakdowns.by_model(world.database, world.prices),
            breakdowns.by_project(world.database, world.prices),
        ]
        sums = [breakdowns.total(table) for table in tables]
        assert len({line.tokens for line in sums}) == 1
        assert sums[0].cost.usd is not None
        assert all(math.isclose(line.cost.usd or 0, sums[0].cost.usd) for line in sums)
        accounts = [line.account for line in statistics.by_session(world.database, world.prices)]
        assert sum(account.tokens.input for account in accounts) == sums[0].tokens.input

    def test_by_session(self, world: World) -> None:
        """With its activity; the client's own times where it wrote them."""
        _fill(world)
        other, first = sorted(
            statistics.by_session(world.database, world.prices), key=lambda line: line.session_id,
            reverse=True,
        )  # fmt: skip
        done = first.activity
        assert (done.prompts, done.turns, done.tool_calls, done.tool_errors) == (1, 1, 2, 1)
        assert (done.permissions_granted, done.permissions_denied) == (1, 1)
        assert (done.compactions, done.api_errors, done.retries) == (1, 1, 1)
        assert (done.wall_ms, done.tool_ms, done.api_ms) == (DAY_MS, 42, None)
        assert (done.lines_added, done.lines_removed) == (3, 1)
        assert (other.session_id, other.activity.api_ms) == (OTHER, 70)

    def test_a_session_has_the_best_title_known(self, world: World) -> None:
        """The user's own, else a generated one, else its first prompt."""
        titles = []
        for facts in ({}, {"generated_title": "Made"}, {"custom_title": "Mine"}):
            world.ingest(message("u1", "Hello"), facts=dict(facts), usages=(usage(),))
            (line,) = statistics.by_session(world.database, world.prices, session_id=SESSION)
            titles.append(line.title)
        assert titles == ["Hello", "Made", "Mine"]

    def test_by_tool(self, world: World) -> None:
        """Calls, errors, refusals and time."""
        _fill(world)
        bash, edit = activity.by_tool(world.database)
        assert (bash.tool, bash.calls, bash.errors, bash.denied) == ("Bash", 1, 1, 1)
        assert (bash.error_rate, edit.error_rate, edit.total_ms) == (1.0, 0.0, 2)
        assert activity.by_tool(world.database, since_ms=NOON_MS + DAY_MS) == []

    def test_since_a_day_only_what_came_then_counts(self, world: World) -> None:
        """Of what began before, the rows since then; of the rest, all."""
        _fill(world)
        since = NOON_MS + DAY_MS // 2
        (day, rest) = breakdowns.by_day(world.database, world.prices, zone="utc", since_ms=since)
        assert (day.tokens.input, rest.tokens.input) == (2_000_010, 85)
        lines = statistics.by_session(world.database, world.prices, since_ms=since)
        used = {line.session_id: line.account.tokens.input for line in lines}
        assert used == {SESSION: 2_000_000, OTHER: 100}
        assert statistics.by_session(world.database, world.prices, since_ms=since * 2) == []

    def test_a_day_is_one_of_this_machine_or_of_utc(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An evening in New York is the next day's night in UTC."""
        at_ms = NOON_MS // DAY_MS * DAY_MS + 3_600_000
        world.ingest(message("a1"), usages=(usage(timestamp_ms=at_ms),))
        monkeypatch.setenv("TZ", "America/New_York")
        time.tzset()
        try:
            (local,) = breakdowns.by_day(world.database, world.prices)
        finally:
            monkeypatch.undo()
            time.tzset()
        (utc,) = breakdowns.by_day(world.database, world.prices, zone="utc")
        assert str(local.key) < str(utc.key)

    def test_a_session_of_which_only_copies_are_left_is_counted(self, world: World) -> None:
        """Its file is gone, its responses stand in a fork: by session as in every table."""
        copied = usage(session_id="gone", row_session_id=SESSION, is_marked=True)
        world.ingest(message("a1"), usages=(copied,))
        lines = statistics.by_session(world.database, world.prices)
        used = {line.session_id: line.account.tokens.input for line in lines}
        assert used == {SESSION: 0, "gone": 10}
        assert breakdowns.total(breakdowns.by_day(world.database, world.prices)).tokens.input == 10

    def test_copies_in_a_fork_are_not_counted_again(self, world: World) -> None:
        """The user's own rows are copied without a mark: they are known by their ids."""
        world.ingest(message("u1"))
        world.ingest(
            message("u1", session_id="fork"), message("u2", session_id="fork"), session_id="fork"
        )
        _fork(world, SESSION, "fork", at_ms=1)
        done = activity.by_session_id(world.database)
        assert {key: activity_.prompts for key, activity_ in done.items()} == {
            SESSION: 1,
            "fork": 1,
        }


class TestExplanation:
    """What was counted, and what was not."""

    def test_repeated_rows_and_copies_are_counted_apart(self, world: World) -> None:
        """A naive sum is larger by each of them."""
        rows: list[Any] = [usage("m1", uuid=str(number), tokens_in=100) for number in range(3)]
        world.ingest(message("a1"), usages=tuple(rows))
        copied = usage("m1", row_session_id="fork", is_marked=True, tokens_in=100)
        own = usage("m2", session_id="fork", tokens_in=7)
        world.ingest(message("a1", session_id="fork"), usages=(copied, own), session_id="fork")
        first = explain(world.database, SESSION, world.prices)
        assert first is not None
        assert (first.naive_rows, first.naive_prompt, first.repeated_rows) == (3, 300, 2)
        assert [(response.rows, response.copies) for response in first.counted] == [(3, 1)]
        fork = explain(world.database, "fork", world.prices)
        assert fork is not None
        assert (fork.naive_prompt, fork.inherited_responses) == (107, 1)
        assert [response.id for response in fork.counted] == ["m2"]
        assert fork.account.tokens.prompt == 7

    def test_an_unknown_session_has_none(self, world: World) -> None:
        """There is nothing to explain."""
        assert explain(world.database, SESSION, world.prices) is None
