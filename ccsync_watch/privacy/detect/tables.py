"""Finds the values in a table's column that is named like a secret's: CSV, query results, listings.

A header is a line of short names with a delimiter between, or with two blanks between. The rows
under it are read while they have as many cells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.detect.named_values import WORDS
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    text_of,
)
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.password_forms import is_drawn_or_phrase
from ccsync_watch.privacy.heuristics.value_strength import (
    is_app_password,
    is_password,
    is_secret,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

_LONGEST_HEADER = 512
_LONGEST_ROW = 2048
_MOST_BREAKS = 8
"""In the quoted cells of a row."""
_MOST_CELLS = 64
"""No table is wider."""

_DELIMITERS = (b"\xe2\x94\x82", b"\xe2\x94\x83", b"\xe2\x95\x91", b"\t", b"|", b";", b",")
_BREAK = re.compile(rb"\r?\n|\\r\\n|\\n")
_LAST_BREAK = re.compile(rb"(?:\r?\n|\\r\\n|\\n)\Z")
_OTHER_CELLS = re.compile(rb"[\w \"'`.*/,;|\t\xe2\x94\x95\x82\x83\x91-]*")
"""What may follow a secret's name in a header."""
_REST = re.compile(_OTHER_CELLS.pattern + rb"(?=\r?\n|\\r\\n|\\n)")
_BETWEEN_CELLS = re.compile(rb"[\t|;,]|\xe2[\x94\x95]|  ")
_CELLS_BEFORE = re.compile(rb"[\w \"'`.*/,;|\t\r#()\xe2\x94\x95\x82\x83\x91-]*")
"""And what may stand before it."""
LINE_NUMBER = re.compile(
    rb"[ ]{0,8}[0-9]{1,7}(?:\t|\xe2\x86\x92|:)|[+>#-][ ]{0,8}(?=\S)|"
    rb"(?:[0-9]{4}-[0-9]{2}-[0-9T:. ]{3,24}Z?[ ])?[\w.-]{1,40}-[0-9]{1,2}[ ]{1,12}\|[ ]"
)
"""Before each line, as a tool prints a file, a difference, a comment or several programs' logs."""
COLUMN_NAME = re.compile(r"[A-Za-z_#](?:[A-Za-z _.#()/-]{0,38}[A-Za-z0-9_)])?")
_RULE_LINE = re.compile(rb"[\s|+=:\xe2\x94\x80-\xe2\x95\xbf\x80-\xbf-]+")
"""A line between header and rows: dashes and what joins them."""
_HEADING = b"||"
"""Between the names of a header in Jira's markup, whose rows have one sign."""
_QUOTES = b"\"'` *"
_COLUMNS = re.compile(rb"[^ \t\n][^ \n]*(?: [^ \n]+)*")
"""Cells with two blanks between."""
_PATHS = re.compile(r"[/~<{$(\[]")


class Table(NamedTuple):
    """What a header says of the rows under it; of the columns those that are named like secrets."""

    delimiter: bytes
    size: int
    columns: Mapping[int, Strength]
    is_numbered: bool
    is_indexed: bool = False
    """Whether rows may have one more cell at their beginning, as data frames are printed."""


class _Line(NamedTuple):
    """A line's range without the number before it; both are those of a header."""

    number: re.Match[bytes] | None
    start: int
    stop: int


def find_columns(data: bytes, ends: Iterable[int]) -> Iterator[Span]:
    """Yield the values under a secret's name in a header; a hit ends after the name.

    A row may look like a header itself: of all tables that have it as a row, two read it.
    """
    since = nearer = farther = 0
    read = (0, 0)
    for end in ends:
        if end <= read[1] and LINE_NUMBER.match(data, read[0], end) is None:
            since = end  # a name further on in a line that was read at the one before
            continue
        line = _header_line(data, end)
        read = (0, 0) if line.number else (line.start, line.stop)
        header = _read_header(data, line, since)
        since = end
        if header is not None and header[0] > nearer:
            stop = yield from _read_rows(data, *header)
            nearer, farther = sorted((farther, stop))


def open_table(data: bytes, ends: Sequence[int]) -> Table | None:
    """Return the table whose rows reach the end of a text with these hits, if there is one."""
    headers = (_read_header(data, _header_line(data, end), 0) for end in reversed(ends))
    header = next(filter(None, headers), None)
    if header is None or _read_all(_read_rows(data, *header), []) < len(data):
        return None
    return header[1]


