"""A value that takes a while: the last one is shown while the next one is made."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.dashboard.cached import Cached

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_SECONDS = 30.0


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Return a thread to make values in."""
    with ThreadPoolExecutor(1) as made:
        yield made


def test_it_is_made_once_while_it_is_fresh(threads: ThreadPoolExecutor) -> None:
    """Asking again costs nothing, until it is expired."""
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    kept = Cached(make, threads, seconds=3600)
    assert [kept.get(WAIT_SECONDS) for _ in range(3)] == [1, 1, 1]
    kept.expire()
    assert kept.get(WAIT_SECONDS) == 2


def test_the_last_value_is_shown_while_the_next_is_made(threads: ThreadPoolExecutor) -> None:
    """Nobody waits longer than they want to, and only one is made at a time."""
    gate = threading.Event()
    values = iter([1, 2, 3])

    def make() -> int:
        value = next(values)
        if value > 1:
            gate.wait(WAIT_SECONDS)
        return value

    kept = Cached(make, threads, seconds=3600)
    assert kept.get(WAIT_SECONDS) == 1
    kept.expire()
    assert kept.get(0) == 1
    assert kept.get(0) == 1
    gate.set()
    assert kept.get(WAIT_SECONDS) == 2


def test_there_is_none_before_the_first(threads: ThreadPoolExecutor) -> None:
    """None, which the page says."""
    gate = threading.Event()
    kept = Cached(lambda: gate.wait(WAIT_SECONDS), threads, seconds=3600)
    assert kept.get(0) is None
    gate.set()
    assert kept.get(WAIT_SECONDS) is True


def test_a_failure_is_told_to_who_waits(threads: ThreadPoolExecutor) -> None:
    """And the next one who asks when it is due tries anew."""
    failures = [OSError("disk")]

    def make() -> int:
        if failures:
            raise failures.pop()
        return 5

    kept = Cached(make, threads, seconds=3600)
    with pytest.raises(OSError, match="disk"):
        kept.get(WAIT_SECONDS)
    kept.expire()
    assert kept.get(WAIT_SECONDS) == 5
