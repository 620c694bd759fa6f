"""The indexes of the store are brought up to date in the background."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NoReturn

from ccsync_watch.dashboard.page_priority import PagePriority
from ccsync_watch.dashboard.store_indexer import StoreIndexer
from ccsync_watch.store import search
from ccsync_watch.store.database import Database
from support.searching import search_for
from support.sqlite_memory import bytes_of_sqlite
from support.storing import message
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    import pytest

    from ccsync_watch.clock import Clock
    from support.fakes import FakeClock
    from support.storing import World


def _search_indexer(database: Database, clock: FakeClock) -> StoreIndexer:
    return StoreIndexer(
        database,
        search.catch_up,
        subject="search index",
        clock=clock,
        priority=PagePriority(clock),
    )


def test_new_messages_are_indexed_after_a_wake(world: World, clock: FakeClock) -> None:
    """Every message that was stored until then can be found, after each wake."""
    indexer = _search_indexer(world.database, clock)
    for number in range(2):
        world.say(f"u{number}", "xylophone")
        indexer.wake()
        indexer._threads.submit(lambda: None).result(WAIT_SECONDS)
        assert len(search_for(world.database, "xylophone").hits) == number + 1
    assert search.count_unindexed(world.database) == 0


def test_the_dashboards_own_connection_can_index(world: World, clock: FakeClock) -> None:
    """It opens the file that the daemon has open already."""
    world.say("u1", "xylophone")
    database = Database(world.database.path)
    try:
        indexer = _search_indexer(database, clock)
        indexer.wake()
        indexer._threads.submit(lambda: None).result(WAIT_SECONDS)
    finally:
        database.close()
    assert len(search_for(world.database, "xylophone").hits) == 1


def test_a_database_that_was_closed_meanwhile_is_not_a_failure(
    world: World, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It was damaged and is opened again, or the daemon stops."""
    database = Database(world.database.path)
    indexer = _search_indexer(database, clock)
    database.close()
    indexer.wake()
    indexer._threads.submit(lambda: None).result(WAIT_SECONDS)
    assert caplog.records == []


def test_indexing_keeps_no_memory(world: World, clock: FakeClock) -> None:
    """What SQLite cached of the index while it was written is given back at the end."""
    database = Database(world.database.path)
    indexer = _search_indexer(database, clock)

    def index(first: int, count: int) -> int:
        rows = [message(f"u{n}", f"{n:x}a {n}b {n:o}c " * 50) for n in range(first, first + count)]
        world.ingest(*rows)
        world.database.release_memory()
        indexer.wake()
        indexer._threads.submit(lambda: None).result(WAIT_SECONDS)
        return bytes_of_sqlite()

    short = index(0, 5)
    assert index(5, 1000) - short < 1 << 18
    database.close()


def test_a_failure_is_logged_once_and_tried_again(
    world: World,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every page that is opened wakes the indexer."""
    world.say("u1", "xylophone")
    indexer = _search_indexer(world.database, clock)

    def run() -> None:
        indexer.wake()
        indexer._threads.submit(lambda: None).result(WAIT_SECONDS)

    with monkeypatch.context() as patch:
        patch.setattr(search, "_add", _fail)
        run()
        run()
    assert [record.message for record in caplog.records] == [
        "the search index cannot be brought up to date"
    ]
    run()
    assert len(search_for(world.database, "xylophone").hits) == 1


def test_a_page_waits_for_what_is_indexed_soon(world: World, clock: FakeClock) -> None:
    """And no longer than it may."""
    indexer = _search_indexer(world.database, clock)
    world.say("u1", "xylophone")
    indexer.wait(WAIT_SECONDS)
    assert search.count_unindexed(world.database) == 0
    started, go_on = threading.Event(), threading.Event()

    def hang(_database: Database, _clock: Clock) -> int:
        started.set()
        go_on.wait(WAIT_SECONDS)
        return 0

    slow = StoreIndexer(
        world.database, hang, subject="index", clock=clock, priority=PagePriority(clock)
    )
    slow.wait(0.001)
    assert started.wait(WAIT_SECONDS)
    go_on.set()
    slow.wait(WAIT_SECONDS)


def _fail(*_arguments: object) -> NoReturn:
    raise ValueError("not a text")
