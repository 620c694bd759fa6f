"""Full-text search over what was said, written and called; made up to date when somebody looks.

Indexing is off the path of ingestion: `catch_up` reads what was committed since the last time, a
few hundred messages a commit, so that the pump never waits long for its turn to write.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

CHUNK_MESSAGES = 300
_HOLD_SECONDS = 0.01
MAX_WORDS = 12
MARKS = ("\x02", "\x03")
"""Round each word that was found in a snippet: no text of JSON's contains them raw."""
TABLE = (
    "CREATE VIRTUAL TABLE search USING fts5 ("
    "text, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2')"
)
_WORD = re.compile(r"\w+", re.UNICODE)
_MAX_INDEXED_CHARS = 40_000
_SNIPPET_WORDS = 24


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found; `snippet` has `MARKS` round each word that was asked for."""

    seq: int
    session_id: str
    agent_id: str | None
    kind: str
    timestamp_ms: int | None
    snippet: str


def forget(database: Database) -> None:
    """Forget the whole index; it is made anew. What is deleted from it may stay in it for long."""
    with database.write() as connection:
        connection.execute("DROP TABLE search")
        connection.execute(TABLE)
        connection.execute("DELETE FROM search_due")
        connection.execute("DELETE FROM meta WHERE name = 'search'")


def catch_up(database: Database) -> int:
    """Index the next messages; return how many, 0 when all there are can be found."""
    read = database.read()
    due = [row[0] for row in read.execute("SELECT seq FROM search_due LIMIT ?", (CHUNK_MESSAGES,))]
    done = _done(read)
    new = read.execute(
        "SELECT seq FROM messages WHERE seq > ? ORDER BY seq LIMIT ?", (done, CHUNK_MESSAGES)
    )
    fresh = [row[0] for row in new]
    if not due and not fresh:
        return 0
    count = 0
    with database.write() as connection:
        ends = time.monotonic() + _HOLD_SECONDS
        # The texts are read here, not before: one that changed since would be indexed as it was.
        for seq in due:
            connection.execute("DELETE FROM search WHERE rowid = ?", (seq,))
            connection.execute("DELETE FROM search_due WHERE seq = ?", (seq,))
            if seq <= done:
                _add(connection, seq)
            count += 1
            if time.monotonic() > ends:
                return count
        for seq in fresh:
            _add(connection, seq)
            done, count = seq, count + 1
            if time.monotonic() > ends:
                break
        connection.execute(
            "INSERT INTO meta VALUES ('search', ?)"
            " ON CONFLICT DO UPDATE SET value = excluded.value",
            (done,),
        )
    return count


def _add(connection: sqlite3.Connection, seq: int) -> None:
    text = _text(connection, seq)
    if text:
        connection.execute("INSERT INTO search (rowid, text) VALUES (?, ?)", (seq, text))


def behind(database: Database) -> int:
    """Return about how many messages cannot be found yet."""
    read = database.read()
    (newest,) = read.execute("SELECT coalesce(max(seq), 0) FROM messages").fetchone()
    (due,) = read.execute("SELECT count(*) FROM search_due").fetchone()
    return int(max(0, newest - _done(read)) + due)


def _done(read: sqlite3.Connection) -> int:
    row = read.execute("SELECT value FROM meta WHERE name = 'search'").fetchone()
    return int(row[0]) if row else 0


def _text(connection: sqlite3.Connection, seq: int) -> str:
    rows = connection.execute(
        # Our own header is shown nowhere, so it cannot be found.
        "SELECT p.tool_name, p.content FROM parts p JOIN messages m ON m.seq = p.message_seq"
        " WHERE p.message_seq = ? AND m.kind <> 'session' ORDER BY p.position",
        (seq,),
    )
    pieces: list[str] = []
    for tool_name, content in rows:
        if tool_name:
            pieces.append(tool_name)
        pieces.extend(_strings(orjson.loads(content)))
    return "\n".join(pieces)[:_MAX_INDEXED_CHARS]


def _strings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def query_of(words: str) -> str:
    """Return what FTS5 is asked for what somebody typed: all words, the last as a beginning.

    Nothing of it is syntax, whatever was typed. Empty when it holds no word.
    """
    found = _WORD.findall(words)[:MAX_WORDS]
    if not found:
        return ""
    quoted = [f'"{word}"' for word in found]
    return " ".join(quoted) + ("" if words[-1:].isspace() else "*")


def find(database: Database, words: str, *, limit: int, before_seq: int | None = None) -> list[Hit]:
    """Return the newest messages that hold all the words, those after `before_seq` left out."""
    query = query_of(words)
    if not query:
        return []
    # The newest, not the best: ranking would read every message that holds a common word.
    rows = database.read().execute(
        "SELECT m.seq, m.session_id, m.agent_id, m.kind, m.timestamp_ms,"
        " snippet(search, 0, ?2, ?3, '…', ?4) AS snippet"
        " FROM search JOIN messages m ON m.seq = search.rowid"
        " JOIN sessions s ON s.id = m.session_id AND NOT s.is_excluded"
        " WHERE search MATCH ?1 AND search.rowid < ?5 ORDER BY search.rowid DESC LIMIT ?6",
        (query, *MARKS, _SNIPPET_WORDS, before_seq or (1 << 62), limit),
    )
    return [Hit(*row) for row in rows]


def sessions_with(database: Database, words: str, *, limit: int) -> list[str]:
    """Return the sessions of the newest `limit` messages that hold all the words, each once."""
    query = query_of(words)
    if not query:
        return []
    rows = database.read().execute(
        "SELECT m.session_id FROM search JOIN messages m ON m.seq = search.rowid"
        " WHERE search MATCH ? ORDER BY search.rowid DESC LIMIT ?",
        (query, limit),
    )
    return list(dict.fromkeys(row[0] for row in rows))
