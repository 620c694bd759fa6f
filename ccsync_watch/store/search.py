"""The index of the search over texts, thinking, tool calls and results; built when it is needed.

Ingestion does not index: `catch_up` indexes what was committed since it ran last, for a few
milliseconds per commit, so that the pump never waits long for the writing connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.store.meta import delete_meta, get_meta, set_meta
from ccsync_watch.store.packed_texts import pack, unpack
from ccsync_watch.store.search_substrings import add_terms, drop_terms, remove_unused_terms
from ccsync_watch.store.search_words import split_words

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from ccsync_watch.clock import Clock
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

CHUNK_MESSAGES = 300
_HOLD_SECONDS = 0.01
TABLE = (
    "CREATE VIRTUAL TABLE search USING fts5 ("
    "text, split, content = 'indexed_texts', content_rowid = 'seq',"
    " tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2')"
)
# In `meta`: whether texts were removed since the index was merged, or how far that has come; and
# when that was begun.
_REMOVED, _MERGED = "search_removed", "search_merged_ms"
_MERGE_MS = 86_400_000
_MERGE_PAGES = 50
_MERGED_CHANGES = 2  # SQLite's documentation: fewer changes of rows mean that nothing was merged
_MAX_INDEXED_CHARS = 40_000


def reset_index(connection: sqlite3.Connection) -> None:
    """Drop the whole index, to be built again: what is deleted from it may stay in its pages."""
    connection.execute("DROP TABLE search")
    connection.execute("DELETE FROM indexed_texts")
    connection.execute(TABLE)
    drop_terms(connection)
    connection.execute("DELETE FROM search_due")
    delete_meta(connection, "search")
    delete_meta(connection, _REMOVED)


def catch_up(database: Database, clock: Clock) -> int:
    """Index the next messages; return how many, 0 when every message is indexed."""
    due, new, _done = _waiting(database.read())
    if not due and not new:
        return _forget_removed(database, clock)
    count = 0
    with database.write() as connection:
        deadline = clock.monotonic() + _HOLD_SECONDS
        # Again: since then another thread may have dropped the whole index.
        due, new, done = _waiting(connection)
        # The texts are read here, not before: one that changed since would be indexed as it was.
        for seq in due:
            # In this order: what is to be removed from the index is read from the other table.
            connection.execute("DELETE FROM search WHERE rowid = ?", (seq,))
            connection.execute("DELETE FROM indexed_texts WHERE seq = ?", (seq,))
            connection.execute("DELETE FROM search_due WHERE seq = ?", (seq,))
            if seq <= done:
                _add(connection, seq)
            count += 1
            if clock.monotonic() > deadline:
                break
        if count:
            set_meta(connection, _REMOVED, get_meta(connection, _REMOVED) or "new")
        for seq in new if count == len(due) else ():
            _add(connection, seq)
            done, count = seq, count + 1
            if clock.monotonic() > deadline:
                break
        set_meta(connection, "search", str(done))
    return count


def _forget_removed(database: Database, clock: Clock) -> int:
    """Remove the words of removed texts from the index's pages, where they stay until it is merged.

    A part at a time, and at most once a day, as all of the index is written again. SQLite's own
    'secure-delete' makes an index that its versions before 3.42 cannot read.
    """
    state, now_ms = get_meta(database.read(), _REMOVED), clock.wall_ms()
    last_ms = int(get_meta(database.read(), _MERGED) or 0)
    if state is None or (state == "new" and 0 <= now_ms - last_ms < _MERGE_MS):
        return 0
    with database.write() as connection:
        deadline = clock.monotonic() + _HOLD_SECONDS
        if state == "new":
            state = "0"
            set_meta(connection, _MERGED, str(now_ms))
        # First the list of words, up to the number in the state: its index is merged too.
        while state.isdigit():
            last = remove_unused_terms(connection, after_id=int(state))
            state = "listed" if last is None else str(last)
            if clock.monotonic() > deadline:
                break
        pages = -_MERGE_PAGES if state == "listed" else _MERGE_PAGES
        while not state.isdigit():
            state = "begun"
            if not _merge(connection, pages):
                delete_meta(connection, _REMOVED)
                return 1
            pages = _MERGE_PAGES
            if clock.monotonic() > deadline:
                break
        set_meta(connection, _REMOVED, state)
    return 1


def _merge(connection: sqlite3.Connection, pages: int) -> bool:
    """Merge some pages of both indexes; return whether there may be more."""
    has_more = False
    for index in ("search", "search_grams"):
        before = connection.total_changes
        connection.execute(
            f"INSERT INTO {index} ({index}, rank) VALUES ('merge', ?)",  # noqa: S608 - constants
            (pages,),
        )
        has_more |= connection.total_changes - before >= _MERGED_CHANGES
    return has_more


def _waiting(connection: sqlite3.Connection) -> tuple[list[int], list[int], int]:
    """Return the next messages that changed, the next new ones, and the last indexed one."""
    due = connection.execute("SELECT seq FROM search_due LIMIT ?", (CHUNK_MESSAGES,))
    done = _last_indexed(connection)
    new = connection.execute(
        "SELECT seq FROM messages WHERE seq > ? ORDER BY seq LIMIT ?", (done, CHUNK_MESSAGES)
    )
    return [row[0] for row in due], [row[0] for row in new], done


def _add(connection: sqlite3.Connection, seq: int) -> None:
    text = _text(connection, seq)
    if text:
        connection.execute("INSERT INTO indexed_texts VALUES (?, ?)", (seq, pack(text)))
        connection.execute(
            "INSERT INTO search (rowid, text, split) VALUES (?, ?, ?)",
            (seq, text, split_words(text)),
        )
        add_terms(connection, text)


def count_unindexed(database: Database) -> int:
    """Return about how many messages are not indexed yet."""
    read = database.read()
    (newest,) = read.execute("SELECT coalesce(max(seq), 0) FROM messages").fetchone()
    done = _last_indexed(read)
    # What is not indexed yet and changed meanwhile is waiting once.
    (due,) = read.execute("SELECT count(*) FROM search_due WHERE seq <= ?", (done,)).fetchone()
    return int(max(0, newest - done) + due)


def _last_indexed(read: sqlite3.Connection) -> int:
    return int(get_meta(read, "search") or 0)


def _text(connection: sqlite3.Connection, seq: int) -> str:
    rows = connection.execute(
        # Our own header is shown nowhere, so it is not indexed.
        "SELECT p.tool_name, p.content FROM parts p JOIN messages m ON m.seq = p.message_seq"
        " WHERE p.message_seq = ? AND m.kind <> 'session' ORDER BY p.position",
        (seq,),
    )
    pieces: list[str] = []
    for tool_name, content in rows:
        if tool_name:
            pieces.append(tool_name)
        pieces.extend(_strings(orjson.loads(unpack(content))))
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
