"""Every way to fail, at the first request, the second, the third …, until a run meets no fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.model import Message, Part
from ccsync_watch.store import stored_messages
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan, Spoil
from support.storing import SESSION, World, message, usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.opensync_double.faults import Fault

MAX_REQUESTS = 60
WAYS = faults.ways(late_seconds=60)


class Crash(BaseException):
    """The process ends here."""


def _turn(world: World, number: int) -> list[Message]:
    """Return a prompt, an answer with a call, and its result, which is dated before the answer."""
    now = world.clock.now_ms
    used = f"toolu_{number}"
    call = Part("tool-call", {"command": "ls"}, used, "Bash")
    result = Part("tool-result", {"ok": True, "output": "a"}, used, "Bash")
    return [
        message(f"p{number}", f"Prompt {number}", at_ms=now - 900),
        message(
            f"a{number}",
            role="assistant",
            kind="answer",
            at_ms=now - 500,
            model="claude-opus",
            usage_id=f"msg_{number}",
            parts=(Part("text", "Looking."), call),
        ),
        message(f"r{number}", role="tool", kind="tool_result", at_ms=now - 700, parts=(result,)),
    ]


def _history(world: World, step: Callable[[], object]) -> None:
    """Write two turns and a title, a few seconds apart, and let the uploader work after each."""
    world.ingest(*_turn(world, 1), usages=(usage("msg_1"),))
    step()
    world.clock.advance(4)
    world.ingest(*_turn(world, 2), usages=(usage("msg_2"),), facts={"custom_title": "Two"})
    step()
    world.clock.advance(1)
    world.ingest(facts={"cost_state": {"totalCostUSD": 0.5}})
    step()


def _assert_right(world: World, *, is_ordered: bool = True) -> None:
    world.assert_complete()
    figures = world.figures()
    assert (figures["rows_pending"], figures["rows_rejected"]) == (0, 0)
    in_order = [row.id for row in stored_messages.session_messages(world.database, SESSION)]
    shown = [row.external_id for row in world.backend.shown(SESSION)]
    assert sorted(shown) == sorted(in_order)
    if is_ordered:
        assert shown == in_order
    calls = len(world.backend.calls)
    world.clock.advance(3600)
    world.work()
    assert len(world.backend.calls) == calls


@pytest.mark.tailing_case("39")
@pytest.mark.parametrize("accepts_dates", [False, True], ids=["todays", "newer"])
@pytest.mark.parametrize("fault", WAYS, ids=lambda fault: fault.name)
def test_a_fault_at_any_request_neither_loses_nor_doubles_a_row(
    tmp_path: Path, fault: Fault, *, accepts_dates: bool
) -> None:
    """After it everything is there once, whole, in order, and the session's state is the last."""
    for number in range(MAX_REQUESTS):
        world = World(tmp_path / f"{number}", accepts_dates=accepts_dates)
        world.transport.faults = FaultPlan.of(*[None] * number, fault)
        _history(world, world.turn)
        world.drain()
        # A message that fails alone inside a batch cannot get back to its place between others
        # that have the same date.
        _assert_right(world, is_ordered=fault.spoils is not Spoil.ONE_MESSAGE)
        is_met = bool(world.transport.met)
        arrived = len(world.backend.calls)
        world.close()
        if not is_met and number >= arrived:
            break
    else:
        pytest.fail("every run met a fault")
    assert number > 5


@pytest.mark.parametrize("fault", WAYS, ids=lambda fault: fault.name)
def test_an_outage_of_any_kind_is_survived(tmp_path: Path, fault: Fault) -> None:
    """Requests that all fail in the same way for a while leave no trace once the outage is over."""
    world = World(tmp_path)
    world.transport.faults = FaultPlan.always(fault)
    _history(world, world.turn)
    for _ in range(30):
        world.turn()
        world.clock.advance(1)
    world.transport.faults = FaultPlan.none()
    world.drain()
    _assert_right(world, is_ordered=fault.spoils is not Spoil.ONE_MESSAGE)
    world.close()


@pytest.mark.tailing_case("35")
@pytest.mark.parametrize("is_carried_out", [False, True], ids=["before", "after"])
def test_a_crash_at_any_request_neither_loses_nor_doubles_a_row(
    tmp_path: Path, *, is_carried_out: bool
) -> None:
    """The process may end before a request is sent, or after it was carried out, unanswered."""
    for number in range(MAX_REQUESTS):
        world = World(tmp_path / f"{number}")
        crashes = _crash_at(world, number, is_carried_out=is_carried_out)

        def step(world: World = world) -> None:
            try:
                world.turn()
            except Crash:
                world.restart()

        _history(world, step)
        world.transport.on_arrival = world.transport.on_answer = lambda _path: None
        world.drain()
        _assert_right(world)
        world.close()
        if not crashes:
            break
    else:
        pytest.fail("every run met a fault")
    assert number > 5


def _crash_at(world: World, number: int, *, is_carried_out: bool) -> list[str]:
    crashes: list[str] = []
    requests = iter(range(1_000_000))

    def act(path: str) -> None:
        if next(requests) == number:
            crashes.append(path)
            raise Crash

    if is_carried_out:
        world.transport.on_answer = act
    else:
        world.transport.on_arrival = act
    return crashes
