"""Reads from a trigger's pattern how long its matches are, how they begin, and what they contain.

Knows the syntax that triggers are written in, which every engine shares: literals, escapes,
classes, groups, alternatives and counted repeats. An unbounded repeat raises ValueError: it would
let an engine do more than a constant amount of work for each byte.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_COUNT = re.compile(r"\{(\d+)(,?)(\d*)\}")
_FLAGS = re.compile(r"\(\?(?:-?i|P<\w+>)?:?")


def width(pattern: str) -> tuple[int, int]:
    """Return the least and greatest length of a match, in bytes; raise ValueError if unbounded."""
    low, high, position = _width_of_alternatives(pattern, 0)
    if position != len(pattern):
        raise ValueError(f"unbalanced bracket at {position} of {pattern!r}")
    return low, high


def _width_of_alternatives(pattern: str, position: int) -> tuple[int, int, int]:
    low, high, position = _width_of_sequence(pattern, position)
    while pattern[position : position + 1] == "|":
        other_low, other_high, position = _width_of_sequence(pattern, position + 1)
        low, high = min(low, other_low), max(high, other_high)
    return low, high, position


def _width_of_sequence(pattern: str, position: int) -> tuple[int, int, int]:
    low = high = 0
    while position < len(pattern) and pattern[position] not in "|)":
        item_low, item_high, position = width_of_item(pattern, position)
        least, most, position = read_repeat(pattern, position)
        low += item_low * least
        high += item_high * most
    return low, high, position


def width_of_item(pattern: str, position: int) -> tuple[int, int, int]:
    """Return the least and greatest length of one item without its repeat, and where it ends."""
    character = pattern[position]
    if character == "(":
        low, high, position = _width_of_alternatives(pattern, opening_end(pattern, position))
        return low, high, position + 1
    if character == "[":
        return 1, 1, _class_end(pattern, position)
    if character == "\\":
        return 1, 1, position + (4 if pattern[position + 1] == "x" else 2)
    return 1, 1, position + 1


def opening_end(pattern: str, position: int) -> int:
    """Return where the content of a group begins whose bracket is at `position`."""
    opening = _FLAGS.match(pattern, position)
    return opening.end() if opening else position + 1


def _class_end(pattern: str, position: int) -> int:
    position += 2 if pattern[position + 1] == "^" else 1
    position += pattern[position] == "]"
    while pattern[position] != "]":
        position += 2 if pattern[position] == "\\" else 1
    return position + 1


def read_repeat(pattern: str, position: int) -> tuple[int, int, int]:
    """Return how often the item before is repeated, at least and at most, and where that ends."""
    character = pattern[position : position + 1]
    if character == "?":
        return 0, 1, position + 1
    if character and character in "*+":
        raise ValueError(f"unbounded repeat at {position} of {pattern!r}")
    count = _COUNT.match(pattern, position)
    if count is None:
        return 1, 1, position
    least = int(count[1])
    if count[2] and not count[3]:
        raise ValueError(f"unbounded repeat at {position} of {pattern!r}")
    end = count.end()
    end += pattern[end : end + 1] == "?"
    return least, int(count[3]) if count[3] else least, end


def alternatives(pattern: str, position: int = 0) -> list[str]:
    """Return the alternatives of the pattern, or of the group whose content is at `position`."""
    parts: list[str] = []
    start = position
    while position < len(pattern) and pattern[position] != ")":
        if pattern[position] == "|":
            parts.append(pattern[start:position])
            start = position = position + 1
            continue
        _, _, position = width_of_item(pattern, position)
        _, _, position = read_repeat(pattern, position)
    return [*parts, pattern[start:position]]


def divided(pattern: str, most: int) -> list[str]:
    """Return patterns that together match the same, none of which begins as many words do.

    Of a sequence with a group of more than `most` alternatives, each has so many of these.
    """
    if pattern.count("|") < most or len(alternatives(pattern)) > 1:
        return [pattern]
    position = 0
    while position < len(pattern):
        start = position
        _, _, closing = width_of_item(pattern, start)
        least, greatest, position = read_repeat(pattern, closing)
        if pattern[start] != "(" or (least, greatest) != (1, 1):
            continue
        opening = opening_end(pattern, start)
        inner = alternatives(pattern, opening)
        if len(inner) > most:
            head, tail = pattern[:opening], pattern[closing - 1 :]
            return [
                head + "|".join(inner[first : first + most]) + tail
                for first in range(0, len(inner), most)
            ]
    return [pattern]


_NO_LITERAL = re.compile(
    r"\\[sSdDwWb]|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[0-9,]+\}|\(\?(?:-?i)?:|[()?.|]"
)
_ESCAPE = re.compile(r"\\x[0-9a-f]{2}|\\.")
_TWO_LITERALS = re.compile(r"[^\x00]{2}")


def has_literal(pattern: str) -> bool:
    """Tell whether two bytes next to each other are written out anywhere in a pattern."""
    literals = _ESCAPE.sub("~", _NO_LITERAL.sub("\0", pattern))
    return _TWO_LITERALS.search(literals) is not None


HEAD = 4
"""How many characters of a match's beginning are read."""