def continue_table(data: bytes, table: Table) -> tuple[list[Span], bool]:
    """Return the secrets in a table's rows at the start of a text, and whether they reach its end.

    The text's first row was cut, and is left out.
    """
    spans: list[Span] = []
    first = _BREAK.search(data, 0, _LONGEST_ROW)
    if first is None:
        return spans, False
    return spans, _read_all(_read_rows(data, first.end(), table), spans) == len(data)


def _read_all(rows: Generator[Span, None, int], spans: list[Span]) -> int:
    """Add the secrets in rows to `spans`, and return where the rows end."""
    while True:
        try:
            spans.append(next(rows))
        except StopIteration as end:
            return int(end.value)


def _read_header(data: bytes, line: _Line, since: int) -> tuple[int, Table] | None:
    """Return where the rows start under a header with a secret's name, and what it says of them.

    `since` is where the name before ended.
    """
    number, start, stop = line
    after = _BREAK.match(data, stop)
    is_read = since > start and _OTHER_CELLS.fullmatch(data, since, stop)  # at the name before
    if start >= stop or is_read or after is None:
        return None
    cells, delimiter = split_cells(data, start, stop, b"")
    names = [text_of(data, cell).strip() for cell in cells]
    is_header = all(not name or COLUMN_NAME.fullmatch(name) for name in names)
    if not is_header or sum(map(bool, names)) < 2:  # noqa: PLR2004 - one name is none of a table
        return None
    columns = {
        index: strength
        for index, name in enumerate(names)
        if (strength := strength_of(name)) in {Strength.TOKEN, Strength.PASSWORD}
    }
    if not columns or _follows_row(data, start, delimiter, len(cells)):
        return None
    is_indexed = delimiter == b" " and data[start : start + 2] == b"  "
    is_numbered = number is not None
    return after.end(), Table(delimiter, len(cells), columns, is_numbered, is_indexed)


def _header_line(data: bytes, end: int) -> _Line:
    """Return the line in which a name ends; its range is empty if it is not a header's.

    A name at the end of a line is followed by the line's break.
    """
    low = max(0, end - _LONGEST_HEADER)
    is_last = _LAST_BREAK.search(data, max(0, end - 4), end)
    name_end = is_last.start() if is_last else end
    start = _line_start(data, low, name_end)
    number = LINE_NUMBER.match(data, start, name_end)
    start = number.end() if number else start
    if _CELLS_BEFORE.fullmatch(data, start, name_end) is None:
        return _Line(number, start, start)
    if is_last:  # a single word, as on most lines that end so, has no cells before
        is_row = _BETWEEN_CELLS.search(data, start, name_end) is not None
        return _Line(number, start, name_end if is_row else start)
    rest = _REST.match(data, end, end + _LONGEST_HEADER)
    return _Line(number, start, rest.end() if rest else start)


def _line_start(data: bytes, low: int, end: int) -> int:
    """Return where the line before `end` starts, at `low` if it is longer."""
    start = max(data.rfind(b"\n", low, end) + 1, low)
    escaped = data.rfind(b"\\n", start, end)
    return escaped + 2 if escaped >= 0 else start


def _break_before(data: bytes, low: int, end: int) -> tuple[int, int]:
    """Return the range of the last break before `end`, empty at `low` if there is none after it."""
    position = data.rfind(b"\n", low, end)
    escaped = data.rfind(b"\\n", max(low, position), end)
    if escaped >= 0:
        is_double = data.startswith(b"\\r", escaped - 2) and escaped - 2 >= low
        return escaped - 2 * is_double, escaped + 2
    if position < 0:
        return low, low
    return position - (position > low and data[position - 1] == ord("\r")), position + 1


def _follows_row(data: bytes, start: int, delimiter: bytes, size: int) -> bool:
    """Tell whether the line before `start` has as many cells, so that this one is not a header."""
    low = max(0, start - _LONGEST_HEADER)
    last, after = _break_before(data, low, start)
    if after == low:
        return False
    first = _break_before(data, low, last)[1]
    if _RULE_LINE.fullmatch(data, first, last):
        return False
    return len(split_cells(data, first, last, delimiter)[0]) == size


def _read_rows(data: bytes, start: int, table: Table) -> Generator[Span, None, int]:
    """Yield the secrets in the rows that start at `start`; return where the rows end."""
    while start < len(data):
        number = LINE_NUMBER.match(data, start, start + _LONGEST_ROW) if table.is_numbered else None
        start = number.end() if number else start
        row, stop, following = _read_row(data, start, table)
        if row is None:
            return stop if stop == len(data) else start  # where the text is cut
        if row:
            for index, strength in table.columns.items():
                value = text_of(data, row[index])
                if _is_cell(value, strength, is_aligned=table.delimiter == b" "):
                    kind = "password" if strength is Strength.PASSWORD else "secret"
                    yield Span(*row[index], kind, Rank.NAMED_FIELD)
        if following == stop:
            return stop
        start = following
    return start


