"""Texts in parts: strings that code joins, arguments in lists and in quotes, marks of changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.dressing.breaks import JOINT
from ccsync_watch.privacy.dressing.row import Dressing, removed
from ccsync_watch.privacy.engine.text_views import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUOTE = r"\\{0,7}[\"'`]"
_EDGE = r"[^\s\"'`\\,(){}\[\]<>]"
_CLOSING_QUOTE = rf"[\"'`\\](?<={_EDGE}[\"'`\\])(?:(?<=[\"'`])|(?<=\\)\\{{0,6}}[\"'`])"
"""A quote at the end of a string, spelt so that `re` looks for its first character first."""
_GAP = r"(?:\s|\\{1,4}(?:\r?\n|[nt])){0,60}"
_OPENED = re.compile(
    rb"(?:[=(:\[{,>][ \t]{0,8}|(?:^|\n)[ \t]{0,40}|"
    rb"#define[ \t]{1,8}\w{1,60}[ \t]{1,40})\\{0,7}[\"'`][^\"'`\n]{0,400}\Z"
)
"""What is before the joint of two strings in code."""
_DOUBLE = r"\\{0,7}\"(?:[^\"\\\n]|\\+[^\"\\\n]){0,200}?\\{0,7}\""
_SINGLE = _DOUBLE.replace('"', "'")
_ITEM = f"(?:{_DOUBLE}|{_SINGLE})"
_LIST = rf"\[\s{{0,40}}{_ITEM}(?:,\s{{0,40}}{_ITEM}){{1,40}}"
_PROGRAM = re.compile(rf"{_QUOTE},\s{{0,8}}\Z".encode())
"""Before a list of its arguments: `spawn('mysql', ['-p…'])`."""
_BETWEEN = re.compile(rf"\[\s{{0,40}}{_QUOTE}|{_QUOTE},\s{{0,40}}{_QUOTE}".encode())
_BETWEEN_PIECES = re.compile(rf"{_QUOTE},\s{{0,40}}{_QUOTE}".encode())
_JOIN = re.compile(rb"[\"']{2}\.join\(\Z")
_HAS_FLAG = re.compile(rf",\s{{0,40}}{_QUOTE}-".encode())


def _join_neighbours(match: re.Match[bytes]) -> Iterator[Edit]:
    """Join two strings with nothing but blanks between; in a command they are two arguments."""
    start = match.start()
    if _OPENED.search(match.string, max(0, start - 420), start):
        yield Edit(start, match.end(), b"")


def _write_command(match: re.Match[bytes]) -> Iterator[Edit]:
    """Write a list of arguments as the command that it stands for."""
    if _HAS_FLAG.search(match[0]) is None:
        return
    start = match.start()
    program = _PROGRAM.search(match.string, max(0, start - 16), start)
    for edge in _BETWEEN.finditer(match.string, start, match.end()):
        opens = edge.start() == start and program is not None
        yield Edit(program.start() if opens and program else edge.start(), edge.end(), b" ")


def _join_pieces(match: re.Match[bytes]) -> Iterator[Edit]:
    """Write a list of strings as one string, which joins them; and no call before it."""
    start, end = match.span()
    call = _JOIN.search(match.string, max(0, start - 16), start)
    yield Edit(call.start() if call else start, start + 1, b"")
    for edge in _BETWEEN_PIECES.finditer(match.string, start + 1, end):
        yield Edit(*edge.span(), b"")
    yield Edit(end - 1, end, b"")


def _unquote(match: re.Match[bytes]) -> Iterator[Edit]:
    """Take the quotes from an argument, as the shell does."""
    start, end = match.span()
    quote = 1
    yield Edit(start, start + quote, b"")
    yield Edit(end - quote, end, b"")


ROWS: tuple[Dressing, ...] = (
    Dressing(
        "arguments",
        "a list of arguments",
        r"[\"'],(?: |\n)?\\{0,7}[\"']-[A-Za-z-]",
        _LIST,
        _write_command,
    ),
    Dressing(
        "argument",
        "a flag in quotes",
        r"[ \t][\"']-[A-Za-z-][^\"'\s]{4}",
        r"(?<=[ \t])(?:\"-[A-Za-z-][^\"'\s\\]{2,200}\"|'-[A-Za-z-][^\"'\s\\]{2,200}')"
        r"(?![^\s;|&)\\])",
        _unquote,
    ),
    Dressing(
        "pieces",
        "a list of pieces that are joined to one string",
        r"(?:[\"']\s{0,40}\]\.(?:join|implode)\([\"']{2}\)|[\"']{2}\.join\(\[)",
        rf"\[\s{{0,40}}{_ITEM}(?:,\s{{0,40}}{_ITEM}){{1,128}}\s{{0,40}}\]",
        _join_pieces,
    ),
    Dressing(
        "struck",
        "marks of a text that was struck out",
        r"~~[^\s~]",
        r"~~(?=[^\s~])|(?<=[^\s~])~~",
        removed,
    ),
)

JOINED: tuple[Dressing, ...] = (
    Dressing(
        "joined",
        "two strings that an operator joins",
        "",
        rf"{_CLOSING_QUOTE}{_GAP}{JOINT}(?:[ ]_)?{_GAP}[bfru]{{0,2}}{_QUOTE}(?={_EDGE})",
        removed,
    ),
    Dressing(
        "joined",
        "two strings side by side",
        "",
        rf"{_CLOSING_QUOTE}{_GAP}[bfru]{{0,2}}{_QUOTE}(?={_EDGE})",
        _join_neighbours,
    ),
)
"""Where a value is broken off: see `breaks`."""

_CHANGES = r"(?:\[-[^\n\[\]]{1,100}-\]|\{\+[^\n]{2})"
NEW = Dressing(
    "new", "the new words of a change", _CHANGES, r"\[-[^\n]{1,800}?-\]|\{\+|\+\}", removed
)
OLD = Dressing(
    "old", "the old words of a change", _CHANGES, r"\{\+[^\n]{1,800}?\+\}|\[-|-\]", removed
)
