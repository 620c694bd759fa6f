"""A value that is slow to compute: the last one is shown while the next one is computed."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.dashboard.cached import MAX_SHARE, Cached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.fakes import FakeClock

WAIT_SECONDS = 30.0


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Return a thread to compute values in."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


def test_value_is_computed_once_while_it_is_fresh(
    threads: ThreadPoolExecutor, clock: FakeClock
) -> None:
    """Asking again costs nothing, until it is old or expired."""
    values = iter(range(1, 9))
    cached = Cached(lambda: next(values), threads, clock=clock, seconds=3600)
    assert [cached.get(WAIT_SECONDS) for _ in range(3)] == [1, 1, 1]
    cached.expire()
    assert cached.get(WAIT_SECONDS) == 2
    clock.advance(3599)
    assert cached.get(WAIT_SECONDS) == 2
    clock.advance(1)
    assert cached.get(WAIT_SECONDS) == 3


def test_slow_value_is_fresh_for_longer(threads: ThreadPoolExecutor, clock: FakeClock) -> None:
    """Computing takes a limited share of the time."""
    values = iter(range(1, 9))

    def compute() -> int:
        clock.advance(20)
        return next(values)

    cached = Cached(compute, threads, clock=clock, seconds=1)
    assert cached.get(WAIT_SECONDS) == 1
    clock.advance(20 / MAX_SHARE - 1)
    assert cached.get(WAIT_SECONDS) == 1
    clock.advance(1)
    assert cached.get(WAIT_SECONDS) == 2


def test_last_value_is_returned_while_the_next_is_computed(
    threads: ThreadPoolExecutor, clock: FakeClock
) -> None:
    """A caller waits no longer than it wants to, and only one value is computed at a time."""
    is_released = threading.Event()
    values = iter([1, 2, 3])

    def compute() -> int:
        value = next(values)
        if value > 1:
            is_released.wait(WAIT_SECONDS)
        return value

    cached = Cached(compute, threads, clock=clock, seconds=3600)
    assert cached.get(WAIT_SECONDS) == 1
    cached.expire()
    assert cached.get(0) == 1
    assert cached.get(0) == 1
    is_released.set()
    assert cached.get(WAIT_SECONDS) == 2


def test_value_is_none_before_the_first(threads: ThreadPoolExecutor, clock: FakeClock) -> None:
    """The page then says that it is being counted."""
    is_released = threading.Event()
    cached = Cached(lambda: is_released.wait(WAIT_SECONDS), threads, clock=clock, seconds=3600)
    assert cached.get(0) is None
    is_released.set()
    assert cached.get(WAIT_SECONDS) is True


def test_failure_is_raised_to_who_waits(threads: ThreadPoolExecutor, clock: FakeClock) -> None:
    """The next call, once the value is old, computes it again."""
    failures = [OSError("disk")]

    def compute() -> int:
        if failures:
            raise failures.pop()
        return 5

    cached = Cached(compute, threads, clock=clock, seconds=3600)
    with pytest.raises(OSError, match="disk"):
        cached.get(WAIT_SECONDS)
    cached.expire()
    assert cached.get(WAIT_SECONDS) == 5


def test_whoever_waits_says_so(threads: ThreadPoolExecutor, clock: FakeClock) -> None:
    """What computes the value may pause for whoever else is busy."""
    waiting = list[str]()

    @contextlib.contextmanager
    def note() -> Iterator[None]:
        waiting.append("begun")
        yield
        waiting.append("ended")

    value = Cached(lambda: list(waiting), threads, clock=clock, waiting=note)
    assert value.get(WAIT_SECONDS) is not None
    assert waiting == ["begun", "ended"]
    value.get(WAIT_SECONDS)
    assert waiting == ["begun", "ended"]
