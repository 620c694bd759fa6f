"""Two machines have copies of sessions while requests fail and the programs restart."""

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


@pytest.mark.parametrize("seed", range(12))
def test_each_row_is_there_once_with_the_newest_totals(tmp_path: Path, seed: int) -> None:
    """Copies of any length appear on either machine, at any time, 30 % of the requests fail."""
    world = World(tmp_path)
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    start_ms = world.clock.now_ms - DAY_MS
    machines = [world, world.other_machine()]
    world.transport.faults = FaultPlan.random(seed)
    lengths = {(number, name): 0 for number in range(2) for name in (SESSION, OTHER)}
    for _ in range(12):
        number, name = chance.choice(list(lengths))
        machine = machines[number]
        count = chance.randint(1, 12)
        lengths[number, name] = max(count, lengths[number, name])
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
            usages=tuple(
                usage(f"{name}_{at}", session_id=name, tokens_in=1000) for at in range(count)
            ),
            facts={"custom_title": f"Title {lengths[number, name]}"},
            session_id=name,
        )
        for _ in range(chance.randint(1, 30)):
            failure = chance.choice(machines).turn()
            if failure is not True:
                retry_after = getattr(failure, "retry_after", None)
                world.clock.advance(retry_after or chance.choice([0.5, 15, 400]))
        if chance.random() < 0.3:
            chance.choice(machines).restart()
    for machine in machines:
        _drain_whatever_fails(machine)
    for name in (SESSION, OTHER):
        longest = max(lengths[number, name] for number in range(2))
        if longest:
            held = world.backend.session(name)
            assert world.ids(name) == [f"a{at}" for at in range(longest)]
            assert held.prompt_tokens == 1000 * longest
            assert held.title == f"Title {longest}"
            assert held.created_at_ms == start_ms
            number = max(range(2), key=lambda number, name=name: lengths[number, name])  # type: ignore[misc]
            assert world.held_parts(name) == machines[number].expected_parts(name)


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
