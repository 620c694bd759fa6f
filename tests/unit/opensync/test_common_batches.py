"""What was just written in several sessions goes with one request, where that is safe."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Sequence

THIRD = "77777777-8888-4777-8666-555555555555"
NAMES = (SESSION, OTHER, THIRD)
BATCH = "/sync/batch"


def _say(world: World, session_id: str, count: int = 1, *, prefix: str = "u") -> None:
    names = [f"{prefix}{number}" for number in range(count)]
    at_ms = world.clock.wall_ms()
    world.ingest(
        *(message(name, session_id=session_id, at_ms=at_ms) for name in names),
        session_id=session_id,
    )


def _together(world: World, names: Sequence[str] = NAMES) -> tuple[dict[str, int], list[int]]:
    """Deliver what is written; return what was acknowledged, and the rows of each batch."""
    before = len(world.backend.calls)
    counted = world.destination.deliver_together(names)
    calls = [call for call in world.backend.calls[before:] if call.path == BATCH]
    return dict(counted), [call.message_rows for call in calls]


@pytest.fixture
def talking(world: World) -> World:
    """Have three sessions that the backend has, written to a minute ago."""
    for name in NAMES:
        _say(world, name, 2, prefix="first")
    world.drain()
    world.clock.advance(60)
    return world


def test_one_row_of_each_goes_in_one_request(talking: World) -> None:
    """All are there, each in its session."""
    for name in NAMES:
        _say(talking, name)
    assert _together(talking) == (dict.fromkeys(NAMES, 1), [3])
    assert [talking.ids(name) for name in NAMES] == [["first0", "first1", "u0"]] * 3
    talking.drain()
    for name in NAMES:
        talking.assert_complete(name)


def test_two_rows_are_enough_and_one_is_not(talking: World) -> None:
    """One alone is sent with its own date."""
    _say(talking, SESSION)
    assert _together(talking) == ({}, [])
    _say(talking, OTHER)
    assert _together(talking) == ({SESSION: 1, OTHER: 1}, [2])


def test_a_request_has_room_for_a_hundred_rows(talking: World) -> None:
    """The last session sends what fits, and none after it."""
    for name, count in zip(NAMES, (60, 39, 5), strict=True):
        _say(talking, name, count)
    assert _together(talking) == ({SESSION: 60, OTHER: 39, THIRD: 1}, [100])
    assert talking.ids(THIRD) == ["first0", "first1", "u0"]


def test_the_first_batch_is_of_one_session(world: World) -> None:
    """It finds out whether the backend accepts dates in batches."""
    for name in NAMES:
        _say(world, name)
    assert _together(world) == ({}, [])


def test_a_session_that_the_backend_may_not_have_goes_alone(talking: World) -> None:
    """A new one, and one that another machine may have written to."""
    new = "66666666-8888-4777-8666-555555555555"
    for name in (*NAMES, new):
        _say(talking, name)
    talking.outbox.mark_preexisting(THIRD)
    assert _together(talking, [new, THIRD, SESSION, OTHER]) == ({SESSION: 1, OTHER: 1}, [2])


def test_after_a_rejected_request_each_session_goes_alone(talking: World) -> None:
    """Once; then the row is found, and the others go together again."""
    for name in NAMES:
        _say(talking, name)
    talking.make_unacceptable("u0")
    assert _together(talking) == ({}, [3])
    assert _together(talking) == ({}, [])
    talking.drain()
    assert talking.outbox.count_rejected([SESSION]) == 1
    assert talking.outbox.count_rejected(None) == 1
    talking.clock.advance(60)
    for name in NAMES:
        _say(talking, name, prefix="later")
    assert _together(talking) == (dict.fromkeys(NAMES, 1), [3])


def test_a_session_that_searches_its_rejected_row_stays_alone(talking: World) -> None:
    """By halves of what it sends."""
    _say(talking, SESSION, 4)
    talking.make_unacceptable("u3")
    talking.destination.deliver(SESSION)
    _say(talking, OTHER, 2)
    assert _together(talking) == ({OTHER: 2}, [2])


def test_a_clock_that_was_set_is_measured_before(talking: World) -> None:
    """Rows that were written before it would be taken for fresh ones, or dated wrongly."""
    talking.clock.set_wall(-3600)
    before = Counter(call.path for call in talking.backend.calls)
    for name in NAMES:
        _say(talking, name)
    _together(talking)
    after = Counter(call.path for call in talking.backend.calls)
    assert (after - before)["/health"] == 1
