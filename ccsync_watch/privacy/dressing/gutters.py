"""What programs print before each line: a number, a file's name, the mark of a quote."""

from __future__ import annotations

import re

from ccsync_watch.privacy.detect.name_patterns import PASSWORD_WORDS, TOKEN_WORDS
from ccsync_watch.privacy.dressing.row import Dressing
from ccsync_watch.privacy.engine.text_views import Edit

_NUMBERED = (
    r"(?:[ ]{0,8}[0-9]{1,6}(?:\xe2\x86\x92|\t|[:-])|"
    r"[\w./@-]{1,100}(?::[0-9]{1,6}:|-[0-9]{1,6}-|:(?=[ \t]))|"
    r"(?:[>#|]|//|\xe2\x94\x82)[ ]|[+-](?=[ \t<\"'\w]))"
)
_TRIGGER = (
    r"(?:[ ]{0,8}[0-9]{1,6}(?:\xe2\x86\x92|\t|[:-])|"
    r"[\w./@-]{1,100}(?::[0-9]{1,6}:|-[0-9]{1,6}-|:[ \t])|"
    r"(?:[>#|]|//|\xe2\x94\x82)[ ]|[+-][ \t<\"'\w])"
)
_END = (
    r"[\"'`]?(?:,[\w ,]{1,60}|:?[ ]?[>|][+-]?|[ ]?[={\[]|</[a-z]{1,10}>|"
    r"[^\n;()=]{0,48}(?::|reset\.))?"
)
"""After the name: a block or list begins, or other columns, or nothing follows."""
_NAME = (
    rf"(?:(?:{PASSWORD_WORDS}|{TOKEN_WORDS})[\w-]{{0,24}}{_END}|"
    r"[ ]PRIVATE[ ]KEY-----|Private-Lines:[ ][0-9]{1,4}|backup[ ]codes?:?)"
)
_BORDER = "\u2502".encode()
_LAST_BORDER = r"\xe2\x94\x82(?<=[ ]\xe2\x94\x82)(?=\r?\n)"
_WIDEST = 80
"""How many blanks before a border at a line's end belong to it."""
_MARKS = b">#|/\x82"
"""After one of them, a blank is a part of what stands before the line."""
_LONGEST_LINE = 400
_GUTTER_ENDS = b"0123456789:-"
_WORDS = re.compile(
    rb"_pat(?:h|tern|che?)|-pat(?:h|tern|che?)|pass(?<![a-z]pass)(?:e[ds]|ing|ive|age)|tokeni|"
    rb"\): pass\Z|except: pass\Z|else: pass\Z|try: pass\Z|finally: pass\Z|"
    rb"error: pass\Z|exception: pass\Z"
)
"""What is written as secrets' names are, and is none; in lower case."""
_NAMES = re.compile(rf"{PASSWORD_WORDS}|{TOKEN_WORDS}|private|backup".encode("latin-1"))


def _is_code(data: bytes, end: int) -> bool:
    """Tell whether no secret's name is in the line before the one that a hit ends in."""
    line_end = data.rfind(b"\n", 0, end)
    line_start = data.rfind(b"\n", max(0, line_end - _LONGEST_LINE), line_end) + 1
    line = data[line_start or max(0, line_end - _LONGEST_LINE) : line_end]
    if line.endswith(b"    pass"):
        words = line.split()
        if len(words) == 1 or (len(words) == 2 and words[0][-1:] in _GUTTER_ENDS):  # noqa: PLR2004 - two words
            return True
    rest, count = _WORDS.subn(b"", line.lower())
    return count > 0 and not _NAMES.search(rest)


def _undress(match: re.Match[bytes]) -> tuple[Edit, ...]:
    """Remove what is after a line's end, or at it with the blanks before."""
    data, start, end = match.string, match.start(), match.end()
    if match[0] == _BORDER:
        low = max(0, start - _WIDEST)
        start = low + len(data[low:start].rstrip(b" "))
        start += start > 0 and data[start - 1] in _MARKS
    elif data.startswith(b"\n", start):
        start += 1
    return (Edit(start, end, b""),)


ROWS: tuple[Dressing, ...] = (
    Dressing(
        "gutter",
        "what stands before each line, after one with the name of a secret on the next",
        rf"{_NAME}[ ]?(?:\xe2\x94\x82)?\n" + _TRIGGER,
        rf"\n{_NUMBERED}|{_LAST_BORDER}|(?<![^\n]){_NUMBERED}",
        _undress,
        is_caseless=True,
        lone_pattern=rf"\n{_NUMBERED}|{_LAST_BORDER}",
        is_ordinary=_is_code,
    ),
)
