"""The words of the search index by the three characters that follow each other in them.

So the search finds `gress` in `progress`: it looks up which words contain it, then the messages
with those words. There are far fewer words than texts: an index of the texts themselves by three
characters would be larger than the texts.

Words of fewer than four characters contain nothing that is not a word, and encoded data no words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.store.search_words import UNSPACED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

MIN_CHARS = 3
"""Of fewer characters too many words are found."""
MAX_WORDS_FOUND = 100
"""The index is asked for so many words at once; the shortest ones are nearest to what was typed."""
SCHEMA = (
    "CREATE TABLE search_terms (id INTEGER PRIMARY KEY, term TEXT NOT NULL UNIQUE)",
    """CREATE VIRTUAL TABLE search_grams USING fts5 (
        term, content = 'search_terms', content_rowid = 'id', tokenize = 'trigram', detail = none,
        columnsize = 0
    )""",
    """CREATE TRIGGER search_terms_added AFTER INSERT ON search_terms BEGIN
        INSERT INTO search_grams (rowid, term) VALUES (new.id, new.term);
    END""",
    """CREATE TRIGGER search_terms_removed AFTER DELETE ON search_terms BEGIN
        INSERT INTO search_grams (search_grams, rowid, term) VALUES ('delete', old.id, old.term);
    END""",
)
_TERM = re.compile(rf"(?:(?![{UNSPACED}])[^\W_]){{4,48}}(?![^\W_])")
_MAX_MIXED_CHARS = 20
_CHUNK = 50
_KEPT = "\u01e1"  # an a with two accents, of which SQLite has no plain one


class WordsFound(NamedTuple):
    """Words that contain what was typed; `is_all` is false where there are more."""

    words: list[str]
    is_all: bool


def add_terms(connection: sqlite3.Connection, text: str) -> None:
    """Store the words of a text that was indexed."""
    connection.executemany(
        "INSERT OR IGNORE INTO search_terms (term) VALUES (?)", [(term,) for term in _terms(text)]
    )


def remove_unused_terms(connection: sqlite3.Connection, *, after_id: int) -> int | None:
    """Remove those of the next words that no indexed text has any more.

    Return the last one that was looked up, None at the end.
    """
    rows = connection.execute(
        "SELECT id, term FROM search_terms WHERE id > ? ORDER BY id LIMIT ?", (after_id, _CHUNK)
    ).fetchall()
    for number, term in rows:
        query = "SELECT 1 FROM search WHERE search MATCH ? LIMIT 1"
        if connection.execute(query, (f'text : "{term}"',)).fetchone() is None:
            connection.execute("DELETE FROM search_terms WHERE id = ?", (number,))
    return rows[-1][0] if len(rows) == _CHUNK else None


def drop_terms(connection: sqlite3.Connection) -> None:
    """Forget all words: the tables are made again, as pages keep what was deleted from them."""
    connection.execute("DROP TABLE search_grams")
    connection.execute("DROP TABLE search_terms")
    for statement in SCHEMA:
        connection.execute(statement)


def find_words(read: sqlite3.Connection, typed: str, *, is_end: bool = False) -> WordsFound:
    """Return the words that contain what was typed, or end with it, the shortest first.

    Of fewer than `MIN_CHARS` there are none.
    """
    part = _plain(typed)
    if len(part) < MIN_CHARS or not part.isalnum():
        return WordsFound([], is_all=True)
    grams = {part[at : at + 3] for at in range(len(part) - 2)}
    rows = read.execute(
        "SELECT t.term FROM search_grams CROSS JOIN search_terms t ON t.id = search_grams.rowid"
        " WHERE search_grams MATCH ? AND t.term GLOB ? ORDER BY length(t.term), t.term LIMIT ?",
        (
            " AND ".join(f'"{gram}"' for gram in sorted(grams)),
            f"*{part}{'' if is_end else '*'}",
            MAX_WORDS_FOUND + 1,
        ),
    )
    return _words_found(rows)


def find_beginnings(read: sqlite3.Connection, typed: str) -> WordsFound | None:
    """Return the words that begin with what was typed, the shortest first.

    None where the list does not have them all: of digits, and of fewer characters than a word has.
    """
    part = _plain(typed)
    if len(part) < MIN_CHARS or not part.isalpha():
        return None
    rows = read.execute(
        "SELECT term FROM search_terms WHERE term >= ? AND term < ?"
        " ORDER BY length(term), term LIMIT ?",
        (part, part + "\U0010ffff", MAX_WORDS_FOUND + 1),
    )
    return _words_found(rows)


def _words_found(rows: Iterable[tuple[str]]) -> WordsFound:
    words = [row[0] for row in rows]
    return WordsFound(words[:MAX_WORDS_FOUND], len(words) <= MAX_WORDS_FOUND)


def _terms(text: str) -> Iterable[str]:
    """Return a text's words as the index has them: in small letters, without accents."""
    # An accent that is a character of its own would end a word.
    words = _TERM.findall(unicodedata.normalize("NFC", text))
    terms = {_plain(word) for word in set(words)}
    return {word for word in terms if _is_word(word)}


def _is_word(term: str) -> bool:
    """Return whether letters make it; a long mixture of them with digits is encoded data."""
    if term.isalpha():
        return True
    return not term.isdigit() and len(term) <= _MAX_MIXED_CHARS


def _plain(word: str) -> str:
    word = word.lower()
    if word.isascii():
        return word
    return "".join(map(_without_accent, unicodedata.normalize("NFC", word)))


def _without_accent(char: str) -> str:
    """Return a letter as SQLite's tokenizer has it: accents are left out of A to Z alone."""
    apart = unicodedata.normalize("NFD", char)
    return apart[0] if apart[0].isascii() and len(apart) > 1 and char != _KEPT else char
