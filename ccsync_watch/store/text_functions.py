"""The SQL functions of texts, which every connection has, and which few commands use."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from ccsync_watch.store.packed_texts import add_unpacked

if TYPE_CHECKING:
    import sqlite3


def add_text_functions(connection: sqlite3.Connection) -> None:
    """Give a connection the SQL functions of texts: `unpacked`, `split_words`, `small_letters`."""
    add_unpacked(connection)
    connection.create_function("small_letters", 1, small_letters, deterministic=True)
    connection.create_function("split_words", 1, _split_or_null, deterministic=True)


def small_letters(text: object) -> str | None:
    """Return a text in small letters, each with its accents: SQLite's `lower` knows A to Z only."""
    return unicodedata.normalize("NFC", text.lower()) if isinstance(text, str) else None


def _split_or_null(text: str | None) -> str | None:
    # `status` and other commands that search nothing start without its patterns.
    from ccsync_watch.store.search_words import split_words  # noqa: PLC0415 - see above

    return None if text is None else split_words(text)
