"""A store is lost and read again from the transcripts: the backend has the latest in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.storing import SESSION, World, message, price_list, usage

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS = 86_400_000
MINUTE = 60


def _read(
    world: World,
    count: int,
    *,
    start_ms: int,
    title: str,
    tokens: int = 1000,
    last_ms: int = 60_000,
) -> None:
    """Read a transcript of so many answers, and a line of another kind."""
    world.ingest(
        *(
            message(
                f"a{number}",
                f"Answer {number}",
                at_ms=start_ms + 1000 * number,
                kind="answer",
                role="assistant",
                usage_id=f"msg_{number}",
            )
            for number in range(count)
        ),
        usages=tuple(usage(f"msg_{number}", tokens_in=tokens) for number in range(count)),
        facts={"custom_title": title},
    )
    world.ingest(timestamp_ms=start_ms + last_ms)


def _assert_held(world: World, count: int, *, title: str) -> None:
    """Fail unless the backend has so many answers, once, and the totals of that copy."""
    session = world.backend.session(SESSION)
    assert world.ids() == [f"a{number}" for number in range(count)]
    assert (session.title, session.prompt_tokens) == (title, 1000 * count)


@pytest.mark.parametrize(
    ("lower", "input_usd"),
    [({"tokens": 900}, "1"), ({"last_ms": 50_000}, "1"), ({}, "0.5"), ({}, "1")],
    ids=["tokens", "duration", "cost", "nothing"],
)
@pytest.mark.parametrize("skew_ms", [0, 600_000, -600_000])
def test_title_and_totals_are_the_latest(
    tmp_path: Path, lower: dict[str, int], input_usd: str, skew_ms: int
) -> None:
    """Also where other rules or prices count less than before: no other copy is there."""
    world = World(tmp_path, skew_ms=skew_ms)
    start_ms = world.clock.now_ms - DAY_MS
    _read(world, 3, start_ms=start_ms, title="One")
    world.drain()
    world.clock.advance(MINUTE)
    world.prices = price_list(tmp_path / "other", input_usd=input_usd)
    world.lose_the_store()
    _read(world, 3, start_ms=start_ms, title="Two", **lower)
    world.drain()
    world.assert_complete()
    assert world.backend.session(SESSION).title == "Two"


@pytest.mark.parametrize("skew_ms", [0, 600_000, -600_000])
def test_a_program_that_is_ended_meanwhile_does_not_wait_again(
    tmp_path: Path, skew_ms: int
) -> None:
    """When it starts again, the backend says since when nothing was written."""
    world = World(tmp_path, skew_ms=skew_ms)
    start_ms = world.clock.now_ms - DAY_MS
    _read(world, 3, start_ms=start_ms, title="One", last_ms=90_000)
    world.drain()
    world.lose_the_store()
    _read(world, 3, start_ms=start_ms, title="Two")
    for minute in range(6):
        world.work()
        assert world.backend.session(SESSION).title == ("One" if minute < 5 else "Two")
        world.clock.advance(MINUTE)
        world.restart()
    world.drain()
    world.assert_complete()


def test_a_longer_copy_of_another_machine_stays(world: World) -> None:
    """The backend has rows that the transcript lacks, whoever lost a store."""
    start_ms = world.clock.now_ms - DAY_MS
    _read(world, 3, start_ms=start_ms, title="Old")
    world.drain()
    longer = world.other_machine()
    _read(longer, 4, start_ms=start_ms, title="Newest")
    longer.drain()
    for machine, count, title in ((world, 3, "Old"), (longer, 4, "Newest"), (world, 3, "Old")):
        world.clock.advance(10 * MINUTE)
        machine.lose_the_store()
        _read(machine, count, start_ms=start_ms, title=title)
        machine.drain()
        _assert_held(world, 4, title="Newest")


@pytest.mark.parametrize("sent_rows", range(1, 6))
def test_totals_of_a_copy_that_is_being_sent_stay(world: World, sent_rows: int) -> None:
    """Its totals go first, and its rows may take a while."""
    start_ms = world.clock.now_ms - DAY_MS
    longer, older = world, world.other_machine()
    _read(longer, 5, start_ms=start_ms, title="Newest")
    longer.destination.check()
    for _ in range(sent_rows):
        longer.destination.deliver(SESSION)
    held = world.backend.session(SESSION)
    _read(older, 3, start_ms=start_ms, title="Old")
    for _ in range(20):
        older.turn()
        world.clock.advance(MINUTE / 5)
        session = world.backend.session(SESSION)
        assert (session.title, session.total_tokens) == ("Newest", held.total_tokens)
    longer.drain()
    older.drain()
    _assert_held(world, 5, title="Newest")
