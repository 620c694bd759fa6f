"""Divides a trigger by words: matches that contain one of them, and how far they reach; the rest.

A scan that knows where the words are needs to look for the first only there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.engine.pattern_syntax import (
    opening_end,
    read_repeat,
    width,
    width_of_item,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Anchored(NamedTuple):
    """The matches of a pattern that contain a word, and its other matches."""

    pattern: str
    before: int
    """How many bytes of a match are before the end of a word at most, the word included."""
    after: int
    """How many bytes of a match are after a word at most."""
    rest: str | None
    """A pattern for the other matches, if there are any."""


class _Part(NamedTuple):
    """What was read of a pattern: the matches with a word, if any, and the greatest length."""

    anchored: Anchored | None
    longest: int
    end: int


def anchored_part(pattern: str, words: str) -> Anchored | None:
    """Return the part of a pattern whose matches contain one of `words`, if it is seen to have one.

    `words` are alternatives; a pattern contains them as they are written there.
    """
    by_character = _by_first_character(words)
    lowered = pattern.lower()
    if not any(word in lowered for group in by_character.values() for word, _ in group):
        return None
    return _AnchorReader(pattern, by_character).read_alternatives(0).anchored


class _AnchorReader:
    def __init__(self, pattern: str, words: dict[str, list[tuple[str, int]]]) -> None:
        self._pattern = pattern
        self._lowered = pattern.lower()
        self._words = words

    def read_alternatives(self, position: int) -> _Part:
        """Read up to the end of the pattern, or of the group that begins at `position`."""
        anchored: list[Anchored] = []
        rest: list[str] = []
        longest = 0
        while True:
            start = position
            part = self._read_sequence(start)
            position = part.end
            longest = max(longest, part.longest)
            if part.anchored:
                anchored.append(part.anchored)
                rest += [] if part.anchored.rest is None else [part.anchored.rest]
            else:
                rest.append(self._pattern[start:position])
            if self._pattern[position : position + 1] != "|":
                break
            position += 1
        if not anchored:
            return _Part(None, longest, position)
        whole = Anchored(
            "|".join(part.pattern for part in anchored),
            max(part.before for part in anchored),
            max(part.after for part in anchored),
            "|".join(rest) if rest else None,
        )
        return _Part(whole, longest, position)

    def _read_sequence(self, start: int) -> _Part:
        candidates: list[tuple[Anchored, int, int, int, int]] = []
        longest, position = 0, start
        while position < len(self._pattern) and self._pattern[position] not in "|)":
            item = position
            for end, most in self._words_at(item):
                word = Anchored(self._pattern[item:end], most, 0, None)
                candidates.append((word, item, end, longest, longest + most))
            part = self._read_item(item)
            position = part.end
            if part.anchored:
                read = longest + part.longest
                candidates.append((part.anchored, item, position, longest, read))
            longest += part.longest
        wholes = []
        for inner, first, last, before, read in candidates:
            head, tail = self._pattern[start:first], self._pattern[last:position]
            wholes.append(
                Anchored(
                    head + inner.pattern + tail,
                    before + inner.before,
                    inner.after + longest - read,
                    None if inner.rest is None else head + inner.rest + tail,
                )
            )
        best = min(wholes, key=lambda a: (len(a.rest or ""), a.before + a.after), default=None)
        return _Part(best, longest, position)

    def _words_at(self, position: int) -> Iterator[tuple[int, int]]:
        """Yield where words end that are written at a position, and their greatest lengths."""
        for word, longest in self._words.get(self._lowered[position], ()):
            end = position + len(word)
            if self._lowered.startswith(word, position) and self._lowered[end : end + 1] not in {
                *"?*+{"
            }:
                yield end, longest

    def _read_item(self, position: int) -> _Part:
        """Read an item with its repeat; what is repeated has words as a whole or not at all."""
        start = position
        if self._pattern[start] != "(":
            _, longest, position = width_of_item(self._pattern, start)
            _, most, position = read_repeat(self._pattern, position)
            return _Part(None, longest * most, position)
        opening = opening_end(self._pattern, start)
        anchored, longest, closing = self.read_alternatives(opening)
        least, most, position = read_repeat(self._pattern, closing + 1)
        if anchored and least and (most == 1 or anchored.rest is None):
            head, tail = self._pattern[start:opening], self._pattern[closing:position]
            anchored = Anchored(
                head + anchored.pattern + tail,
                anchored.before,
                anchored.after + longest * (most - 1),
                None if anchored.rest is None else head + anchored.rest + tail,
            )
        else:
            anchored = None
        return _Part(anchored, longest * most, position)


@lru_cache(maxsize=8)
def _by_first_character(words: str) -> dict[str, list[tuple[str, int]]]:
    """Return the alternatives of a pattern and the greatest length of each, by their beginnings."""
    alternatives: dict[str, list[tuple[str, int]]] = {}
    start = position = 0
    while position <= len(words):
        if words[position : position + 1] in {"", "|"}:
            word = words[start:position]
            alternatives.setdefault(word[0], []).append((word, width(word)[1]))
            start = position = position + 1
        else:
            _, _, position = width_of_item(words, position)
            _, _, position = read_repeat(words, position)
    return alternatives
