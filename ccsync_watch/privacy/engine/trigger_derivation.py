"""Derives the trigger of a rule from its pattern, so that a pattern is written once.

A pattern may use what Python's `re` has: names, lookarounds, back references, lazy repeats and one
without end. A trigger has only what all engines share, and bounded repeats (see `pattern_syntax`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LOOKAROUND = re.compile(r"\(\?<?[=!]")
_BACK_REFERENCE = re.compile(r"\(\?P=\w+\)")
_OPENING = re.compile(r"\((?:\?(?:P<(?P<name>\w+)>|(?P<flag>-?i):|:))?")
_ATOM = re.compile(r"\\x[0-9a-f]{2}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^()|\[\\]", re.DOTALL)
_REPEAT = re.compile(r"(?P<repeat>\?|[*+]|\{(?P<least>\d+)(?:,\d*)?\})\??")


class _Item(NamedTuple):
    """A part of a pattern with its repeat, and the least number of times that it occurs."""

    text: str
    repeat: str
    least: int


def trigger_of(pattern: str, group: str = "secret") -> str:
    """Return the trigger of a pattern: what it matches up to the least that its group can match.

    Lookarounds, back references and names are left out, so that the trigger matches wherever the
    pattern does, and sometimes elsewhere. Without such a group the whole pattern is kept.
    """
    reader = _PatternReader(pattern, group)
    trigger, _ = reader.read_alternatives()
    if reader.position != len(pattern):
        raise ValueError(f"unbalanced bracket at {reader.position} of {pattern!r}")
    return trigger


class _PatternReader:
    """Reads a pattern once from left to right; `position` is where it is."""

    def __init__(self, pattern: str, group: str) -> None:
        self._pattern = pattern
        self._group = group
        self.position = 0

    def read_alternatives(self, *, is_group: bool = False) -> tuple[str, bool]:
        """Return alternatives up to their closing bracket, and whether the group ends any.

        With `is_group` they are the group's own: each is cut to its least.
        """
        branches: list[str] = []
        is_cut = is_group
        while True:
            items, is_branch_cut = self._read_sequence()
            is_cut = is_cut or is_branch_cut
            if is_group:
                items = _cut_to_least(items)
            branches.append("".join(item.text + item.repeat for item in items))
            if not self._pattern.startswith("|", self.position):
                return "|".join(branches), is_cut
            self.position += 1

    def _read_sequence(self) -> tuple[list[_Item], bool]:
        """Return the items up to the next `|` or closing bracket, without those after the group."""
        items: list[_Item] = []
        is_cut = False
        while self.position < len(self._pattern) and self._pattern[self.position] not in "|)":
            text, has_group = self._read_item()
            repeat, least = self._read_repeat()
            if text and not is_cut:
                items.append(_Item(text, "", 1) if has_group else _Item(text, repeat, least))
            is_cut = is_cut or has_group
        return items, is_cut

    def _read_item(self) -> tuple[str, bool]:
        """Return an item as the trigger has it, maybe empty, and whether the group ends it."""
        pattern, start = self._pattern, self.position
        reference = _BACK_REFERENCE.match(pattern, start)
        if reference is not None:
            self.position = reference.end()
            return "", False
        is_lookaround = _LOOKAROUND.match(pattern, start)
        opening = is_lookaround or _OPENING.match(pattern, start)
        if opening is None:
            atom = _ATOM.match(pattern, start)
            if atom is None:
                raise ValueError(f"unbalanced bracket at {start} of {pattern!r}")
            self.position = atom.end()
            return atom[0], False
        self.position = opening.end()
        is_group = not is_lookaround and opening["name"] == self._group
        inside, is_cut = self.read_alternatives(is_group=is_group)
        self.position += 1
        if is_lookaround:
            return "", False
        flag = opening["flag"] or ""
        return f"(?{flag}:{inside})", is_cut

    def _read_repeat(self) -> tuple[str, int]:
        """Return a repeat that is not lazy, and its least number of times."""
        repeat = _REPEAT.match(self._pattern, self.position)
        if repeat is None:
            return "", 1
        self.position = repeat.end()
        if repeat["least"] is not None:
            return repeat["repeat"], int(repeat["least"])
        return repeat["repeat"], int(repeat["repeat"] == "+")


def _cut_to_least(items: list[_Item]) -> list[_Item]:
    """Return the items without optional ones at the end, and the last with its least repeat."""
    while items and items[-1].least == 0:
        items = items[:-1]
    if not items or not items[-1].repeat:
        return items
    last = items[-1]
    return [*items[:-1], last._replace(repeat=f"{{{last.least}}}" if last.least > 1 else "")]
