"""The search index is brought up to date in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.dashboard.page_priority import PagePriority
from ccsync_watch.dashboard.search_indexer import SearchIndexer
from ccsync_watch.store import search

if TYPE_CHECKING:
    from support.fakes import FakeClock
    from support.storing import World


def test_new_messages_are_indexed_after_a_wake(world: World, clock: FakeClock) -> None:
    """Every message that was stored until then can be found, after each wake."""
    indexer = SearchIndexer(world.database, clock=clock, priority=PagePriority(clock))
    for number in range(2):
        world.say(f"u{number}", "xylophone")
        indexer.wake()
        indexer._threads.submit(lambda: None).result(30)
        assert len(search.find_messages(world.database, "xylophone", limit=9)) == number + 1
    assert search.count_unindexed(world.database) == 0
