"""Make room on a full disk by the damaged databases that are kept on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ccsync_watch.errors import StateError
from ccsync_watch.store.damage import remove_oldest_aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_T = TypeVar("_T")


def open_with_room(path: Path, open_now: Callable[[], _T]) -> tuple[_T, list[str]]:
    """Return the database that is opened, and the names of what was removed for it.

    Nothing else in the folder can be spared, and each is as large as a database. Raises StateError.
    """
    removed: list[str] = []
    while True:
        try:
            return open_now(), removed
        except StateError as error:
            name = remove_oldest_aside(path) if error.is_full else None
            if name is None:
                raise
            removed.append(name)
