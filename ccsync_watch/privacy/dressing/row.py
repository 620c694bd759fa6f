"""A kind of dressing: one row of the tables in this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.text_views import Edit

if TYPE_CHECKING:
    import re

Undress = Callable[["re.Match[bytes]"], Iterator[Edit]]
"""Yields the edits of one match, in order; none if it is not dressing after all."""


@dataclass(frozen=True, slots=True)
class Dressing:
    """What a reader does not see, or sees as something else.

    `trigger` is what the scan searches for; near its hits `pattern`, without groups that have
    names, finds each place, and `undress` says what is there instead.
    """

    id: str
    about: str
    trigger: str
    pattern: str
    undress: Undress
    is_caseless: bool = False


def replaced(by: Callable[[bytes], bytes | None]) -> Undress:
    """Return what replaces a whole match by what `by` makes of it; None leaves it."""

    def undress(match: re.Match[bytes]) -> Iterator[Edit]:
        text = by(match[0])
        if text is not None and text != match[0]:
            yield Edit(match.start(), match.end(), text)

    return undress


def removed(match: re.Match[bytes]) -> Iterator[Edit]:
    """Yield the edit that removes a whole match."""
    yield Edit(match.start(), match.end(), b"")
