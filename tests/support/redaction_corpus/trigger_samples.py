"""Texts that provoke a rule as often as possible: what its trigger matches, drawn at random.

Drawn from the triggers themselves, so that a new rule is provoked too.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    from re import _parser as parser  # type: ignore[attr-defined]
else:
    import sre_parse as parser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_SPACE": " \t\r\n\f\v",
    "CATEGORY_WORD": f"{_CHARACTERS}_",
    "CATEGORY_NOT_SPACE": _CHARACTERS,
}
_GAPS = ("", " ", "\n", ",", "; ")


class TriggerSampler:
    """Draws matches of one trigger, most with the least of each repeat."""

    def __init__(self, pattern: str, rng: Random, more: Sequence[int] = (0, 0, 1, 3)) -> None:
        """Draw from `more` how much more than the least a repeat has."""
        self._tree: Any = parser.parse(pattern)
        self._rng = rng
        self._more = more

    def match(self) -> str:
        """Return one match."""
        return self._draw(self._tree)

    def text(self, size: int) -> str:
        """Return different matches, one after the other, at least `size` bytes."""
        pieces: list[str] = []
        length = 0
        while length < size:
            piece = self.match() + self._rng.choice(_GAPS)
            pieces.append(piece)
            length += len(piece)
        return "".join(pieces).encode("latin-1").decode("utf-8", "replace")

    def _draw(self, tree: Any) -> str:  # noqa: ANN401 - the parser has no types
        return "".join(self._draw_item(str(kind), value) for kind, value in tree)

    def _draw_item(self, kind: str, value: Any) -> str:  # noqa: ANN401 - as above
        if kind == "LITERAL":
            return chr(value)
        if kind == "IN":
            return self._rng.choice(_members(value))
        if kind in {"ANY", "NOT_LITERAL"}:
            return self._rng.choice([c for c in _CHARACTERS if ord(c) != value])
        return "\n" if kind == "AT" else self._draw_part(kind, value)

    def _draw_part(self, kind: str, value: Any) -> str:  # noqa: ANN401 - as above
        if kind == "BRANCH":
            return self._draw(self._rng.choice(value[1]))
        if kind == "SUBPATTERN":
            return self._draw(value[-1])
        if kind in {"MAX_REPEAT", "MIN_REPEAT"}:
            least, most, item = value
            more = self._rng.choice(self._more)
            return "".join(self._draw(item) for _ in range(min(least + more, most)))
        raise ValueError(f"no trigger has {kind}")


def _members(items: list[tuple[Any, Any]]) -> list[str]:
    """Return characters of a class: letters and digits, if it excludes others."""
    members: set[str] = set()
    for kind, value in items:
        if str(kind) == "LITERAL":
            members.add(chr(value))
        elif str(kind) == "RANGE":
            members.update(map(chr, range(value[0], value[1] + 1)))
        elif str(kind) == "CATEGORY":
            members.update(_CATEGORIES[str(value)])
    if str(items[0][0]) != "NEGATE":
        return sorted(members)
    usual = [character for character in _CHARACTERS if character not in members]
    return usual or [c for c in map(chr, range(0x21, 0x7F)) if c not in members]
