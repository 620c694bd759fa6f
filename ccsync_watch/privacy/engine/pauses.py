"""Pauses in long work, in which other work is done."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

_Item = TypeVar("_Item")

_BETWEEN_PAUSES = 64


def paced(items: Collection[_Item], pause: Callable[[], None]) -> Iterable[_Item]:
    """Return the items, with a call of `pause` now and then between them if they are many."""
    if len(items) < _BETWEEN_PAUSES:
        return items
    return chain.from_iterable(_parts(items, pause))


def _parts(items: Collection[_Item], pause: Callable[[], None]) -> Iterator[Iterator[_Item]]:
    remaining = iter(items)
    for _ in range(0, len(items), _BETWEEN_PAUSES):
        yield islice(remaining, _BETWEEN_PAUSES)
        pause()
