"""The last turns of a session are as they are among all of them, whatever its length."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting.account import Cost
from ccsync_watch.dashboard.session_turns import load_turns
from ccsync_watch.model import Part
from ccsync_watch.store.session_outline import is_final
from support.storing import SESSION, message, usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.model import Message, Usage
    from support.dashboard_visitor import Visitor
    from support.storing import World

# 10 + 5 tokens of the invented list's `claude-opus`, at 1 and 2 USD a million.
COST = Cost(20e-6, "computed")


def answer(number: int, *parts: Part, stop_reason: str = "end_turn") -> tuple[Message, Usage]:
    """Return an answer and its tokens."""
    name = f"msg_{number}"
    return (
        message(
            f"a{number}",
            parts=parts or (Part("text", "Yes."),),
            kind="answer",
            role="assistant",
            usage_id=name,
            model="claude-opus",
            facts={"stop_reason": stop_reason},
        ),
        usage(name),
    )


def add_turns(world: World, count: int, *, first: int = 0) -> None:
    """Add turns of a prompt and an answer."""
    rows: list[Message] = []
    used: list[Usage] = []
    for number in range(first, first + count):
        said, tokens = answer(number)
        rows += [message(f"p{number}", f"Question {number}"), said]
        used.append(tokens)
    world.ingest(*rows, usages=tuple(used))


def add_history(world: World, seed: int) -> None:
    """Add a hundred messages in a random order: turns that begin and end in every way."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    rows: list[Message] = []
    used: list[Usage] = []
    starters = ("prompt", "command", "notification", "plan")
    for number in range(100):
        kind = rng.choice(
            (*starters, "tools", "tools", "end", "interrupt", "api_error", "injected")
        )
        if kind in {"tools", "end"}:
            call = Part("tool-call", {}, f"t{number}", "Bash")
            said, tokens = (
                answer(number, call, stop_reason="tool_use") if kind == "tools" else answer(number)
            )
            rows.append(said)
            used.append(tokens)
            if kind == "tools":
                result = Part("tool-result", {"ok": rng.random() < 0.5}, f"t{number}", "Bash")
                rows.append(message(f"r{number}", parts=(result,), kind="tool_result"))
        else:
            role = "assistant" if kind == "api_error" else "user"
            rows.append(message(f"m{number}", kind=kind, role=role))
    world.ingest(*rows, usages=tuple(used))


@pytest.mark.parametrize("seed", range(4))
def test_last_turns_are_those_of_all(visitor: Visitor, world: World, seed: int) -> None:
    """Their numbers, costs, calls and failures, however many are shown."""
    add_history(world, seed)
    every = load_turns(visitor.site, SESSION)
    assert every.are_all
    assert len(every.turns) > 5
    assert [turn.number for turn in every.turns] == list(range(1, len(every.turns) + 1))
    for most in range(1, len(every.turns) + 2):
        last = load_turns(visitor.site, SESSION, most=most)
        assert last.turns == every.turns[-most:], most
        assert last.are_all == (most >= len(every.turns))


def test_only_turns_that_are_shown_are_priced(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And all that they need is read: the first and the last one have their costs."""
    add_turns(world, 60)
    priced: list[str] = []
    turn_costs = visitor.site.figures.turn_costs

    def note_costs(turns: Mapping[str, int]) -> dict[int, Cost]:
        priced.extend(turns)
        return turn_costs(turns)

    monkeypatch.setattr(visitor.site.figures, "turn_costs", note_costs)
    last = load_turns(visitor.site, SESSION, most=20)
    assert [turn.number for turn in last.turns] == list(range(41, 61))
    assert {turn.cost for turn in last.turns} == {COST}
    assert sorted(priced) == [f"msg_{number}" for number in range(40, 60)]


def test_memory_does_not_depend_on_the_number_of_turns(visitor: Visitor, world: World) -> None:
    """A session four times as long takes less than forty bytes more for each of its turns."""

    def peak() -> int:
        load_turns(visitor.site, SESSION, most=20)
        tracemalloc.start()
        try:
            load_turns(visitor.site, SESSION, most=20)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    add_turns(world, 200)
    short = peak()
    add_turns(world, 600, first=200)
    assert peak() - short < 40 * 600


def test_a_lower_bound_is_known_of_the_whole_session(visitor: Visitor, world: World) -> None:
    """The response that had not ended is in a turn that is not shown."""
    said, tokens = answer(1000)
    world.ingest(message("p1000"), said, usages=(replace(tokens, is_final=False),))
    add_turns(world, 3)
    last = load_turns(visitor.site, SESSION, most=2)
    assert [turn.is_final for turn in last.turns] == [True, True]
    assert not is_final(world.database, SESSION)
    assert is_final(world.database, "another")
