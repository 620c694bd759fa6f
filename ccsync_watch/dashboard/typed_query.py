"""A query that was typed into a page: its meaning, its parts as chips, or what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.errors import QueryError
from ccsync_watch.store.search_compiler import CompiledQuery, compile_query
from ccsync_watch.store.search_nodes import Not, OperatorField, Words

if TYPE_CHECKING:
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.store.search_nodes import Node


class Chip(NamedTuple):
    """One part of a query: `without` is the query that is left when it is removed."""

    text: str
    without: str
    kind: str


@dataclass(frozen=True, slots=True)
class TypedQuery:
    """What was typed. `query` is None for what cannot be searched for: `error` then says why."""

    text: str
    query: CompiledQuery | None
    chips: tuple[Chip, ...] = ()
    error: QueryError | None = None

    @property
    def notices(self) -> tuple[str, ...]:
        """What the reader is to know of the search."""
        return self.query.notices if self.query else ()


def read_query(site: Site, text: str) -> TypedQuery:
    """Return what a text means for this store, at this time."""
    try:
        query = compile_query(site.database, text, site.clock.wall_ms())
    except QueryError as error:
        return TypedQuery(text, None, error=error)
    parsed = query.parsed
    chips = (Chip(parsed.text_of(part), parsed.without(part), _kind(part)) for part in parsed.parts)
    return TypedQuery(text, query, tuple(chips))


def _kind(part: Node) -> str:
    """Return how a chip looks: of an operator, of words, of what is left out."""
    if isinstance(part, Not):
        return "left-out"
    return (
        "operator"
        if isinstance(part, OperatorField)
        else "words"
        if isinstance(part, Words)
        else "group"
    )
