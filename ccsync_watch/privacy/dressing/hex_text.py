"""Text written as hexadecimal numbers: one long run, bytes apart, the lines of a hex dump."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.base64_runs import MARKS
from ccsync_watch.privacy.dressing.row import Dressing
from ccsync_watch.privacy.engine.text_views import MASK, Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAST_MARK = 4
"""The numbers of a shorter mark occur in any digest."""
_LONGEST_MARK = 6
_OFFSET = 7
"""The digits before a line of characters."""
_GAP = r"[ :]?"


def _numbers_of(mark: str) -> str:
    return _GAP.join(f"{byte:02x}" for byte in mark[:_LONGEST_MARK].encode())


_MARKED = (
    "(?:"
    + "|".join(dict.fromkeys(_numbers_of(mark) for mark in MARKS if len(mark) >= _LEAST_MARK))
    + ")"
)
_MARK = re.compile(_MARKED.encode(), re.IGNORECASE)
_DIGIT = re.compile(rb"[0-9a-fA-F]")
_PAIR = re.compile(rb"[0-9a-fA-F]{2}")
_RUN = r"(?<![0-9A-Za-z])(?:0x)?(?:[0-9a-fA-F]{2}[ :\n]?){10,4096}"
_DUMP_LINE = r"[0-9a-fA-F]{7,8}:?[ ]{1,2}(?:[0-9a-fA-F]{2}[ ]{0,2}){1,16}(?=[ |\n])[ -~]{0,40}\n?"
_DUMP_BYTES = re.compile(rb"[0-9a-fA-F]{7,8}:?[ ]{1,2}((?:[0-9a-fA-F]{2}[ ]{0,2}){1,16})(?=[ |\n])")


def _read_run(match: re.Match[bytes]) -> Iterator[Edit]:
    """Decode a run with the mark of a secret in it, in step with the mark."""
    mark = _MARK.search(match.string, match.start(), match.end())
    if mark is None:
        return
    start = match.start() + (2 if match.string.startswith(b"0x", match.start()) else 0)
    before = len(_DIGIT.findall(match.string[start : mark.start()]))
    start += before % 2
    end = match.start() + len(match[0].rstrip(b" :\n"))
    yield from _read_pairs(match.string, start, end, 0)


def _read_dump_line(match: re.Match[bytes]) -> Iterator[Edit]:
    """Decode a line of a dump, whose last column shows the bytes once more."""
    columns = _DUMP_BYTES.match(match.string, match.start())
    if columns is None:
        return
    end = match.end() - match[0].endswith(b"\n")
    yield Edit(match.start(), columns.start(1), b"")
    yield from _read_pairs(match.string, columns.start(1), columns.end(1), end)
    yield Edit(columns.end(1), match.end(), b"")


def _read_pairs(data: bytes, start: int, end: int, reach: int) -> Iterator[Edit]:
    position = start
    for pair in _PAIR.finditer(data, start, end):
        if pair.start() > position:
            yield Edit(position, pair.start(), b"")
        text = bytes.fromhex(pair[0].decode())
        yield Edit(pair.start(), pair.end(), b"?" if text == MASK else text, reach)
        position = pair.end()
    if position < end:
        yield Edit(position, end, data[position:end].strip(b" :"))


_CHARACTER = r"(?:[ ]{3}[!-~]|[ ]{2}\\[0abfnrtv]|[ ]{4}|[ ][0-7]{3})"
_CHARACTER_LINE = rf"[0-7]{{7}}{_CHARACTER}{{1,16}}(?=\n|\Z)\n?"
_SHOWN = re.compile(rb"[ ]{3}([!-~])|[ ]{2}\\([0abfnrtv])|([ ]{4})|[ ]([0-7]{3})")
_ESCAPED = dict(zip(b"0abfnrtv", b"\0\a\b\f\n\r\t\v", strict=True))


def _read_character_line(match: re.Match[bytes]) -> Iterator[Edit]:
    """Decode a line of `od -c`, which shows each byte as a character."""
    start, end = match.span()
    yield Edit(start, start + _OFFSET, b"")
    for shown in _SHOWN.finditer(match.string, start + _OFFSET, end):
        plain, escaped, blank, number = shown.groups()
        code = int(number, 8) if number else _ESCAPED[escaped[0]] if escaped else 0
        yield Edit(*shown.span(), plain or (b" " if blank else bytes([code & 0xFF])))
    if match[0].endswith(b"\n"):
        yield Edit(end - 1, end, b"")


ROWS: tuple[Dressing, ...] = (
    Dressing(
        "characters",
        "a line of a dump of characters",
        r"0000[0-7]{2}0[ ](?:[ ]{2}[!-~]|[ ]\\)",
        _CHARACTER_LINE,
        _read_character_line,
    ),
    Dressing(
        "dump",
        "a line of a hex dump",
        r"(?:00)?0000[0-9a-f]0[: ]",
        _DUMP_LINE,
        _read_dump_line,
    ),
    Dressing("hex", "text in hexadecimal numbers", _MARKED, _RUN, _read_run, is_caseless=True),
)
