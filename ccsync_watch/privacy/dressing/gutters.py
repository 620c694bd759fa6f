"""What programs print before each line: a number, a file's name, the mark of a quote."""

from __future__ import annotations

from ccsync_watch.privacy.detect.name_patterns import PASSWORD_WORDS, TOKEN_WORDS
from ccsync_watch.privacy.dressing.row import Dressing, removed

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

ROWS: tuple[Dressing, ...] = (
    Dressing(
        "gutter",
        "what stands before each line, after one with the name of a secret on the next",
        rf"{_NAME}[ ]?(?:\xe2\x94\x82)?\n" + _TRIGGER,
        rf"(?:(?:(?<=\n)|\A){_NUMBERED}|[ ]{{1,80}}\xe2\x94\x82(?=\r?\n))",
        removed,
        is_caseless=True,
    ),
)
