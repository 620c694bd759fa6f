"""Finds secrets by their position in commands and directives, as a table of usages says.

A usage is a line as a manual has it: `radtest <user> SECRET <host>`. What a program calls its
arguments does not matter, so that a word of any form is found there; a name, a path and a dummy
value are not secrets even there.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.engine.pattern_syntax import prefix_tree
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    Hits,
    StructuralRule,
    at_groups_of_hits,
    text_of,
    window,
)
from ccsync_watch.privacy.heuristics.password_forms import is_positional_secret
from ccsync_watch.privacy.heuristics.programs import load_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

_REACH = 256
"""No more is between the first word of a usage and the end of what the scan looks for, in bytes."""
_AFTER = 640
_BLANK = r"(?:[ \t]{1,16}|[ \t]{0,4}\\{1,4}\r?(?:\n|n)[ \t]{0,16})"
"""Between words; a line may continue after a backslash."""
_GAP = rf"(?:{_BLANK}(?:[^\n\r|;]|(?<=\\)\n){{0,200}}?)?{_BLANK}"
_QUOTE = r"\\{0,7}[\"']?"
_ANY_WORD = r"(?!-)(?:\\{0,7}[\"'][^\"'\n]{1,100}\\{0,7}[\"']|[^\s\"'|;&]{1,100})"
_PART = r"[^\s\"'/,:@%=|;&]{1,80}"
_FILE = r"[^\s\"':,@%=|;&]{1,120}"
_HIDDEN = (
    r"(?:\\{{0,7}}(?:'(?=\\{{0,7}}\")|\"(?=')))?\\{{0,7}}(?P<quote>[\"'])?"
    r"(?P<secret>(?(quote)[^\"'\n\r\\]{{1,512}}|[^\s\"'`|;&<>\\{excluded}]{{1,512}}))"
)
_TOKEN = re.compile(r"\s*(?:(?P<gap>\.\.\.)|\[(?P<maybe>[^\s]+)\]|(?P<word>[^\s]+))(?=\s|$)")
_PIECE = re.compile(r"<[a-z]+>|SECRET|\((?P<either>[^()\s]+\|[^()\s]+)\)|~|.")
_FIXED = re.compile(r"(?!\.\.\.)(?:(?!SECRET)[^\s<(\[~])+")
_FIRST = re.compile(r"[^\s<(\[~]+?(?=[<(\[~\s]|SECRET)")
_LINE_BEGINS = re.compile(
    rb"(?:\A|\n|\\n)[^\w\n]{0,12}(?:\d{1,6}(?:\xe2\x86\x92|\t|:|-))?(?:[\w./-]{1,60}(?::\d{1,6})?[:>#-])?"
    rb"[ \t+>|-]{0,24}\Z"
)


class PositionalUsage(NamedTuple):
    """A usage: its pattern, and whether it begins a line."""

    pattern: re.Pattern[bytes]
    begins_line: bool


def head_of(line: str) -> str:
    """Return the words that a usage begins with, in lower case: at least a part of the first.

    ValueError if nothing in it is fixed, or not one SECRET.
    """
    text = line.removeprefix("^")
    words = list(takewhile(_is_fixed, text.split(" ")))
    first = _FIRST.match(text)
    if text.count("SECRET") != 1 or (first is None and not words):
        raise ValueError(f"a usage begins with a word and has one SECRET: {line!r}")
    return " ".join(words or [first[0] if first else ""]).lower()


@cache
def read_usage(line: str) -> PositionalUsage:
    """Return the usage in a line of the table."""
    begins_line = line.startswith("^")
    text = line.removeprefix("^")
    parts: list[str] = []
    joint = ""
    for token in _TOKEN.finditer(text):
        if token["gap"]:
            joint = _GAP
        elif token["maybe"]:
            maybe = f"({token['maybe']})" if "|" in token["maybe"] else token["maybe"]
            parts.append(f"(?:{joint}{_QUOTE}{_word(maybe)})?")
            joint = _BLANK
        elif token["word"] == "~":
            joint = f"(?:{_BLANK})?"
        else:
            follows = text[token.end() :].strip()
            parts.append(joint + _word(token["word"], is_first=not parts, is_last=not follows))
            joint = f"(?:{_BLANK})?" if joint == f"(?:{_BLANK})?" and not follows else _BLANK
    return PositionalUsage(re.compile("".join(parts).encode(), re.IGNORECASE), begins_line)


def _is_fixed(word: str) -> bool:
    return _FIXED.fullmatch(word) is not None


def _word(word: str, *, is_first: bool = False, is_last: bool = True) -> str:
    """Return the pattern of one word of a usage."""
    if re.fullmatch(r"<[a-z]+>", word):
        return r"[0-9]{1,5}" if word == "<port>" else _ANY_WORD
    pieces = list(_PIECE.finditer(word))
    parts: list[str] = [] if is_first or word.startswith("SECRET") else [_QUOTE]
    for index, piece in enumerate(pieces):
        text = piece[0]
        if text == "SECRET":
            following = word[piece.end() :]
            excluded = re.escape(following[:1]) if following else ""
            parts.append(_HIDDEN.format(excluded=excluded))
            parts.append("" if is_last and not following else _QUOTE)
        elif piece["either"]:
            parts.append(f"(?:{'|'.join(map(re.escape, piece['either'].split('|')))})")
        elif text == "~":
            parts.append(r"[ \t]{0,4}")
        elif len(text) > 1:
            parts.append(_FILE if text == "<file>" else _PART)
        elif text == '"':
            parts.append(r"\\{0,7}[\"']")
        elif text.isalpha() and _is_short_flag(word):
            parts.append(f"(?-i:{text})")
        else:
            is_sign = index + 1 < len(pieces) and text in "=:/,%" and index
            parts.append(
                re.escape(text) + (_QUOTE if is_sign and _is_value(pieces[index + 1]) else "")
            )
    return "".join(parts)


def _is_short_flag(word: str) -> bool:
    """Tell whether a word is an option of one letter, of which capitals are others."""
    return re.match(r"-[A-Za-z](?:~|SECRET|$)", word) is not None


def _is_value(piece: re.Match[str]) -> bool:
    return piece[0].startswith("<")


_LINES: dict[bytes, list[str]] = {}
"""Usages by the words that they begin with."""
for _line in load_lines("secret_arguments"):
    _LINES.setdefault(head_of(_line).encode(), []).append(_line)

_HEADS = sorted(head.decode() for head in _LINES)
_DIRECTIVE = re.compile(r"\^[^\s<]+ <[a-z]+> (?P<word>[\w-]+) ")


def _start_of(head: str) -> str:
    """Return the pattern for what the scan looks for of a head: its words, and a blank or a sign.

    Where every usage has the same word as its third, as `^user <user> password SECRET`, that word
    too: the first alone is in every list of files of somebody called that.
    """
    thirds = [_DIRECTIVE.match(line) for line in _LINES[head.encode()]]
    words = sorted({third["word"].lower() for third in thirds if third})
    if not all(thirds):
        return re.escape(head)
    return rf"{re.escape(head)}[ \t]{{1,16}}[^\s]{{1,100}}[ \t]{{1,16}}{prefix_tree(words)}"


_HEADS_OF_RULE = 160
"""Of more heads the scan's pattern would be too long for an engine."""


