"""Distinguishes the numbers of a table of names from secrets: a vocabulary, frequencies, counters.

`{"token": 19204, "password": 20786, "##ing": 1234}`. All values around are integers, and at least
three of them; a number that is a password has texts around it.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.name_patterns import name_start
from ccsync_watch.privacy.heuristics.name_strength import is_code_name
from ccsync_watch.privacy.heuristics.words import load_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LEAST_NEIGHBOURS = 3
_REACH = 320
_MOST_READ = 64
"""Of an object's members: one may have a million."""
_COUNT = re.compile(r"[0-9]{1,9}")
_JOINT = re.compile(rb",|\r?\n|\\n")
_NAME = (
    rb"(?:(?P<open>\\{0,7}[\"'])(?P<quoted>[^\n]{1,48}?)(?P=open)|(?P<bare>[^\s\"'{}()=:,]{1,48}))"
)
_PAIR = re.compile(
    rb"[ \t]{0,40}(?:[0-9]{1,7}(?:\t|\xe2\x86\x92)[ \t]{0,40})?"
    rb"(?P<first>[^\n]{0,80}[{(\[][ \t]{0,8})?"
    + _NAME
    + rb"[ ]?(?::|=>|=)[ \t]{0,8}-?[0-9]{1,12}[ \t]{0,8}(?P<last>[})\]][^\n]*)?"
)
_BEGINS = re.compile(
    rb"[ \t]{0,40}(?:[0-9]{1,7}(?:\t|\xe2\x86\x92)[ \t]{0,40})?\\{0,7}[\"']?[\x80-\xff#@]{0,8}"
)
_OPENS = re.compile(rb"[^\n]{0,120}[{(\[][ \t]{0,8}\\{0,7}[\"']?[\x80-\xff#@]{0,8}")
_ENDS = re.compile(rb"[ \t]{0,8}(?:[})\]]|\Z)")
_SETTINGS = frozenset(load_words("setting_names"))
_WORD = re.compile(r"[A-Za-z]+")


def is_counted_name(data: bytes, name: str, start: int, value: tuple[int, int]) -> bool:
    """Tell whether the value of a name at `start` is a number in a table of such."""
    first, last = value
    start = name_start(data, start)
    if not data[first:last].isdigit() or not _may_count(name, data[first:last].decode()):
        return False
    before = _pieces_before(data[max(0, start - _REACH) : start])
    after = _pieces_after(data[last : last + _REACH])
    names = [*_names(before, "first", "last"), *_names(after, "last", "first")]
    return None not in names and _are_counted(filter(None, names))


def is_counted_member(members: Mapping[str, object], name: str) -> bool:
    """Tell whether the member of an object is a number among such."""
    if type(members[name]) is not int or len(members) <= _LEAST_NEIGHBOURS:
        return False
    if not _may_count(name, str(members[name])):
        return False
    if not all(type(value) is int for value in islice(members.values(), _MOST_READ)):
        return False
    others = (other for other in members if other != name)
    return _are_counted(islice(others, 2 * _LEAST_NEIGHBOURS))


def _may_count(name: str, digits: str) -> bool:
    return not (is_code_name(name) or "pin" in name.lower()) and bool(_COUNT.fullmatch(digits))


def _are_counted(names: Iterable[str]) -> bool:
    """Tell whether so many names are not settings, of which a password may be one."""
    neighbours = list(names)
    words = {word.lower() for name in neighbours for word in _WORD.findall(name)}
    return len(neighbours) >= _LEAST_NEIGHBOURS and _SETTINGS.isdisjoint(words)


def _pieces_before(text: bytes) -> list[bytes]:
    """Return the pairs before a name, the nearest first."""
    pieces = _JOINT.split(text)
    own = pieces.pop()
    is_first = _BEGINS.fullmatch(own) is None
    return [] if is_first and _OPENS.fullmatch(own) else pieces[::-1]


def _pieces_after(text: bytes) -> list[bytes]:
    """Return the pairs after a value; with what else is on its line, which is not a pair."""
    pieces = _JOINT.split(text)
    if not pieces[0].strip():
        return pieces[1:]
    return [] if _ENDS.match(pieces[0]) else pieces


def _names(pieces: Iterable[bytes], edge: str, other: str) -> list[str | None]:
    """Return the names of the next pairs, as far as they are read; None for what is not a pair.

    The group `edge` of a pair is where a table ends, `other` where another one does.
    """
    names: list[str | None] = []
    for piece in filter(bytes.strip, pieces):
        if len(names) == _LEAST_NEIGHBOURS or _is_outside(piece):
            break
        pair = _PAIR.fullmatch(piece)
        if pair is None or pair[other]:
            return [*names, None]
        names.append((pair["quoted"] or pair["bare"]).decode("utf-8", "replace"))
        if pair[edge]:
            break
    return names


def _is_outside(piece: bytes) -> bool:
    """Tell whether a line only opens or closes a table, or is the heading of one."""
    return piece.strip().endswith((b"{", b"(", b"[", b":")) or piece.strip()[:1] in b"})]"
