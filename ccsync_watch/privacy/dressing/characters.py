"""Characters that are not seen, or are seen as others: colours, zero width, blanks, wide forms."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from ccsync_watch.privacy.dressing.row import Dressing, removed, replaced
from ccsync_watch.privacy.engine.text_views import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPE = r"(?:\x1b|\xc2\x9b|\\(?<!\\\\)\\{0,15}(?:u001[bB]|x1[bB]|033|e)|\^\[|\xe2\x90\x9b)"
"""ESC as a terminal gets it, as source code and `cat -v` write it, and its picture."""
_SEQUENCE = (
    _ESCAPE + r"(?:\[[0-?]{0,64}[ -/]{0,4}[@-~]|\][^\x07\x1b\n\\]{0,2048}"
    r"(?:\x07|\x1b\\|\^G|\\{1,16}(?:a|x07|u0007|007))?"
    r"|[PX^_][^\x1b\n]{0,2048}\x1b\\|[()#%*+][0-9A-Za-z]|[=>78cDEHMNOZ])"
)
_LOST_ESCAPE = r"(?:\xef\xbf\xbd|\xe2\x86\x90)?\[(?:[0-9]{1,3}(?:[;:][0-9]{1,3}){0,9})?m|\[K(?=\[m)"
"""A colour whose ESC was lost or replaced on the way."""
_INVISIBLE = (
    r"\xc2\xad|\xcd\x8f|\xe1\xa0\x8e|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|"
    r"\xef\xb8[\x80-\x8f]|\xef\xbb\xbf|\xe1\x85[\x9f\xa0]|\xe3\x85\xa4"
)
_BLANK = r"\xc2\xa0|\xe2\x80[\x80-\x8a\xaf]|\xe2\x81\x9f|\xe3\x80\x80|\xe1\x9a\x80"
_WIDE = r"\xef\xbc[\x81-\xbf]|\xef\xbd[\x80-\x9e]|\xf0\x9d[\x90-\x9f][\x80-\xbf]"
_LONGEST_ENTRY = 262
_ENTRY = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{0,60}=[^\x00\n]{0,200}")
_VARIABLE = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{0,60}=")


def _fold_wide(character: bytes) -> bytes | None:
    folded = unicodedata.normalize("NFKC", character.decode("utf-8", "replace")).encode()
    return folded if len(folded) == 1 else None


def _undress_nul(match: re.Match[bytes]) -> Iterator[Edit]:
    """Remove NULs; before a variable they end a line, as in a process's environment."""
    start, end = match.span()
    is_line = False
    if _VARIABLE.match(match.string, end) is not None:
        low = max(0, start - _LONGEST_ENTRY)
        nul, newline = match.string.rfind(b"\0", low, start), match.string.rfind(b"\n", low, start)
        is_line = _ENTRY.fullmatch(match.string, max(nul, newline) + 1, start) is not None
    yield Edit(start, end, b"\n" if is_line else b"")


_ESCAPE_STARTS = (
    r"(?:\x1b[\[\]PX^_(=>]|\xc2\x9b|\\(?:u001[bB]|x1[bB]|033|e)[\[\]]|\^\[[\[\]]|"
    r"\xe2\x90\x9b[\[\]])"
)
_COLOUR_STARTS = r"\[(?:0|39|49|22|(?:0?[01];)?[39][0-7]|0?1)m"

ROWS: tuple[Dressing, ...] = (
    Dressing("colour", "a terminal's sequence", _ESCAPE_STARTS, _SEQUENCE, removed),
    Dressing(
        "colour", "a terminal's colour without its escape", _COLOUR_STARTS, _LOST_ESCAPE, removed
    ),
    Dressing("invisible", "a character without width", f"(?:{_INVISIBLE})", _INVISIBLE, removed),
    Dressing("typed", "a character that was typed over", r"\x08", r"[ -~]\x08", removed),
    Dressing("nul", "a NUL", r"\x00", r"\x00{1,4096}", _undress_nul),
    Dressing("blank", "another blank", f"(?:{_BLANK})", _BLANK, replaced(lambda _: b" ")),
    Dressing(
        "wide", "a wide or styled form", r"(?:\xef[\xbc\xbd]|\xf0\x9d)", _WIDE, replaced(_fold_wide)
    ),
    Dressing(
        "border",
        "the border between two cells",
        r"\xe2(?:\x94[\x82\x83]|\x95\x91)[ ]{0,40}[!-~]",
        r"\xe2(?:\x94[\x82\x83]|\x95\x91)",
        replaced(lambda _: b"|"),
    ),
)
