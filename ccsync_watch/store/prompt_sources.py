"""Which rows hold one prompt that was typed while Claude worked, and which message stands for them.

In the ingest transaction. A row that was linked stays so: it may be read again, in any batch.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal, TypeAlias

import orjson

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import JsonValue, Message

RowKind: TypeAlias = Literal["result", "queue", "attachment", "row"]

_RANKS: dict[str, int] = {"result": 0, "queue": 1, "attachment": 2, "row": 3}
"""The kinds of rows that can hold a prompt, by how much they say of it."""
# The client shows these in the place of long and of other contents: the words differ then.
_PLACEHOLDERS = ("[Pasted text #", "[Image #", "[...Truncated text #")


class PromptSources:
    """Reads and writes the links of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def has_any(self, session_ids: Iterable[str]) -> bool:
        """Return whether any row of these sessions holds such a prompt."""
        query = "SELECT 1 FROM prompt_sources WHERE session_id = ? LIMIT 1"
        return any(
            self._connection.execute(query, (session_id,)).fetchone() for session_id in session_ids
        )

    def message_of(self, session_id: str, source: str) -> str | None:
        """Return the uuid of the message that stands for a row, None for a row that is new."""
        query = "SELECT uuid FROM prompt_sources WHERE session_id = ? AND source = ?"
        row = self._connection.execute(query, (session_id, source)).fetchone()
        return str(row[0]) if row else None

    def link(
        self, prompt: Message, source: str, kind: RowKind, uuid: str, command_id: str | None
    ) -> None:
        """Save that the message `uuid` stands for a row; a known row is not changed."""
        values = (prompt.session_id, source, kind, uuid)
        self._connection.execute(
            "INSERT OR IGNORE INTO prompt_sources VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*values, words_of_message(prompt), command_id, _typed_ms(prompt)),
        )

    def has_better(self, session_id: str, uuid: str, kind: RowKind) -> bool:
        """Return whether another kind of row says more of a prompt."""
        query = "SELECT DISTINCT kind FROM prompt_sources WHERE session_id = ? AND uuid = ?"
        kinds = self._connection.execute(query, (session_id, uuid)).fetchall()
        return any(_RANKS[other] > _RANKS[kind] for (other,) in kinds)

    def find(self, prompt: Message, kind: RowKind, command_id: str | None) -> str | None:
        """Return the oldest message of the same prompt for which no row of this kind is known."""
        row = self._connection.execute(
            "SELECT uuid FROM prompt_sources s WHERE session_id = ?1"
            " AND (command_id = ?2 OR words = ?3 OR typed_ms = ?4)"
            " AND NOT EXISTS (SELECT 1 FROM prompt_sources o WHERE o.session_id = s.session_id"
            "   AND o.uuid = s.uuid AND o.kind = ?5)"
            " ORDER BY coalesce(command_id = ?2, 0) DESC, words = ?3 DESC, rowid LIMIT 1",
            (prompt.session_id, command_id, words_of_message(prompt), _typed_ms(prompt), kind),
        ).fetchone()
        return str(row[0]) if row else None

    def find_unconfirmed(self, prompt: Message) -> str | None:
        """Return the latest message of equal words that only the queue has."""
        row = self._connection.execute(
            "SELECT uuid FROM prompt_sources s WHERE session_id = ? AND words = ?"
            " AND kind = 'queue' AND NOT EXISTS (SELECT 1 FROM prompt_sources o"
            "   WHERE o.session_id = s.session_id AND o.uuid = s.uuid AND o.kind <> 'queue')"
            " ORDER BY rowid DESC LIMIT 1",
            (prompt.session_id, words_of_message(prompt)),
        ).fetchone()
        return str(row[0]) if row else None


def words_of_message(prompt: Message) -> bytes:
    """Return a hash of what was typed, without the notes around it."""
    return words_of((part.kind, part.content) for part in prompt.parts)


def words_of(parts: Iterable[tuple[str, JsonValue]]) -> bytes:
    """Return a hash of the words in some parts, each a kind and its content."""
    parts = list(parts)
    texts = [
        " ".join(content.split())
        for kind, content in parts
        if kind == "text" and isinstance(content, str)
    ]
    said = "\n".join(texts).encode() or orjson.dumps([content for _kind, content in parts])
    return hashlib.blake2b(said, digest_size=8).digest()


def _typed_ms(prompt: Message) -> int | None:
    """Return when a prompt was typed, where that has to identify it."""
    typed_ms = prompt.facts.get("typed_ms")
    if isinstance(typed_ms, int):
        return typed_ms
    has_placeholder = any(
        part.kind == "text"
        and isinstance(part.content, str)
        and any(placeholder in part.content for placeholder in _PLACEHOLDERS)
        for part in prompt.parts
    )
    return prompt.timestamp_ms if has_placeholder else None
