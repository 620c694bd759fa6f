"""The matches of a search in one session after the other, as a walk through many of them asks.

The index is asked for the first sessions one by one: where most of them match, few are asked for.
Then it is asked once for all matches: each question costs as much as thousands of their numbers,
above all one with many words, or with the beginning of one.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.store.search_compiler import CompiledQuery

_ASKED_SINGLY = 25
_MAX_NUMBERS = 200_000
"""More are not read at once: of so many a walk soon finds enough."""
_SHORT_SESSION = 200
"""To go through so many messages costs less than to ask the index."""
_SESSION = "JOIN ids k ON k.key = m.session_key JOIN sessions s ON s.id = k.id"


class SessionMatches:
    """The matches of one query; asked for one session, then for the next."""

    def __init__(self, read: sqlite3.Connection, query: CompiledQuery) -> None:
        self._read = read
        self._query = query
        self._condition = f"({query.sql or 'true'})"
        self._asked = 0
        # The numbers of all messages with the words, in their order; None before they are read.
        self._numbers: list[int] | None = None

    def of(self, session_key: int, limit: int) -> list[int]:
        """Return the matches of a session, the last ones first; -1 for all of them."""
        if self._query.words is None:
            return self._checked("m.session_key = ?", (session_key,), limit)
        bounds = self._read.execute(
            "SELECT (SELECT min(seq) FROM compact_messages WHERE session_key = ?1),"
            " (SELECT max(seq) FROM compact_messages WHERE session_key = ?1)",
            (session_key,),
        ).fetchone()
        if bounds[0] is None:
            return []
        self._asked += 1
        if self._asked == _ASKED_SINGLY:
            self._read_numbers()
        if self._numbers is None:
            return self._asked_singly(session_key, bounds, limit)
        start = bisect_left(self._numbers, bounds[0])
        between = self._numbers[start : bisect_right(self._numbers, bounds[1], lo=start)]
        # Rows of other sessions may be between its first and its last.
        condition = "m.seq IN (SELECT value FROM json_each(?)) AND m.session_key = ?"
        if not between:
            return []
        return self._checked(condition, (json.dumps(between), session_key), limit)

    def _checked(self, condition: str, values: tuple[object, ...], limit: int) -> list[int]:
        rows = self._read.execute(
            f"SELECT m.seq FROM compact_messages m {_SESSION} WHERE {condition}"  # noqa: S608 - constants; values are bound
            f" AND m.kind <> 'session' AND {self._condition} ORDER BY m.seq DESC LIMIT ?",
            (*values, *self._query.values, limit),
        )
        return [row[0] for row in rows]

    def _asked_singly(self, session_key: int, bounds: tuple[int, int], limit: int) -> list[int]:
        is_short = bounds[1] - bounds[0] < _SHORT_SESSION
        if self._query.sql and is_short and not self._meets_condition(session_key):
            return []
        rows = self._read.execute(
            "SELECT m.seq FROM search CROSS JOIN compact_messages m ON m.seq = search.rowid"  # noqa: S608 - constants; values are bound
            f" {_SESSION if self._query.sql else ''}"
            " WHERE search MATCH ? AND search.rowid BETWEEN ? AND ? AND m.session_key = ?"
            f" AND {self._condition} ORDER BY search.rowid DESC LIMIT ?",
            (self._query.words, *bounds, session_key, *self._query.values, limit),
        )
        return [row[0] for row in rows]

    def _meets_condition(self, session_key: int) -> bool:
        """Return whether a session has any message for which the words matter."""
        row = self._read.execute(
            f"SELECT 1 FROM compact_messages m {_SESSION} WHERE m.session_key = ?"  # noqa: S608 - constants; values are bound
            f" AND {self._condition} LIMIT 1",
            (session_key, *self._query.values),
        )
        return row.fetchone() is not None

    def _read_numbers(self) -> None:
        (numbers,) = self._read.execute(
            # As one text: so many rows would take ten times as long.
            "SELECT '[' || coalesce(group_concat(rowid), '') || ']' FROM"
            " (SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid LIMIT ?)",
            (self._query.words, _MAX_NUMBERS + 1),
        ).fetchone()
        known: list[int] = orjson.loads(numbers)
        self._numbers = known if len(known) <= _MAX_NUMBERS else None
