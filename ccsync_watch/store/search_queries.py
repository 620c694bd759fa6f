"""What the search finds: messages and sessions that contain all typed words, the newest first.

Sessions are in the order of their last activity, the messages of each from its last one. The order
of rows is not that of time: a first import reads the newest transcripts first.

Few matches are sorted at once. Of many, the sessions are walked from the newest one, and only those
that are shown are searched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.store.conversations import conversation_name
from ccsync_watch.store.packed_texts import unpack
from ccsync_watch.store.search_words import UNSPACED, phrase_query

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from ccsync_watch.store.database import Database

MAX_WORDS = 12
MARKS = ("\x02", "\x03")
"""Around each matched word of a snippet: JSON never contains these characters raw."""
_WORD = re.compile(rf"[\w{UNSPACED}]+")
_SNIPPET_WORDS = 24
_SNIPPET_CHARS = 80
MAX_SORTED = 3000
"""More matches are not sorted: reading the time of each would take too long."""
_MAX_WALKED = 1000
"""Sessions of which one call searches at most so many, before it returns what it found."""
_NEWEST = (1 << 62, "\U0010ffff", 1 << 62)


class SearchEnd(NamedTuple):
    """Where a page of hits ended: the session's last activity, the session, and the message."""

    updated_ms: int
    session_id: str
    seq: int


class SearchPage(NamedTuple):
    """Hits, and where the next ones are to be searched; None at the end.

    Without hits there may be more: sessions are searched a thousand at a time.
    """

    hits: list[SearchHit]
    end: SearchEnd | None


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A message that matches; in `snippet` each matched word has `MARKS` around it.

    `name` is the message's permanent one.
    """

    seq: int
    session_id: str
    agent_id: str | None
    kind: str
    timestamp_ms: int | None
    name: str
    snippet: str
    updated_ms: int

    @property
    def end(self) -> SearchEnd:
        """The place of this hit among all."""
        return SearchEnd(self.updated_ms, self.session_id, self.seq)


def fts_query(text: str) -> str:
    """Return the FTS5 query for typed text: all of its words, the last one as a prefix.

    Whatever was typed, no part of it acts as syntax. Empty for a text without words.
    """
    words = _WORD.findall(text)[:MAX_WORDS]
    last = len(words) - 1
    return " AND ".join(
        phrase_query(word, is_prefix=at == last and not text[-1:].isspace())
        for at, word in enumerate(words)
    )


def find_messages(
    database: Database, text: str, *, limit: int, after: SearchEnd | None = None
) -> SearchPage:
    """Return messages that contain all words of `text`, the next ones after a hit's `end`."""
    query = fts_query(text)
    if not query:
        return SearchPage([], None)
    read = database.read()
    if _has_few_matches(read, query):
        rows = _sorted_matches(read, query, limit + 1, after)
        last = None
    else:
        rows, last = _walked_matches(read, query, limit + 1, after)
    hits = [_read_hit(read, query, text, *row) for row in rows[:limit]]
    if len(rows) > limit:
        last = hits[-1].end
    return SearchPage(hits, last)


def _has_few_matches(read: sqlite3.Connection, query: str) -> bool:
    (count,) = read.execute(
        "SELECT count(*) FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT ?)",
        (query, MAX_SORTED + 1),
    ).fetchone()
    return bool(count <= MAX_SORTED)


def _sorted_matches(
    read: sqlite3.Connection, query: str, limit: int, after: SearchEnd | None
) -> list[tuple[int, int]]:
    """Return the numbers of messages, and the last activity of the session of each."""
    rows = read.execute(
        "SELECT m.seq, coalesce(s.updated_ms, 0) AS updated_ms FROM search"
        " CROSS JOIN compact_messages m ON m.seq = search.rowid"
        " JOIN ids k ON k.key = m.session_key JOIN sessions s ON s.id = k.id"
        " WHERE search MATCH ?1 AND NOT s.is_excluded"
        " AND (coalesce(s.updated_ms, 0), s.id, m.seq) < (?2, ?3, ?4)"
        " ORDER BY 2 DESC, s.id DESC, m.seq DESC LIMIT ?5",
        (query, *(after or _NEWEST), limit),
    )
    return [tuple(row) for row in rows]


