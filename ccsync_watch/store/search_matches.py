"""The matches of a search in one session after the other, as a walk through many of them asks.

The index is asked for the sessions one by one: where most of them match, few are asked for. Where
few do, it is asked once for all matches: a question costs as much as hundreds of their numbers.

It is asked in the order of the numbers alone: from the last to the first, a question about a
frequent word takes several times as long, as FTS5 reads all that it has of the word in that part.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import orjson

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from ccsync_watch.store.search_compiler import CompiledQuery

_MAX_NUMBERS = 200_000
"""More are not read at once: of so many a walk soon finds enough."""
_FEW_NUMBERS = 30_000
"""So many are read at once before any session is asked for: most have none of them."""
_MAX_MISSES = 100
"""After so many sessions without a match all numbers are read."""
_MAX_MISSES_CHECKED = 25
"""And after so many whose messages are looked at one by one."""
_MANY_WORDS = 8
"""A question with more words costs several times as much as one with a few."""
_MAX_MISSES_OF_MANY = 3
_SHORT_SESSION = 200
"""To go through so many messages costs less than to ask the index."""
_WIDE_SESSION = 20_000
"""Where so many messages are between the first and the last, those of others are most of them."""
_CHECKED_AT_ONCE = 500
_MAX_AHEAD = 32
"""Of so many sessions the messages are checked at once, after others without a match."""
_SESSION = "JOIN ids k ON k.key = m.session_key JOIN sessions s ON s.id = k.id"
_AMONG = "m.seq IN (SELECT value FROM json_each(?))"
_FIRST, _LAST = 0, 1 << 62
_Bounds: TypeAlias = "tuple[int | None, int | None]"
BOUNDS = (
    "(SELECT min(seq) FROM compact_messages WHERE session_key = {key}) AS first_seq,"
    " (SELECT max(seq) FROM compact_messages WHERE session_key = {key}) AS last_seq"
)
"""The columns of a session's bounds, for whoever reads many of them at once."""


class WalkedSession(NamedTuple):
    """A session to search; `is_last`: the walk ended before it.

    `first_seq` and `last_seq` are of its messages, None if it has none.
    """

    session_id: str
    updated_ms: int
    key: int
    first_seq: int | None
    last_seq: int | None
    is_last: bool = False


def read_numbers(
    read: sqlite3.Connection,
    words: str | None,
    most: int = -1,
    *,
    between: tuple[int, int] = (_FIRST, _LAST),
) -> list[int]:
    """Return the numbers of the messages that the index has for an expression, in their order."""
    (numbers,) = read.execute(
        # As one text: so many rows would take ten times as long.
        "SELECT '[' || coalesce(group_concat(rowid), '') || ']' FROM (SELECT rowid FROM search"
        " WHERE search MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?)",
        (words, *between, most),
    ).fetchone()
    known: list[int] = orjson.loads(numbers)
    return known


