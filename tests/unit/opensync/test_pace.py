"""The pace of a backlog: no limit until the backend sets one, then just below that."""

from __future__ import annotations

import pytest

from ccsync_watch.opensync.pace import Pace
from support.fakes import FakeClock


def _send(pace: Pace, clock: FakeClock, seconds: float, *, takes: float = 0.01) -> int:
    """Send a backlog for a while, each request taking so long; return how many were sent."""
    until, sent = clock.monotonic() + seconds, 0
    while clock.monotonic() < until:
        if pace.wait(0.25):
            pace.record_request()
            sent += 1
            clock.advance(takes)
    return sent


def test_there_is_no_limit_before_a_refusal() -> None:
    """A backend on this machine takes thousands a second."""
    clock = FakeClock()
    pace = Pace(clock)
    assert _send(pace, clock, 10) == 1000
    assert (pace.limit, clock.waits) == (None, [])


def test_a_refusal_halves_the_rate() -> None:
    """Of the last second."""
    clock = FakeClock()
    pace = Pace(clock)
    _send(pace, clock, 3)
    pace.record_refusal()
    assert pace.limit == pytest.approx(50, rel=0.05)
    assert _send(pace, clock, 1) == pytest.approx(52, abs=5)


def test_refusals_of_what_was_on_its_way_count_once() -> None:
    """Four workers may be refused at the same moment."""
    clock = FakeClock()
    pace = Pace(clock)
    _send(pace, clock, 3)
    for _ in range(4):
        pace.record_refusal()
        clock.advance(0.02)
    assert pace.limit == pytest.approx(50, rel=0.05)
    clock.advance(1)
    pace.wait(0)
    pace.record_refusal()
    assert pace.limit is not None
    assert pace.limit < 40


def test_the_limit_rises_by_steps_and_ends_where_none_is_met() -> None:
    """At first by a tenth of what was refused each second; one accident is soon forgotten."""
    clock = FakeClock()
    pace = Pace(clock)
    _send(pace, clock, 3)
    pace.record_refusal()
    _send(pace, clock, 2)
    assert pace.limit == pytest.approx(70, rel=0.1)
    _send(pace, clock, 60)
    assert pace.limit is None


def test_it_never_ends_at_nothing() -> None:
    """However often it is refused."""
    clock = FakeClock()
    pace = Pace(clock)
    for _ in range(20):
        pace.record_refusal()
        clock.advance(1.5)
    assert pace.limit == 1.0


def test_the_end_of_the_program_ends_a_wait() -> None:
    """Nothing is sent after it."""
    clock = FakeClock()
    pace = Pace(clock)
    pace.record_refusal()
    pace.stop()
    before = clock.monotonic()
    pace.wait(60)
    assert clock.monotonic() == before
