"""Finds the values in a table's column that is named like a secret's: CSV, query results, listings.

A header is a line of short names with a delimiter between, or with two blanks between. The rows
under it are read while they have as many cells.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.detect.named_values import WORDS
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    Seen,
    StructuralRule,
    at_each_hit,
    text_of,
)
from ccsync_watch.privacy.heuristics.gibberish import is_drawn, is_gibberish
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import (
    is_app_password,
    is_password,
    is_secret,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST_HEADER = 512
_LONGEST_ROW = 2048
_MOST_BYTES = 16_384
"""How far the rows of a table are read after its header."""
_MOST_NAMED_ROWS = 2
"""Rows that could be headers: after these the table ends, so that no row is read often."""

_DELIMITERS = (b"\xe2\x94\x82", b"\xe2\x94\x83", b"\xe2\x95\x91", b"\t", b"|", b";", b",")
_BREAK = re.compile(rb"\r?\n|\\r\\n|\\n")
_LAST_BREAK = re.compile(rb"(?:\r?\n|\\r\\n|\\n)\Z")
_OTHER_CELLS = re.compile(rb"[\w \"'`.*/,;|\t\xe2\x94\x95\x82\x83\x91-]*")
"""What may follow a secret's name in a header."""
_REST = re.compile(_OTHER_CELLS.pattern + rb"(?=\r?\n|\\r\\n|\\n)")
_BETWEEN_CELLS = re.compile(rb"[\t|;,]|\xe2[\x94\x95]|  ")
_CELLS_BEFORE = re.compile(rb"[\w \"'`.*/,;|\t\r#()\xe2\x94\x95\x82\x83\x91-]*")
"""And what may stand before it."""
_NUMBER = re.compile(rb"[ ]{0,8}[0-9]{1,7}(?:\t|\xe2\x86\x92|:)")
"""Before each line, as a tool prints a file."""
_NAME = re.compile(r"[A-Za-z_#](?:[A-Za-z _.#()/-]{0,38}[A-Za-z0-9_)])?")
_RULE_LINE = re.compile(rb"[\s|+=:\xe2\x94\x80-\xe2\x95\xbf\x80-\xbf-]+")
"""A line between header and rows: dashes and what joins them."""
_QUOTES = b"\"'` *"
_COLUMNS = re.compile(rb"[^ \t\n][^ \n]*(?: [^ \n]+)*")
"""Cells with two blanks between."""
_PATHS = re.compile(r"[/~<{$(\[]")


