"""What the scan searches for where values are broken in two: by a line's end or by code.

A trigger is a secret's beginning before such a place. Places alone are too many: every line has an
end, and code is full of strings.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.name_patterns import PASSWORD_WORDS, TOKEN_WORDS
from ccsync_watch.privacy.detect.vendors import VENDORS
from ccsync_watch.privacy.engine.pattern_syntax import HEAD, heads
from ccsync_watch.privacy.engine.scanner import Trigger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BORDER = r"(?:\xe2\x94[\x82\x83]|\xe2\x95\x91|\|)"
"""What frames a text on a terminal."""
JOINT = r"(?:\+|\.{1,2}|&|~|\|\||<>|\+\+)"
"""What joins two strings in some language."""

_LINE_END = rf"(?:[ ]{{0,2}}{BORDER}[ ]{{0,2}})?\$?\r?\n"
_MARK = rf"(?:{BORDER}|[>#+])[ ]{{0,4}}"
_LINE_START = rf"[ \t]{{0,12}}(?:{_MARK})?"
_STRING_END = rf"\\{{0,7}}[\"'`][ \t]{{0,4}}(?:{JOINT}[ \t\r\n\"'`]|\\?\n|[\"'`])"
_END = f"(?:{_LINE_END}|{_STRING_END})"
_TOKEN = r"[A-Za-z0-9_=+/.~%-]"  # noqa: S105 - an alphabet
_LONGEST_REST = 120
_REST = re.compile(f"{_TOKEN}*".encode("latin-1"))
_BREAK = re.compile(_END.encode("latin-1"))
_BREAK_STARTS = frozenset(bytes([code]) for code in b" \xe2|$\r\n\\\"'`")
"""What `_BREAK` begins with."""
_NAMED = (
    rf"(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|passwords?[ ]is)[\w-]{{0,24}}"
    r"[ \t:=\"'`*>|\\]{1,16}"
)
"""A secret's name and what joins it to its value."""
_VALUE = r"[^\s]{0,120}[^\s;,(){}]"
_LEAST_HEAD = 3
_LEAST_BODY = 10
"""After a short beginning, which words have too."""
_SPLIT_NAMES = ("password", "passwd", "secret", "token", "api_key", "apikey", "authorization")
_SPLIT_HEADS = ("ghp_", "github_pat_", "sk-ant-", "sk-proj-", "sk_live_", "xoxb-", "AKIA", "glpat-")


@lru_cache(maxsize=1)
def break_triggers() -> tuple[Trigger, ...]:
    """Return the triggers: tokens' beginnings, named values before a break, words split in two.

    Whether a break follows the first, `breaks_after` says: that makes the scan simpler.
    """
    beginnings = sorted(
        head
        for head in {head for row in VENDORS if not row.anchor for head in heads(row.trigger)}
        if len(head) >= _LEAST_HEAD and not (head.isalpha() and head.islower())
    )
    tokens = [
        re.escape(head) + ("" if len(head) == HEAD else f"{_TOKEN}{{{_LEAST_BODY}}}")
        for head in beginnings
    ]
    return (
        Trigger(f"(?:{'|'.join(tokens)})", is_caseless=False),
        Trigger(f"{_NAMED}{_VALUE}{_END}", is_caseless=True),
        Trigger(rf"://[^\s/:@]{{0,60}}:{_VALUE}{_END}", is_caseless=False),
        *(Trigger(_split(name), is_caseless=True) for name in _SPLIT_NAMES),
        *(Trigger(_split(head), is_caseless=False) for head in _SPLIT_HEADS),
        Trigger(_without_first(_SPLIT_NAMES), is_caseless=True),
        Trigger(_without_first(_SPLIT_HEADS), is_caseless=False),
    )


def breaks_after(data: bytes, ends: Iterable[int]) -> Iterator[int]:
    """Yield where breaks end after tokens whose beginnings end at `ends`; a run is read once."""
    first = last = -1
    is_broken = False
    for end in ends:
        if not first <= end <= last:
            rest = _REST.match(data, end)
            first, last = end, rest.end() if rest else end
            is_broken = False
        if not is_broken and last - end <= _LONGEST_REST and data[last : last + 1] in _BREAK_STARTS:
            is_broken = True
            match = _BREAK.match(data, last)
            if match is not None:
                yield match.end()


def _split(word: str) -> str:
    """Return a pattern for a word with a line's end after any of its letters but the first."""
    breaks = (
        f"{re.escape(word[:size])}{_LINE_END}{_LINE_START}{re.escape(word[size:])}"
        for size in range(2, len(word))
    )
    return f"(?:{'|'.join(breaks)})"


def _without_first(words: Iterable[str]) -> str:
    """Return a pattern for lines that begin with a word whose first letter is missing.

    Hyperscan overlooks the shortest starts of a line if all are written as one.
    """
    rest = f"(?:{'|'.join(re.escape(word[1:]) for word in words)})"
    return rf"\n[ \t>#+|]?{rest}|\n[ \t]{{2,12}}{rest}|\n[ \t]{{0,12}}{_MARK}{rest}"
