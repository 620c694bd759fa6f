"""Pauses in long work, in which other work is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

_Item = TypeVar("_Item")

_BETWEEN_PAUSES = 64


def paced(items: Collection[_Item], pause: Callable[[], None]) -> Iterable[_Item]:
    """Return the items, with a call of `pause` now and then between them if they are many."""
    return items if len(items) < _BETWEEN_PAUSES else _with_pauses(items, pause)


def _with_pauses(items: Collection[_Item], pause: Callable[[], None]) -> Iterator[_Item]:
    for number, item in enumerate(items):
        if number % _BETWEEN_PAUSES == _BETWEEN_PAUSES - 1:
            pause()
        yield item