def _rule_of(heads: list[str]) -> StructuralRule:
    """Return the rule for the usages that begin with some of the heads."""
    plain = {head: _start_of(head) for head in heads if head[0].isalnum()}
    words = prefix_tree([head for head, start in plain.items() if start == re.escape(head)])
    longer = [start for head, start in plain.items() if start != re.escape(head)]
    signed = [head for head in heads if not head[0].isalnum()]

    @cache
    def compile_heads() -> re.Pattern[bytes]:
        # What is before a head comes first: `re` looks for such bytes fast.
        return re.compile(rf"[^\w.-](?=(?P<head>{prefix_tree(heads)}))".encode())

    @at_groups_of_hits
    def find_positional_secrets(data: bytes, hits: Hits) -> Iterator[Span]:
        """Yield what stands where a usage has its secret."""
        low, high = window(data, hits, _REACH, _AFTER)
        text = b"\n" + data[low : hits.end].lower()
        for head in compile_heads().finditer(text):
            start, end = head.span("head")
            if text[end - 1 : end + 1].isalnum() and end < len(text):
                continue  # a longer word
            start += low - 1
            for line in _lines_at(head):
                yield from _secrets_of(read_usage(line), data, start, high)

    starts = "|".join([words, *longer])
    return StructuralRule(
        "password",
        "a secret where a command or a directive has one by its position",
        rf"(?:\b(?:{starts}){'|' + prefix_tree(signed) if signed else ''})[ \t=]",
        find_positional_secrets,
        pattern="\n".join(line for head in heads for line in _LINES[head.encode()]),
    )


def _lines_at(head: re.Match[bytes]) -> Iterator[str]:
    """Yield the usages that begin where a head was found, those with the longest head first."""
    words = head["head"]
    while words:
        yield from _LINES.get(words, ())
        words = words.rpartition(b" ")[0]


def _secrets_of(usage: PositionalUsage, data: bytes, start: int, high: int) -> Iterator[Span]:
    match = usage.pattern.match(data, start, high)
    if match is None:
        return
    if not usage.begins_line or _LINE_BEGINS.search(data, max(0, start - 80), start):
        span = match.span("secret")
        if is_positional_secret(text_of(data, span)):
            yield Span(*span, "password", Rank.PATTERN)


RULES: tuple[StructuralRule, ...] = tuple(
    _rule_of(_HEADS[first : first + _HEADS_OF_RULE])
    for first in range(0, len(_HEADS), _HEADS_OF_RULE)
)
