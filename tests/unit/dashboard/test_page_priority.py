"""Background work pauses while a page is made."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from ccsync_watch.clock import SystemClock
from ccsync_watch.dashboard.page_priority import PagePriority
from support.fakes import FakeClock

WAIT_SECONDS = 10.0


def test_background_work_waits_for_pages() -> None:
    """It continues when the last page is made."""
    priority, has_passed = PagePriority(SystemClock()), threading.Event()

    def count() -> None:
        priority.yield_to_pages()
        has_passed.set()

    with priority.page(), priority.page():
        pass
    count()
    assert has_passed.is_set()
    has_passed.clear()
    with ThreadPoolExecutor(1) as threads:
        with priority.page():
            work = threads.submit(count)
        work.result(WAIT_SECONDS)
    assert has_passed.is_set()


def test_background_work_does_not_wait_forever() -> None:
    """It makes some progress while pages are opened without a pause."""
    clock = FakeClock()
    priority = PagePriority(clock)
    with priority.page():
        priority.yield_to_pages()
    assert clock.waits == [0.2]


def test_background_work_continues_while_a_page_waits_for_it() -> None:
    """It would pause for the page, and the page would wait for it, until one gives up."""
    clock = FakeClock()
    priority = PagePriority(clock)
    with priority.page():
        with priority.waiting():
            priority.yield_to_pages()
        assert not clock.waits
        priority.yield_to_pages()
        assert clock.waits == [0.2]
    priority.yield_to_pages()
    assert clock.waits == [0.2]


def test_background_work_pauses_for_other_pages_than_the_one_that_waits() -> None:
    """Whoever waits in a thread that makes no page changes nothing."""
    clock = FakeClock()
    priority = PagePriority(clock)
    with priority.waiting():
        priority.yield_to_pages()
    assert not clock.waits
    with ThreadPoolExecutor(1) as threads, priority.page():

        def wait_for_nothing() -> None:
            with priority.waiting():
                priority.yield_to_pages()

        threads.submit(wait_for_nothing).result(WAIT_SECONDS)
    assert clock.waits == [0.2]
