"""Search a store for what somebody typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.store.search_compiler import compile_query
from ccsync_watch.store.search_queries import find_messages

if TYPE_CHECKING:
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.search_queries import SearchPage

NOW_MS = 1_790_000_000_000
"""When the tests' messages were written, unless they say another time."""


def search_for(database: Database, text: str, **options: Any) -> SearchPage:  # noqa: ANN401 - as of the function
    """Return the first matches of a query."""
    query = compile_query(database, text, NOW_MS)
    return find_messages(database, query, **{"limit": 20, "shown": 99, **options})
