"""What a search finds: messages by session, the session of the last activity or the best first.

The order of rows is not that of time: a first import reads the newest transcripts first.

Few matches are read, counted and sorted at once. Of many, the sessions are walked from the newest
one, and only those that are shown are searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from ccsync_watch.store.search_hits import SearchHit, read_hit
from ccsync_watch.store.search_matches import BOUNDS, SessionMatches, WalkedSession, read_numbers
from ccsync_watch.store.search_operators import ANY_SESSION

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from ccsync_watch.store.database import Database
    from ccsync_watch.store.search_compiler import CompiledQuery

SearchOrder: TypeAlias = Literal["newest", "best"]
MAX_SORTED = 3000
"""More matches are not sorted: reading the time of each would take too long."""
SHOWN_HITS = 3
"""So many messages of a session are shown."""
_MAX_COUNTED = 50
_MAX_WALKED = 1000
"""Sessions of which one call searches at most so many, before it returns what it found."""
_MAX_WALKED_CHECKED = 300
"""And so many whose matches are looked at one by one."""
_MAX_WALKED_MESSAGES = 10_000
"""And so many messages that no index limits."""
_NEWEST = (1 << 62, "\U0010ffff")
_ROWS = (
    " FROM search CROSS JOIN compact_messages m ON m.seq = search.rowid"
    " JOIN ids k ON k.key = m.session_key JOIN sessions s ON s.id = k.id"
    " WHERE search MATCH ? AND NOT s.is_excluded AND {of_session} AND {of_message}"
)


class SearchEnd(NamedTuple):
    """Where a page ended: the last session, and its last activity; of the best ones, its place."""

    value: int
    session_id: str


@dataclass(frozen=True, slots=True)
class SessionHits:
    """The matches in one session: how many, exactly or at least, and some of them."""

    session_id: str
    updated_ms: int
    hits: list[SearchHit]
    count: int
    is_exact: bool = True


class SearchCounts(NamedTuple):
    """How many messages match, in how many sessions; at least, if they are not exact."""

    messages: int
    sessions: int
    is_exact: bool


class SearchPage(NamedTuple):
    """Matches by session, and where the next ones are to be searched; None at the end.

    Without any there may be more: sessions are searched a thousand at a time. `is_sorted`: there
    were few enough for the best ones to be known.
    """

    groups: list[SessionHits]
    end: SearchEnd | None
    counts: SearchCounts
    is_sorted: bool = True

    @property
    def hits(self) -> list[SearchHit]:
        """All messages of the page."""
        return [hit for group in self.groups for hit in group.hits]


_NOTHING = SearchPage([], None, SearchCounts(0, 0, is_exact=True))


def find_messages(
    database: Database,
    query: CompiledQuery,
    *,
    limit: int,
    after: SearchEnd | None = None,
    order: SearchOrder = "newest",
    shown: int = SHOWN_HITS,
) -> SearchPage:
    """Return the matches in the next `limit` sessions, `shown` messages of each.

    Too many matches to sort are returned in the order of time, whatever `order` is.
    """
    if query.is_empty:
        return _NOTHING
    read = database.read()
    first = _first_matches(read, query)
    if query.words is not None and len(first) <= MAX_SORTED:
        return _sorted_page(read, query, limit, after, order, shown)
    return _walked_page(read, query, SessionMatches(read, query, first), limit, after, shown)


def _first_matches(read: sqlite3.Connection, query: CompiledQuery) -> list[int]:
    """Return all matches of the words, or of too many to sort the first ones."""
    return read_numbers(read, query.words, MAX_SORTED + 1) if query.words is not None else []


def _matching_rows(query: CompiledQuery) -> tuple[str, tuple[object, ...]]:
    """Return the tables and conditions of all matches of a query with words."""
    sql = _ROWS.format(
        of_session=f"({query.of_session.sql})", of_message=f"({query.sql or 'true'})"
    )
    return sql, (query.words, *query.of_session.values, *query.values)


def _sorted_page(
    read: sqlite3.Connection,
    query: CompiledQuery,
    limit: int,
    after: SearchEnd | None,
    order: SearchOrder,
    shown: int,
) -> SearchPage:
    tables, values = _matching_rows(query)
    rank = "search.rank" if order == "best" else "0"
    rows = read.execute(
        f"SELECT m.seq, s.id, coalesce(s.updated_ms, 0), {rank}{tables}",
        values,
    ).fetchall()
    by_session: dict[tuple[int, str], list[tuple[float, int]]] = {}
    for seq, session_id, updated_ms, score in rows:
        by_session.setdefault((updated_ms, session_id), []).append((score, -seq))
    for matches in by_session.values():
        matches.sort()
    sessions = sorted(by_session, reverse=True)
    start = 0
    if order == "best":
        # The best message of each, and among equals the newest session.
        sessions.sort(key=lambda session: by_session[session][0][0])
        start = after.value if after else 0
    elif after is not None:
        start = next((at for at, session in enumerate(sessions) if session < after), len(sessions))
    end = None
    if start + limit < len(sessions):
        last = sessions[start + limit - 1]
        end = SearchEnd(start + limit if order == "best" else last[0], last[1])
    groups = [
        SessionHits(
            session_id,
            updated_ms,
            _read_hits(read, query, [-seq for _score, seq in matches[:shown]]),
            len(matches),
        )
        for (updated_ms, session_id) in sessions[start : start + limit]
        for matches in [by_session[updated_ms, session_id]]
    ]
    return SearchPage(groups, end, SearchCounts(len(rows), len(by_session), is_exact=True))


def _walked_page(
    read: sqlite3.Connection,
    query: CompiledQuery,
    matches: SessionMatches,
    limit: int,
    after: SearchEnd | None,
    shown: int,
) -> SearchPage:
    groups: list[SessionHits] = []
    end = None
    for session, seqs in matches.walk(_walk(read, query, after), _MAX_COUNTED + 1):
        if session.is_last:
            end = SearchEnd(session.updated_ms, session.session_id)
            break
        if not seqs:
            continue
        if len(groups) == limit:
            end = SearchEnd(groups[-1].updated_ms, groups[-1].session_id)
            break
        hits = _read_hits(read, query, seqs[:shown])
        count = min(len(seqs), _MAX_COUNTED)
        is_exact = len(seqs) <= _MAX_COUNTED
        groups.append(SessionHits(session.session_id, session.updated_ms, hits, count, is_exact))
    messages = sum(group.count for group in groups)
    is_exact = end is None and after is None and all(group.is_exact for group in groups)
    if not is_exact and query.words and query.sql is None and query.of_session == ANY_SESSION:
        messages = max(messages, MAX_SORTED)  # as `_first_matches` counted
    counts = SearchCounts(messages, len(groups), is_exact)
    return SearchPage(groups, end, counts, is_sorted=False)


def _walk(
    read: sqlite3.Connection, query: CompiledQuery, after: SearchEnd | None
) -> Iterator[WalkedSession]:
    """Yield the sessions after one, the newest first, as many as one call may search."""
    updated_ms, last_id = after or _NEWEST
    most = _MAX_WALKED_CHECKED if query.words and query.sql else _MAX_WALKED
    # With the sessions: a question for each would take as long as all the rest of a walk.
    bounds = BOUNDS.format(key="k.key") if query.words else "NULL AS first_seq, NULL AS last_seq"
    sessions = read.execute(
        f"SELECT s.id, s.updated_ms, k.key, c.messages, {bounds} FROM sessions s"  # noqa: S608 - constants; values are bound
        " JOIN ids k ON k.id = s.id LEFT JOIN session_counts c ON c.session_id = s.id"
        " WHERE NOT s.is_excluded AND s.updated_ms <= ? AND (s.updated_ms, s.id) < (?, ?)"
        f" AND ({query.of_session.sql}) ORDER BY s.updated_ms DESC, s.id DESC LIMIT ?",
        (updated_ms, updated_ms, last_id, *query.of_session.values, most + 1),
    )
    messages = 0
    before = None
    for number, session in enumerate(sessions):
        messages += session["messages"] or 0
        is_last = number == most or (
            query.words is None and messages > _MAX_WALKED_MESSAGES and before is not None
        )
        if is_last and before is not None:
            yield before._replace(is_last=True)
            return
        before = WalkedSession(
            session["id"],
            session["updated_ms"],
            session["key"],
            session["first_seq"],
            session["last_seq"],
        )
        yield before


def _read_hits(
    read: sqlite3.Connection, query: CompiledQuery, seqs: Sequence[int]
) -> list[SearchHit]:
    return [read_hit(read, query, seq) for seq in seqs]


def find_in_conversation(
    database: Database, query: CompiledQuery, session_id: str, agent_id: str | None
) -> list[int]:
    """Return the numbers of a conversation's messages that match, in the order of the file.

    All of them, however long it is; those of other conversations of its session are left out.
    """
    read = database.read()
    key = read.execute("SELECT key FROM ids WHERE id = ?", (session_id,)).fetchone()
    if key is None or query.is_empty:
        return []
    rows = read.execute(
        "SELECT seq FROM compact_messages WHERE session_key = ? AND agent_id IS ?",
        (key[0], agent_id),
    )
    own = {row[0] for row in rows}
    return sorted(own.intersection(SessionMatches(read, query).of(key[0], -1)))


class MatchingSessions:
    """The sessions that have a message that matches; asked for one, or for all of them.

    `condition` is what a list of sessions asks for by itself.
    """

    def __init__(self, database: Database, query: CompiledQuery) -> None:
        self._read = database.read()
        self._query = query
        self._first = _first_matches(self._read, query)
        self._matches = SessionMatches(self._read, query, self._first)
        self.condition = query.of_session

    def all_ids(self) -> list[str] | None:
        """Return every one of them; None where there are too many matches for that."""
        if self._query.words is None or len(self._first) > MAX_SORTED:
            return None
        tables, values = _matching_rows(self._query)
        rows = self._read.execute(f"SELECT DISTINCT s.id{tables}", values)
        return [row[0] for row in rows]

    def __contains__(self, session_id: object) -> bool:
        """Return whether a session is one of them, if it has what `condition` asks for."""
        key = self._read.execute("SELECT key FROM ids WHERE id = ?", (session_id,)).fetchone()
        return key is not None and bool(self._matches.of(key[0], 1))