_MOST_HEADS = 600


def heads(pattern: str) -> frozenset[str]:
    """Return how matches can begin, up to four characters; `""` means "in any way"."""
    beginnings, _, _ = _heads_of_alternatives(pattern, 0)
    if len(beginnings) > _MOST_HEADS:
        return frozenset({""})
    # A shorter beginning covers the longer ones that start with it.
    return frozenset(
        head
        for head in beginnings
        if not any(head[:size] in beginnings for size in range(len(head)))
    )


def _heads_of_alternatives(pattern: str, position: int) -> tuple[set[str], bool, int]:
    """Return the beginnings, whether each is all of its alternative, and where that ends."""
    heads_so_far, is_whole, position = _heads_of_sequence(pattern, position)
    while pattern[position : position + 1] == "|":
        more, also_whole, position = _heads_of_sequence(pattern, position + 1)
        heads_so_far, is_whole = heads_so_far | more, is_whole and also_whole
    return heads_so_far, is_whole, position


def _heads_of_sequence(pattern: str, position: int) -> tuple[set[str], bool, int]:
    heads_so_far, is_open = {""}, True  # open: what follows can still be read
    while position < len(pattern) and pattern[position] not in "|)":
        item = position
        if pattern[item] == "(":
            next_heads, is_whole, position = _heads_of_alternatives(
                pattern, opening_end(pattern, item)
            )
            position += 1
        else:
            _, _, position = width_of_item(pattern, item)
            next_heads = _first_characters(pattern[item:position])
            is_whole = "" not in next_heads
        least, most, position = read_repeat(pattern, position)
        if not is_open:
            continue
        if least == 0:
            next_heads = next_heads | {""}
            is_whole = is_whole and most == 1
        heads_so_far = {(head + more)[:HEAD] for head in heads_so_far for more in next_heads}
        is_open = is_whole and least <= 1 and most == 1 and len(heads_so_far) <= _MOST_HEADS
    return heads_so_far, is_open, position


def _first_characters(item: str) -> set[str]:
    """Return the characters that an item matches; `""` when they are many."""
    if item[0] == "[":
        inside = item[1:-1]
        if inside[0] == "^" or "\\s" in inside or "\\w" in inside:
            return {""}
        members: set[str] = set()
        for member, last in _MEMBER.findall(inside):
            first = member[1:] if member in {"\\.", "\\-"} else _character_of(member) or member
            if len(first) != 1:
                return {""}
            end = (_character_of(last) or last) if last else first
            members.update(map(chr, range(ord(first), ord(end) + 1)))
        return members if len(members) <= _FEW else {""}
    return {_character_of(item)}


def _character_of(item: str) -> str:
    """Return the one character that an item matches, or nothing when it matches several."""
    if len(item) == 1:
        return "" if item in ".^$" else item
    if item.startswith("\\x"):
        return chr(int(item[2:4], 16))
    return _CONTROLS.get(item[1], "" if item[1].isalnum() else item[1])


_FEW = 10
_MEMBER = re.compile(r"(\\x[0-9a-f]{2}|\\.|.)(?:-(\\x[0-9a-f]{2}|.))?", re.DOTALL)
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r"}


def required(pattern: str) -> str:
    """Return the longest text that every match contains; only text outside groups counts."""
    best = current = ""
    position = 0
    while position < len(pattern):
        if pattern[position] == "|":
            return ""
        item = position
        _, _, position = width_of_item(pattern, position)
        end = position
        least, most, position = read_repeat(pattern, position)
        character = _character_of(pattern[item:end]) if pattern[item] not in "([" else ""
        current = current + character if character and least == most == 1 else ""
        best = max(best, current, key=len)
    return best


def prefix_tree(words: Sequence[str]) -> str:
    """Return a pattern for any of `words`, longest first, that tries each first letter once.

    `re` tries the alternatives of a plain list one by one at every byte.
    """
    return f"(?:{_branches(words)})"


def _branches(words: Sequence[str]) -> str:
    """Return the alternatives for any of `words`, without brackets around a single one."""
    if len(words) == 1:
        return re.escape(words[0])
    heads: dict[str, list[str]] = {}
    for word in words:
        heads.setdefault(word[:1], []).append(word[1:])
    branches = []
    for head, tails in heads.items():
        rest = _branches([tail for tail in tails if tail]) if any(tails) else ""
        if rest and ("" in tails or "|" in rest):
            rest = f"(?:{rest})" + ("?" if "" in tails else "")
        branches.append(re.escape(head) + rest)
    return "|".join(branches)
