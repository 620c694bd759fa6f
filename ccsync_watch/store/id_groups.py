"""Groups of ids for one query: the SQL function `group_of` returns the number of an id's group.

A query that sums by groups of its own returns a row for each, instead of one for each id. The
function is one of every connection: none can be added while a statement of it is read.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping


class _Groups:
    """The groups of a query, and the ids that it asked for."""

    def __init__(self, groups: Mapping[str, int]) -> None:
        self.groups = groups
        self.asked: set[str] = set()


_current: ContextVar[_Groups | None] = ContextVar("id_groups", default=None)


@contextmanager
def id_groups(groups: Mapping[str, int]) -> Iterator[set[str]]:
    """Have `group_of` know these groups within the block; yield the ids that it was called with."""
    current = _Groups(groups)
    token = _current.set(current)
    try:
        yield current.asked
    finally:
        _current.reset(token)


def _group_of(name: str) -> int | None:
    current = _current.get()
    if current is None:
        return None
    current.asked.add(name)
    return current.groups.get(name)


def add_group_function(connection: sqlite3.Connection) -> None:
    """Give a connection the SQL function `group_of`."""
    connection.create_function("group_of", 1, _group_of)
