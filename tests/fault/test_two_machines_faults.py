"""Two machines have copies of sessions; requests fail, programs restart and stores are lost."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import DestinationError
from support.opensync_double.faults import FaultPlan
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS = 86_400_000


def _read(machine: World, name: str, count: int, *, start_ms: int) -> None:
    """Read a copy of a session with so many answers."""
    machine.ingest(
        *(
            message(
                f"a{at}",
                f"Answer {at}",
                session_id=name,
                at_ms=start_ms + 1000 * at,
                role="assistant",
                kind="answer",
                usage_id=f"{name}_{at}",
            )
            for at in range(count)
        ),
        usages=tuple(usage(f"{name}_{at}", session_id=name, tokens_in=1000) for at in range(count)),
        facts={"custom_title": f"Title {count}"},
        session_id=name,
    )


@pytest.mark.parametrize("skew_ms", [0, 600_000, -600_000])
@pytest.mark.parametrize("seed", range(8))
def test_each_row_is_there_once_with_the_newest_totals(
    tmp_path: Path, seed: int, skew_ms: int
) -> None:
    """Copies of any length appear on either machine, and stores are lost, at any time.

    30 % of the requests fail.
    """
    world = World(tmp_path, skew_ms=skew_ms)
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    start_ms = world.clock.now_ms - DAY_MS
    machines = [world, world.other_machine()]
    world.transport.faults = FaultPlan.random(seed)
    lengths = {(number, name): 0 for number in range(2) for name in (SESSION, OTHER)}
    for _ in range(12):
        number, name = chance.choice(list(lengths))
        lengths[number, name] = max(chance.randint(1, 12), lengths[number, name])
        _read(machines[number], name, lengths[number, name], start_ms=start_ms)
        for _ in range(chance.randint(1, 30)):
            failure = chance.choice(machines).turn()
            if failure is not True:
                retry_after = getattr(failure, "retry_after", None)
                world.clock.advance(retry_after or chance.choice([0.5, 15, 400]))
        if chance.random() < 0.3:
            chance.choice(machines).restart()
        if chance.random() < 0.3:
            number = chance.randrange(2)
            world.clock.advance(6)
            machines[number].lose_the_store()
            for name in (SESSION, OTHER):
                if lengths[number, name]:
                    _read(machines[number], name, lengths[number, name], start_ms=start_ms)
    for machine in machines:
        _drain_whatever_fails(machine)
    for name in (SESSION, OTHER):
        _assert_newest(
            machines, name, [lengths[number, name] for number in range(2)], start_ms=start_ms
        )


def _assert_newest(machines: list[World], name: str, lengths: list[int], *, start_ms: int) -> None:
    """Fail unless the backend has the longest of the machines' copies of a session, once."""
    longest = max(lengths)
    if not longest:
        return
    held = machines[0].backend.session(name)
    assert machines[0].ids(name) == [f"a{at}" for at in range(longest)]
    assert held.prompt_tokens == 1000 * longest
    assert held.title == f"Title {longest}"
    assert held.created_at_ms == start_ms
    owner = machines[lengths.index(longest)]
    assert owner.held_parts(name) == owner.expected_parts(name)


def _drain_whatever_fails(machine: World) -> None:
    """Take turns until everything is settled, through failures that pass."""
    for _ in range(3000):
        outcome = machine.turn()
        if outcome is False and machine.outbox.next_due_ms() is None:
            return
        if outcome is not True:
            machine.clock.advance(15)
            if isinstance(outcome, DestinationError):
                machine.uploader.health.backend_info = None
    raise AssertionError("never settled")
