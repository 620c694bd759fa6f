"""One message that a search found, with an excerpt of what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ccsync_watch.store.conversations import conversation_name
from ccsync_watch.store.packed_texts import unpack

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.store.search_compiler import CompiledQuery

MARKS = ("\x02", "\x03")
"""Around each matched word of a snippet. A text may have one of them by itself."""
_SNIPPET_WORDS = 24
_SNIPPET_CHARS = 90
_MAX_PLACES = 50
_PLAIN_CHARS = 200


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A message that matches; in `snippet` each matched word has `MARKS` around it.

    `name` is the permanent one of the message that shows it: of a result that is its call.
    `tool_name` is the tool that it calls, or whose result it is.
    """

    seq: int
    session_id: str
    agent_id: str | None
    kind: str
    timestamp_ms: int | None
    name: str
    snippet: str
    tool_name: str | None = None


def read_hit(read: sqlite3.Connection, query: CompiledQuery, seq: int) -> SearchHit:
    """Return a message that matches a query."""
    row = read.execute(
        "SELECT session_id, agent_id, kind, timestamp_ms, id, (SELECT tool_name FROM parts"
        " WHERE message_seq = seq AND tool_name IS NOT NULL ORDER BY position LIMIT 1) AS tool_name"
        " FROM messages WHERE seq = ?",
        (seq,),
    ).fetchone()
    fields = {key: row[key] for key in ("session_id", "agent_id", "kind", "timestamp_ms")}
    return SearchHit(
        seq,
        **fields,
        name=shown_name(read, seq),
        snippet=_snippet(read, query, seq),
        tool_name=row["tool_name"],
    )


def shown_name(read: sqlite3.Connection, seq: int) -> str:
    """Return the permanent name of the message that a page shows this one with.

    A result is shown with its call, if that is stored in the same conversation.
    """
    message = read.execute(
        "SELECT id, session_id, agent_id, kind FROM messages WHERE seq = ?", (seq,)
    ).fetchone()
    message_id, session_id, agent_id = message["id"], message["session_id"], message["agent_id"]
    if message["kind"] == "tool_result":
        call = read.execute(
            "SELECT c.id FROM parts r JOIN parts p ON p.tool_use_id = r.tool_use_id"
            " AND p.kind = 'tool-call' JOIN messages c ON c.seq = p.message_seq"
            " WHERE r.message_seq = ? AND c.session_id = ? AND c.agent_id IS ? LIMIT 1",
            (seq, session_id, agent_id),
        ).fetchone()
        message_id = call["id"] if call else message_id
    return conversation_name(message_id, session_id, agent_id)


def _snippet(read: sqlite3.Connection, query: CompiledQuery, seq: int) -> str:
    row = read.execute("SELECT packed FROM indexed_texts WHERE seq = ?", (seq,)).fetchone()
    text = unpack(row[0]) if row else ""
    snippet = _snippet_around(text, query.marked)
    if snippet or query.typed is None:
        return snippet or _beginning(text)
    # FTS5 knows the same word with other accents.
    row = read.execute(
        "SELECT snippet(search, 0, ?3, ?4, '…', ?5) FROM search"
        " WHERE search MATCH ?1 AND rowid = ?2",
        (query.typed, seq, *MARKS, _SNIPPET_WORDS),
    ).fetchone()
    return str(row[0]) if row else _beginning(text)


def _snippet_around(text: str, words: tuple[str, ...]) -> str:
    """Return the part of a text with the most of the typed words, marked; empty without one."""
    if not words:
        return ""
    any_word = "|".join(map(re.escape, words))
    pattern = re.compile(any_word, re.IGNORECASE)
    # At the beginning of a word, if there is such a place.
    begun = re.compile(rf"(?<![^\W_])(?:{any_word})", re.IGNORECASE)
    places = _places(begun, text) or _places(pattern, text)
    if not places:
        return ""

    def count_words(first: re.Match[str]) -> int:
        end = first.start() + _SNIPPET_CHARS
        return len({match[0].lower() for match in places if first.start() <= match.start() < end})

    best = max(places, key=count_words)
    start = max(0, best.start() - _SNIPPET_CHARS)
    end = best.end() + _SNIPPET_CHARS
    shown = pattern.sub(lambda match: f"{MARKS[0]}{match[0]}{MARKS[1]}", text[start:end])
    return ("…" if start else "") + shown + ("…" if end < len(text) else "")


def _places(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return list(islice(pattern.finditer(text), _MAX_PLACES))


def _beginning(text: str) -> str:
    return f"{text[:_PLAIN_CHARS]}…" if len(text) > _PLAIN_CHARS else text