def _read_row(
    data: bytes, start: int, table: Table
) -> tuple[list[tuple[int, int]] | None, int, int]:
    """Return the cells of the row at `start`, where it ends and the next line starts.

    A line between header and rows has none; what is not a row, None. A cell in quotes may have line
    breaks.
    """
    stop, following = _line_end(data, start, start)
    if _RULE_LINE.fullmatch(data, start, stop):
        return [], stop, following
    cells, _ = split_cells(data, start, stop, table.delimiter)
    for _ in range(_MOST_BREAKS):
        if len(cells) == table.size or not data.count(b'"', start, stop) % 2 or following == stop:
            break
        stop, following = _line_end(data, start, following)
        if not data.count(b'"', start, stop) % 2:
            cells, _ = split_cells(data, start, stop, table.delimiter)
    if table.is_indexed and len(cells) == table.size + 1 and cells[0][0] == start:
        cells = cells[1:]
    return (cells if len(cells) == table.size else None), stop, following


def _line_end(data: bytes, start: int, position: int) -> tuple[int, int]:
    """Return where the line at `position` ends and the next starts: there too if it is too long.

    `start` is where its row starts.
    """
    limit = max(position, min(len(data), start + _LONGEST_ROW))
    following = _BREAK.search(data, position, limit)
    return following.span() if following else (limit, limit)


def _is_cell(value: str, strength: Strength, *, is_aligned: bool) -> bool:
    """Tell whether a cell is a secret; two blanks also separate words, so there less is."""
    if is_app_password(value):
        return True
    if " " in value or _PATHS.match(value):
        return False
    if not is_drawn_or_phrase(value):
        return False
    if strength is Strength.TOKEN:
        return is_secret(value, quoted=True)
    is_short = value.isdigit() or (is_aligned and len(value) < 6)  # noqa: PLR2004 - a count, a time
    return not is_short and is_password(value, quoted=True)


def split_cells(
    data: bytes, start: int, stop: int, delimiter: bytes
) -> tuple[list[tuple[int, int]], bytes]:
    """Return the ranges of a line's cells without quotes, and the delimiter, which may be given."""
    line = data[start:stop]
    joint = delimiter
    if not delimiter and line.startswith(_HEADING):
        joint, delimiter = _HEADING, b"|"
    if not delimiter:
        delimiter = next((d for d in _DELIMITERS if d in line), b" ")
    if delimiter == b" ":
        return [(start + m.start(), start + m.end()) for m in _COLUMNS.finditer(line)], delimiter
    cells: list[tuple[int, int]] = []
    position = start
    joint = joint or delimiter
    for cell in _cells(line, joint)[:_MOST_CELLS]:
        plain, first = cell.strip(_QUOTES), position
        if len(plain) != len(cell):
            first += len(cell) - len(cell.lstrip(_QUOTES))
        cells.append((first, first + len(plain)))
        position += len(cell) + len(joint)
    return cells, delimiter


def _cells(line: bytes, delimiter: bytes) -> list[bytes]:
    """Return a line's cells with their quotes; between double quotes nothing delimits them."""
    if b'"' not in line:
        return line.split(delimiter)
    cells: list[bytes] = []
    position = 0
    while position <= len(line) and len(cells) < _MOST_CELLS:
        close = -1
        if line.startswith(b'"', position):
            close = line.find(b'"' + delimiter, position + 1)
        following = close + 1 if close >= 0 else line.find(delimiter, position)
        following = len(line) if following < 0 else following
        cells.append(line[position:following])
        position = following + len(delimiter)
    return cells


_BLANK = r"[ \"'`*]{0,40}"
_DELIMITER = r"(?:[,;|\t]|\xe2\x94[\x82\x83]|\xe2\x95\x91)"
_END = r"(?:\r?\n|\\r\\n|\\n)"

_AFTER_CELL = r"(?:[^\s0-9][ \t]{0,40}|[a-z_][0-9]{1,4}[ ]{1,40})pass"
"""A column `pass` that ends a header: the statement of Python stands alone, or after a number."""

RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "column",
        "a table's column named like a secret",
        rf"{WORDS}(?:[\w -]{{0,12}}{_BLANK}{_DELIMITER}|[\w-]{{0,12}}[ ]{{2}}[ \w-])|"
        rf"(?:{WORDS.replace('|pass|', '|')}|{_AFTER_CELL})[\w -]{{0,12}}{_BLANK}{_END}",
        find_columns,
    ),
)
