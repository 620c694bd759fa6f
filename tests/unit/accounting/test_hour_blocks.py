"""Blocks of five hours: where they begin, what was used in them, which limits were reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting.hour_blocks import latest_blocks, load_blocks
from ccsync_watch.model import Part
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from pathlib import Path

HOUR_MS = 3_600_000
START_MS = 497_222 * HOUR_MS


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with an empty store."""
    return World(tmp_path)


def _use(world: World, hours: float, *, session_id: str = SESSION) -> None:
    at_ms = START_MS + int(hours * HOUR_MS)
    name = f"m{hours}"
    used = usage(name, session_id=session_id, timestamp_ms=at_ms, tokens_out=100)
    said = message(name, session_id=session_id, at_ms=at_ms)
    world.ingest(said, session_id=session_id, usages=(used,))


def test_a_block_begins_with_the_hour_of_its_first_response(world: World) -> None:
    """And lasts five hours; the next one begins with the next response, whenever that is."""
    for hours in (0.9, 1.5, 4.99, 5.0, 9.2, 30.5):
        _use(world, hours)
    blocks = load_blocks(world.database, world.prices, since_ms=0)
    assert [(block.start_ms - START_MS) // HOUR_MS for block in blocks] == [30, 5, 0]
    assert [block.used.responses for block in blocks] == [1, 2, 3]
    assert blocks[2].used.tokens.output == 300
    assert all(block.used.cost.usd is not None for block in blocks)
    later = load_blocks(world.database, world.prices, since_ms=START_MS + 9 * HOUR_MS)
    assert [(block.start_ms - START_MS) // HOUR_MS for block in later] == [30, 9]


@pytest.mark.parametrize("step", [1.0, 3.7, 11.0])
def test_the_last_blocks_are_those_of_all(world: World, step: float) -> None:
    """However used, and whatever has no date; and what was before them is not priced."""
    for number in range(30):
        _use(world, number * step, session_id=SESSION if number % 7 else OTHER)
        _use(world, number * step + 0.1, session_id=f"{number:08}-0000-4000-8000-000000000000")
    every = load_blocks(world.database, world.prices, since_ms=0)
    priced: list[int] = []
    last = latest_blocks(
        world.database, world.prices, since_ms=0, most=3, pace=lambda: priced.append(1)
    )
    assert last == every[:3]
    few = len(priced)
    load_blocks(world.database, world.prices, since_ms=0, pace=lambda: priced.append(1))
    assert few < (len(priced) - few) * 2 / 3
    undated = usage("undated", session_id=SESSION, timestamp_ms=None, tokens_out=100)
    world.ingest(message("undated"), usages=(undated,))
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = ?", (OTHER,))
    for most in (1, 4, 99):
        every = load_blocks(world.database, world.prices, since_ms=START_MS)
        last = latest_blocks(world.database, world.prices, since_ms=START_MS, most=most)
        assert last == every[:most]


def test_a_block_has_all_sessions_but_excluded_ones(world: World) -> None:
    """A limit is for all of them."""
    _use(world, 0)
    _use(world, 1, session_id=OTHER)
    (block,) = load_blocks(world.database, world.prices, since_ms=0)
    assert block.used.sessions == 2
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = ?", (OTHER,))
    (block,) = load_blocks(world.database, world.prices, since_ms=0)
    assert (block.used.sessions, block.used.responses) == (1, 1)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Claude AI usage limit reached|1790000000", "Claude AI usage limit reached"),
        (
            "5-hour limit reached ∙ resets 3pm\n/upgrade",
            "5-hour limit reached ∙ resets 3pm /upgrade",
        ),
        (
            "You've hit your session limit · resets 4pm",
            "You've hit your session limit · resets 4pm",
        ),
        ("API Error: 529 overloaded", None),
    ],
)
def test_a_limit_is_known_where_the_client_said_so(
    world: World, said: str, shown: str | None
) -> None:
    """Other errors of the API say nothing of limits."""
    _use(world, 0)
    error = message("e1", kind="api_error", role="assistant", at_ms=START_MS + HOUR_MS,
                    parts=(Part("text", said),))  # fmt: skip
    world.ingest(error)
    (block,) = load_blocks(world.database, world.prices, since_ms=0)
    assert block.limits == ([(START_MS + HOUR_MS, shown)] if shown else [])