def _walked_matches(
    read: sqlite3.Connection, query: str, limit: int, after: SearchEnd | None
) -> tuple[list[tuple[int, int]], SearchEnd | None]:
    """Return the same, and the session up to which was searched if there may be more."""
    matches: list[tuple[int, int]] = []
    updated_ms, last_id, before_seq = after or _NEWEST
    sessions = read.execute(
        "SELECT s.id, s.updated_ms, k.key FROM sessions s JOIN ids k ON k.id = s.id"
        " WHERE NOT s.is_excluded AND s.updated_ms <= ?1 AND (s.updated_ms, s.id) <= (?1, ?2)"
        " ORDER BY s.updated_ms DESC, s.id DESC LIMIT ?3",
        (updated_ms, last_id, _MAX_WALKED + 1),
    ).fetchall()
    for number, session in enumerate(sessions):
        if number == _MAX_WALKED:
            return matches, SearchEnd(session["updated_ms"], session["id"], 1 << 62)
        top = before_seq if session["id"] == last_id else 1 << 62
        seqs = _matches_in(read, query, session["key"], top, limit - len(matches))
        matches += [(seq, session["updated_ms"]) for seq in seqs]
        if len(matches) >= limit:
            break
    return matches, None


def _matches_in(
    read: sqlite3.Connection, query: str, session_key: int, before_seq: int, limit: int
) -> Iterator[int]:
    """Yield the matches of one session, the last ones first."""
    first, last = read.execute(
        "SELECT (SELECT min(seq) FROM compact_messages WHERE session_key = ?1),"
        " (SELECT max(seq) FROM compact_messages WHERE session_key = ?1)",
        (session_key,),
    ).fetchone()
    if first is None:
        return
    rows = read.execute(
        # Rows of other sessions may be between its first and its last.
        "SELECT m.seq FROM search CROSS JOIN compact_messages m ON m.seq = search.rowid"
        " WHERE search MATCH ? AND search.rowid BETWEEN ? AND ? AND m.session_key = ?"
        " ORDER BY search.rowid DESC LIMIT ?",
        (query, first, min(last, before_seq - 1), session_key, limit),
    )
    yield from (row[0] for row in rows)


def _read_hit(
    read: sqlite3.Connection, query: str, text: str, seq: int, updated_ms: int
) -> SearchHit:
    row = read.execute(
        "SELECT m.session_id, m.agent_id, m.kind, m.timestamp_ms, m.id,"
        " snippet(search, 0, ?3, ?4, '…', ?5) AS snippet"
        " FROM search JOIN messages m ON m.seq = search.rowid"
        " WHERE search MATCH ?1 AND search.rowid = ?2",
        (query, seq, *MARKS, _SNIPPET_WORDS),
    ).fetchone()
    name = conversation_name(row["id"], row["session_id"], row["agent_id"])
    fields = {key: row[key] for key in ("session_id", "agent_id", "kind", "timestamp_ms")}
    hit = SearchHit(seq, **fields, name=name, snippet=row["snippet"], updated_ms=updated_ms)
    if MARKS[0] in hit.snippet:
        return hit
    # What matches is inside of a word, which FTS5 cannot mark.
    (packed,) = read.execute("SELECT packed FROM indexed_texts WHERE seq = ?", (seq,)).fetchone()
    return replace(hit, snippet=_snippet_around(unpack(packed), text) or hit.snippet)


def _snippet_around(text: str, typed: str) -> str:
    """Return the surroundings of the first typed word in a text, marked; empty without one."""
    words = sorted(_WORD.findall(typed)[:MAX_WORDS], key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    first = pattern.search(text)
    if first is None:
        return ""
    start = max(0, first.start() - _SNIPPET_CHARS)
    end = first.end() + _SNIPPET_CHARS
    shown = pattern.sub(lambda match: f"{MARKS[0]}{match[0]}{MARKS[1]}", text[start:end])
    return ("…" if start else "") + shown + ("…" if end < len(text) else "")


class MatchingSessions:
    """The sessions that have a message with all typed words; asked for one, or for all of them."""

    def __init__(self, database: Database, text: str) -> None:
        self._read = database.read()
        self._query = fts_query(text)

    def all_ids(self) -> list[str] | None:
        """Return every one of them; None where there are too many matches for that."""
        if not self._query:
            return []
        if not _has_few_matches(self._read, self._query):
            return None
        rows = self._read.execute(
            "SELECT DISTINCT k.id FROM search CROSS JOIN compact_messages m ON m.seq = search.rowid"
            " JOIN ids k ON k.key = m.session_key WHERE search MATCH ?",
            (self._query,),
        )
        return [row[0] for row in rows]

    def __contains__(self, session_id: object) -> bool:
        """Return whether a session is one of them."""
        key = self._read.execute("SELECT key FROM ids WHERE id = ?", (session_id,)).fetchone()
        return key is not None and any(
            True for _seq in _matches_in(self._read, self._query, key[0], 1 << 62, 1)
        )
