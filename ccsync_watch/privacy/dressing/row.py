"""A kind of dressing: one row of the tables in this package."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.text_views import Edit

if TYPE_CHECKING:
    import re

Undress = Callable[["re.Match[bytes]"], Iterable[Edit]]
"""Returns the edits of one match, in order; none if it is not dressing after all."""
_LONGEST_REMEMBERED = 16
_MOST_REMEMBERED = 1024
"""What a match is replaced by is remembered of so many, not longer in bytes."""


@dataclass(frozen=True, slots=True)
class Dressing:
    """What a reader does not see, or sees as something else.

    `trigger` is what the scan searches for; near its hits `pattern`, without groups that have
    names, finds each place, and `undress` says what is there instead. `lone_pattern` does so
    sooner, where no other kind is near and the text does not start there. `is_ordinary` says of
    the end of a hit that it is left alone, as other text has it too.
    """

    id: str
    about: str
    trigger: str
    pattern: str
    undress: Undress
    is_caseless: bool = False
    lone_pattern: str = ""
    is_ordinary: Callable[[bytes, int], bool] | None = None


def replaced(by: Callable[[bytes], bytes | None]) -> Undress:
    """Return what replaces a whole match by what `by` makes of it; None leaves it."""
    texts: dict[bytes, bytes | None] = {}

    def undress(match: re.Match[bytes]) -> tuple[Edit, ...]:
        dressed = match[0]
        if dressed in texts:
            text = texts[dressed]
        else:
            text = by(dressed)
            if len(dressed) <= _LONGEST_REMEMBERED:
                if len(texts) >= _MOST_REMEMBERED:
                    texts.clear()
                texts[dressed] = text
        if text is None or text == dressed:
            return ()
        start, end = match.span()
        return (Edit(start, end, text),)

    return undress


def removed(match: re.Match[bytes]) -> tuple[Edit, ...]:
    """Return the edit that removes a whole match."""
    start, end = match.span()
    return (Edit(start, end, b""),)