@partial(at_each_hit, seen=Seen(after=_MOST_BYTES + _LONGEST_ROW))
def find_columns(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the values under a secret's name in a header; a hit ends after the name."""
    low = max(0, end - _LONGEST_HEADER)
    is_last = _LAST_BREAK.search(data, max(0, end - 4), end)
    name_end = is_last.start() if is_last else end
    start = _line_start(data, low, name_end)
    number = _NUMBER.match(data, start, name_end)
    start = number.end() if number else start
    if _CELLS_BEFORE.fullmatch(data, start, name_end) is None:
        return
    if is_last:
        if _BETWEEN_CELLS.search(data, start, name_end) is None:
            return  # a single word, as on most lines that end so
        stop = name_end
    else:
        rest = _REST.match(data, end, end + _LONGEST_HEADER)
        if rest is None:
            return
        stop = rest.end()
    if since > start and _OTHER_CELLS.fullmatch(data, since, stop):
        return  # read at the name before
    cells, delimiter = _split(data, start, stop, b"")
    names = [text_of(data, cell).strip() for cell in cells]
    is_header = all(not name or _NAME.fullmatch(name) for name in names)
    if not is_header or sum(map(bool, names)) < 2:  # noqa: PLR2004 - one name is none of a table
        return
    if _follows_row(data, start, delimiter, len(cells)):
        return
    columns = {
        index: strength
        for index, name in enumerate(names)
        if (strength := strength_of(name)) in {Strength.TOKEN, Strength.PASSWORD}
    }
    after = _BREAK.match(data, stop)
    if columns and after:
        table = _NamedColumns(delimiter, len(cells), columns, is_numbered=number is not None)
        yield from _read_rows(data, after.end(), table)


def _line_start(data: bytes, low: int, end: int) -> int:
    """Return where the line before `end` starts, at `low` if it is longer."""
    start = max(data.rfind(b"\n", low, end) + 1, low)
    escaped = data.rfind(b"\\n", start, end)
    return escaped + 2 if escaped >= 0 else start


def _follows_row(data: bytes, start: int, delimiter: bytes, size: int) -> bool:
    """Tell whether the line before `start` has as many cells, so that this one is not a header."""
    breaks = [m.span() for m in _BREAK.finditer(data, max(0, start - _LONGEST_HEADER), start)]
    if not breaks:
        return False
    first = breaks[-2][1] if len(breaks) > 1 else max(0, start - _LONGEST_HEADER)
    last = breaks[-1][0]
    if _RULE_LINE.fullmatch(data, first, last):
        return False
    return len(_split(data, first, last, delimiter)[0]) == size


class _NamedColumns(NamedTuple):
    """What a header says of the rows under it; of the columns those that are named like secrets."""

    delimiter: bytes
    size: int
    columns: Mapping[int, Strength]
    is_numbered: bool


def _read_rows(data: bytes, start: int, table: _NamedColumns) -> Iterator[Span]:
    """Yield the secrets in the named columns of the rows that start at `start`."""
    limit = min(len(data), start + _MOST_BYTES)
    named_rows = 0
    while start < limit and named_rows < _MOST_NAMED_ROWS:
        following = _BREAK.search(data, start, start + _LONGEST_ROW)
        stop = following.start() if following else min(len(data), start + _LONGEST_ROW)
        number = _NUMBER.match(data, start, stop) if table.is_numbered else None
        start = number.end() if number else start
        if not _RULE_LINE.fullmatch(data, start, stop):
            cells, _ = _split(data, start, stop, table.delimiter)
            if len(cells) != table.size:
                return
            is_aligned = table.delimiter == b" "
            for index, strength in table.columns.items():
                value = text_of(data, cells[index])
                named_rows += strength_of(value) is not Strength.NONE
                if _is_cell(value, strength, is_aligned=is_aligned):
                    kind = "password" if strength is Strength.PASSWORD else "secret"
                    yield Span(*cells[index], kind, Rank.NAMED_FIELD)
            named_rows += _HEADER_LINE.search(data, start, stop) is not None and any(
                strength_of(text_of(data, cell)) for cell in cells
            )
        if following is None:
            return
        start = following.end()


def _is_cell(value: str, strength: Strength, *, is_aligned: bool) -> bool:
    """Tell whether a cell is a secret; two blanks also separate words, so there less is."""
    if is_app_password(value):
        return True
    if " " in value or _PATHS.match(value):
        return False
    is_numbered = has_digit(value)
    if not is_numbered and not is_gibberish(value) and not is_drawn(value):
        return False
    if strength is Strength.TOKEN:
        return is_secret(value, quoted=True)
    is_short = value.isdigit() or (is_aligned and len(value) < 6)  # noqa: PLR2004 - a count, a time
    return not is_short and is_password(value, quoted=True)


def _split(
    data: bytes, start: int, stop: int, delimiter: bytes
) -> tuple[list[tuple[int, int]], bytes]:
    """Return the ranges of a line's cells without quotes, and the delimiter, which may be given."""
    line = data[start:stop]
    if not delimiter:
        delimiter = next((d for d in _DELIMITERS if d in line), b" ")
    if delimiter == b" ":
        return [(start + m.start(), start + m.end()) for m in _COLUMNS.finditer(line)], delimiter
    cells: list[tuple[int, int]] = []
    position = 0
    while position <= len(line) and len(cells) < 64:  # noqa: PLR2004 - no table is wider
        quote = line[position : position + 1]
        if quote == b'"' and (close := line.find(b'"' + delimiter, position + 1)) >= 0:
            following = close + 1
        else:
            following = line.find(delimiter, position)
        following = len(line) if following < 0 else following
        first, last = position, following
        while first < last and line[first] in _QUOTES:
            first += 1
        while last > first and line[last - 1] in _QUOTES:
            last -= 1
        cells.append((start + first, start + last))
        position = following + len(delimiter)
    return cells, delimiter


_BLANK = r"[ \"'`*]{0,40}"
_DELIMITER = r"(?:[,;|\t]|\xe2\x94[\x82\x83]|\xe2\x95\x91)"
_END = r"(?:\r?\n|\\r\\n|\\n)"
_HEADER_LINE = re.compile(WORDS.encode(), re.IGNORECASE)

_AFTER_CELL = r"(?:[^\s0-9][ \t]{0,40}|[a-z_][0-9]{1,4}[ ]{1,40})pass"
"""A column `pass` that ends a header: the statement of Python stands alone, or after a number."""

RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "column",
        "a table's column named like a secret",
        rf"{WORDS}(?:[\w -]{{0,12}}{_BLANK}{_DELIMITER}|[\w-]{{0,12}}[ ]{{2}}[\w-])|"
        rf"(?:{WORDS.replace('|pass|', '|')}|{_AFTER_CELL})[\w -]{{0,12}}{_BLANK}{_END}",
        find_columns,
    ),
)
