"""Mark messages that no longer stand: the client retracted them, or a later one replaced them.

In the ingest transaction. A later row names them, by uuids of which only the beginning is certain:
the client derives the uuids of what it shows from those of its rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.id_keys import uuid_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from ccsync_watch.model import Message
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.message_writer import MessageWriter

_DERIVED_FROM_CHARS = 24
_UUID_CHARS = 36
_STATES = {"retracts": "retracted", "supersedes": "superseded"}
"""What becomes of the rows under each fact of the row that names them."""


def mark_withdrawn(
    connection: sqlite3.Connection, messages: Iterable[Message], writer: MessageWriter
) -> None:
    """Mark what these messages withdraw, and queue it again."""
    for message in messages:
        if message.facts.keys() & _STATES.keys():
            scope = message.id.removesuffix(message.uuid)
            for state, first, last in _ranges(connection, message):
                rows = connection.execute(
                    "UPDATE compact_messages SET facts = json_set(facts, '$.withdrawn', ?)"
                    " WHERE seq IN (SELECT m.seq FROM"
                    "  (SELECT seq FROM compact_messages WHERE uuid_key BETWEEN ? AND ? UNION ALL"
                    "   SELECT seq FROM compact_messages WHERE uuid_key BETWEEN ? AND ?) f"
                    "  JOIN messages m ON m.seq = f.seq"
                    "  WHERE m.id >= ? AND m.id <= ? AND m.id <> ? AND m.kind <> 'notice'"
                    "  AND json_extract(m.facts, '$.withdrawn') IS NULL)"
                    " RETURNING seq, is_inherited",
                    (
                        state, first, last, *_stored_range(first, last),
                        scope + first, scope + last, message.id,
                    ),
                ).fetchall()  # fmt: skip
                for seq, is_inherited in rows:
                    if not is_inherited:
                        writer.queue_again(seq, message.session_id)


def _ranges(connection: sqlite3.Connection, message: Message) -> Iterator[tuple[str, str, str]]:
    """Yield the uuids that a message withdraws, as the first and the last, and how.

    A uuid that is a row's own names this row only: others may begin like it by chance.
    """
    for fact, state in _STATES.items():
        uuids = message.facts.get(fact)
        for uuid in uuids if isinstance(uuids, list) else []:
            name = str(uuid)
            if len(name) == _UUID_CHARS and not _is_stored(connection, message, name):
                name = name[:_DERIVED_FROM_CHARS]
                yield state, name, f"{name}~"
            else:
                yield state, name, name


def _stored_range(first: str, last: str) -> tuple[str | bytes | None, str | bytes | None]:
    """Return the uuids of a range as they are stored, those that are written as UUIDs are."""
    if first == last:
        return uuid_key(first), uuid_key(first)
    rest = _UUID_CHARS - len(first)
    return uuid_key(first + "0" * rest), uuid_key(first + "f" * rest)


def _is_stored(connection: sqlite3.Connection, message: Message, uuid: str) -> bool:
    query = "SELECT 1 FROM messages WHERE id = ? AND uuid_key = uuid_key(?) AND session_id = ?"
    message_id = message.id.removesuffix(message.uuid) + uuid
    return connection.execute(query, (message_id, uuid, message.session_id)).fetchone() is not None


def withdrawal(message: StoredMessage) -> str | None:
    """Return how a message was withdrawn, in a word; None for one that stands."""
    state = message.facts.get("withdrawn")
    return state if isinstance(state, str) else None