class SessionMatches:
    """The matches of one query; asked for one session, then for the next.

    `first` are the first numbers that the index has for its words, if they are known: how close
    they are to each other says how many there are.
    """

    def __init__(
        self, read: sqlite3.Connection, query: CompiledQuery, first: Sequence[int] = ()
    ) -> None:
        self._read = read
        self._query = query
        self._condition = f"({query.sql or 'true'})"
        # All numbers of messages with the words up to that one, in their order.
        self._numbers = list(first)
        self._known_to = first[-1] if first else 0
        self._misses = 0
        self._misses_left = self._count_misses()

    def of(self, session_key: int, limit: int) -> list[int]:
        """Return the matches of a session, the last ones first; -1 for all of them."""
        columns = BOUNDS.format(key="?1")
        bounds = self._read.execute(f"SELECT {columns}", (session_key,)).fetchone()
        return self._of_session(session_key, bounds, limit)

    def walk(
        self, sessions: Iterator[WalkedSession], limit: int
    ) -> Iterator[tuple[WalkedSession, list[int]]]:
        """Yield each session with its matches, as `of` returns them.

        Where none has any and only rows are left to be read, those of several are read at once.
        """
        ahead = 1
        for session in sessions:
            chunk = [session, *islice(sessions, ahead - 1)]
            matches = self._of_chunk(chunk, limit)
            yield from zip(chunk, matches, strict=True)
            ahead = 1 if any(matches) or not self._has_all() else min(2 * ahead, _MAX_AHEAD)

    def _has_all(self) -> bool:
        return self._known_to == _LAST and self._query.sql is not None

    def _of_chunk(self, sessions: list[WalkedSession], limit: int) -> list[list[int]]:
        # Once each: sessions that ran at the same time have the numbers of each other.
        asked: set[int] = set()
        if len(sessions) > 1:
            for session in sessions:
                asked.update(self._between((session.first_seq, session.last_seq)))
        if len(sessions) == 1 or len(asked) > _CHECKED_AT_ONCE:
            return [
                self._of_session(session.key, (session.first_seq, session.last_seq), limit)
                for session in sessions
            ]
        rows = self._checked_rows(_AMONG, (json.dumps(sorted(asked)),), -1) if asked else []
        seqs: dict[int, list[int]] = {}
        for session_key, seq in rows:
            seqs.setdefault(session_key, []).append(seq)
        most = None if limit < 0 else limit
        return [seqs.get(session.key, [])[:most] for session in sessions]

    def _of_session(self, session_key: int, bounds: _Bounds, limit: int) -> list[int]:
        if self._query.words is None:
            return self._checked("m.session_key = ?", (session_key,), limit)
        if bounds[0] is None or bounds[1] is None:
            return []
        seqs = self._of_bounds(session_key, (bounds[0], bounds[1]), limit)
        self._misses += not seqs
        return seqs

    def _of_bounds(self, session_key: int, bounds: tuple[int, int], limit: int) -> list[int]:
        if self._misses_left is not None and self._misses >= self._misses_left:
            self._misses_left = None
            self._read_all()
        if bounds[1] <= self._known_to:
            return self._checked_numbers(self._between(bounds), session_key, limit)
        is_short = bounds[1] - bounds[0] < _SHORT_SESSION
        if self._query.sql and is_short and not self._meets_condition(session_key):
            return []
        if bounds[1] - bounds[0] > _WIDE_SESSION:
            return self._of_wide(session_key, bounds, limit)
        between = read_numbers(self._read, self._query.words, between=(bounds[0], bounds[1]))
        return self._checked_numbers(between, session_key, limit)

    def _count_misses(self) -> int | None:
        """Return how many sessions without a match may pass before all numbers are read.

        None where there are too many numbers for that.
        """
        misses = _MAX_MISSES_CHECKED if self._query.sql else _MAX_MISSES
        if (self._query.words or "").count('"') > 2 * _MANY_WORDS:
            misses = _MAX_MISSES_OF_MANY
        if not self._known_to:
            return misses
        (newest,) = self._read.execute("SELECT max(seq) FROM compact_messages").fetchone()
        expected = len(self._numbers) * newest / self._known_to
        if expected > _MAX_NUMBERS:
            return None
        return 0 if expected <= _FEW_NUMBERS else misses

    def _read_all(self) -> None:
        between = (self._known_to + 1, _LAST)
        more = read_numbers(self._read, self._query.words, _MAX_NUMBERS + 1, between=between)
        self._numbers += more
        self._known_to = more[-1] if len(more) > _MAX_NUMBERS else _LAST

    def _between(self, bounds: _Bounds) -> list[int]:
        """Return the known numbers from the first message of a session to its last."""
        if bounds[0] is None or bounds[1] is None:
            return []
        start = bisect_left(self._numbers, bounds[0])
        return self._numbers[start : bisect_right(self._numbers, bounds[1], lo=start)]

    def _checked_numbers(self, numbers: list[int], session_key: int, limit: int) -> list[int]:
        """Return those of a session that meet the condition, the last ones first."""
        # Rows of other sessions may be between its first and its last.
        condition = f"{_AMONG} AND m.session_key = ?"
        seqs: list[int] = []
        for end in range(len(numbers), 0, -_CHECKED_AT_ONCE):
            asked = json.dumps(numbers[max(0, end - _CHECKED_AT_ONCE) : end])
            left = limit if limit < 0 else limit - len(seqs)
            seqs += self._checked(condition, (asked, session_key), left)
            if len(seqs) == limit:
                break
        return seqs

    def _checked(self, condition: str, values: tuple[object, ...], limit: int) -> list[int]:
        return [row[1] for row in self._checked_rows(condition, values, limit)]

    def _checked_rows(
        self, condition: str, values: tuple[object, ...], limit: int
    ) -> list[tuple[int, int]]:
        """Return keys of sessions and numbers of messages, the last ones first."""
        return self._read.execute(
            f"SELECT m.session_key, m.seq FROM compact_messages m {_SESSION} WHERE {condition}"  # noqa: S608 - constants; values are bound
            f" AND m.kind <> 'session' AND {self._condition} ORDER BY m.seq DESC LIMIT ?",
            (*values, *self._query.values, limit),
        ).fetchall()

    def _of_wide(self, session_key: int, bounds: tuple[int, int], limit: int) -> list[int]:
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
