"""Knows which cells of a text are in a table's column of ids, as listings of secrets have one.

An id is generated too, and the words for a secret beside it are the title of what it is the id of.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.detect.tables import COLUMN_NAME, LINE_NUMBER, split_cells
from ccsync_watch.privacy.engine.rank import BY_WORDS
from ccsync_watch.privacy.engine.structural_rule import text_of

if TYPE_CHECKING:
    from ccsync_watch.privacy.engine.rank import Rank

_LONGEST_LINE = 1024
_WORD = re.compile(
    rb"(?<![A-Za-z0-9])(?:uu|gu|key|token|item|object)?ids?(?![A-Za-z0-9])|(?-i:[a-z]I[dD])s?\b|"
    rb"\b(?:digest|fingerprint|checksum|commit|revision|etag)\b",
    re.IGNORECASE,
)
_ID = re.compile(
    r"(?!.*secret[ _-]?id\Z)(?:(?:.*[ _.-])?(?:(?:uu|gu|key|token|item|object)?ids?|digest|"
    r"fingerprint|checksum|commit|revision|etag)|(?-i:.*[a-z]I[dD]s?))\Z",
    re.IGNORECASE,
)
"""The name of a column of ids; the `secret_id` of a role of Vault is a secret."""
_BLANK_LINE = re.compile(rb"\n[ \t\r]*\n")


class _Header(NamedTuple):
    """A line that names a column of ids, and where the text under it ends."""

    start: int
    stop: int
    end: int
    delimiter: bytes
    cells: list[tuple[int, int]]


class IdColumns:
    """The columns of ids in a text; it is searched for them when a cell is asked for first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._headers: list[_Header] | None = None

    def hold(self, start: int, stop: int, rank: Rank) -> bool:
        """Tell whether what words near it make a secret is a whole cell of a column of ids."""
        if rank not in BY_WORDS:
            return False
        if self._headers is None:
            self._headers = self._read_headers()
        if not self._headers:
            return False
        index = bisect_right(self._headers, start, key=_start) - 1
        if index < 0 or not self._headers[index].stop < start < self._headers[index].end:
            return False
        return self._is_cell(self._headers[index], start, stop)

    def _read_headers(self) -> list[_Header]:
        headers: list[_Header] = []
        stop = end = -1
        for word in _WORD.finditer(self._data):
            if word.start() < stop:
                continue  # of a line that was read
            start, stop = self._line_at(word.start())
            cells, delimiter = split_cells(self._data, start, stop, b"")
            names = [text_of(self._data, cell).strip() for cell in cells]
            is_header = len(names) > 1 and all(map(COLUMN_NAME.fullmatch, filter(None, names)))
            if not is_header or not any(map(_ID.match, names)):
                continue
            if stop > end:
                blank = _BLANK_LINE.search(self._data, stop)
                end = blank.start() if blank else len(self._data)
            headers.append(_Header(start, stop, end, delimiter, cells))
        return headers

    def _line_at(self, position: int) -> tuple[int, int]:
        """Return the range of a line without the number before it."""
        data = self._data
        start = data.rfind(b"\n", max(0, position - _LONGEST_LINE), position) + 1
        start = start or max(0, position - _LONGEST_LINE)
        stop = data.find(b"\n", position, start + _LONGEST_LINE)
        stop = stop if stop >= 0 else min(len(data), start + _LONGEST_LINE)
        number = LINE_NUMBER.match(data, start, position)
        return (number.end() if number else start), stop

    def _is_cell(self, header: _Header, start: int, stop: int) -> bool:
        """Tell whether a range is a cell under an id's name, by its number or where it begins."""
        first, last = self._line_at(start)
        cells, _ = split_cells(self._data, first, last, header.delimiter)
        at = next((n for n, cell in enumerate(cells) if cell[0] <= start < cell[1]), None)
        if at is None or self._data[cells[at][0] : cells[at][1]].strip() != self._data[start:stop]:
            return False
        if len(cells) == len(header.cells):
            above: tuple[int, int] | None = header.cells[at]
        else:
            column = start - first
            aligned = (cell for cell in header.cells if cell[0] - header.start == column)
            above = next(aligned, None) if header.delimiter == b" " else None
        return above is not None and _ID.match(text_of(self._data, above).strip()) is not None


def _start(header: _Header) -> int:
    return header.start
