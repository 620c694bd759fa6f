"""A backend that answers late or not at all holds up nothing but what it is sent."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import DestinationError
from support.lines import SESSION, Writer
from support.pumping import Bench, ids
from support.storing import World, message

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.tailing_case("40")
def test_an_answer_that_comes_after_the_file_was_opened_again_counts(tmp_path: Path) -> None:
    """While a request is under way, the program restarts and reads on from the offset."""
    bench, writer = Bench(tmp_path), Writer()
    first, second, third = (writer.prompt(words) for words in ("a", "b", "c"))
    bench.append(bench.path(), first)
    bench.catch_up()
    world = World(bench.state)
    later = [second, third]

    def meanwhile(_path: str) -> None:
        if later:
            bench.append(bench.path(), later.pop(0))
            bench.restart()
            bench.catch_up()

    world.transport.on_answer = meanwhile
    while later:
        world.turn()
        world.clock.advance(1)
    world.drain()
    assert bench.uuids() == ids(first, second, third)
    assert world.ids() == ids(first, second, third)
    world.assert_complete()


@pytest.mark.tailing_case("61")
def test_a_stalled_backend_costs_no_memory(tmp_path: Path) -> None:
    """Pending rows are in the store: ten times as much takes no more of the memory."""

    def peak(count: int) -> int:
        world = World(tmp_path / f"{count}")
        for number in range(count):
            texts = (message(f"u{number}-{at}", "x" * 1000, session_id=SESSION) for at in range(10))
            world.ingest(*texts)
        world.transport.is_offline = True
        assert isinstance(world.turn(), DestinationError)
        tracemalloc.start()
        for _ in range(20):
            world.clock.advance(60)
            assert isinstance(world.turn(), DestinationError)
        _size, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        world.close()
        return highest

    assert peak(200) < 2 * peak(20)
