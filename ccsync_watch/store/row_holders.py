"""Which sessions have a row, or rows of a response; inside a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.response_rows import RECORD_KEYS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_UUID_CHARS = 36


def is_elsewhere(connection: sqlite3.Connection, session_id: str, uuid: str) -> bool:
    """Return whether another session has a row of this id; only of a real UUID."""
    query = "SELECT 1 FROM messages WHERE uuid_key = uuid_key(?) AND session_id <> ? LIMIT 1"
    return (
        len(uuid) == _UUID_CHARS
        and connection.execute(query, (uuid, session_id)).fetchone() is not None
    )


def find_holders(connection: sqlite3.Connection, uuid: str) -> dict[str, int | None]:
    """Return the sessions that have a row of this id, with its time; only of a real UUID."""
    if len(uuid) != _UUID_CHARS:
        return {}
    query = "SELECT session_id, timestamp_ms FROM messages WHERE uuid_key = uuid_key(?)"
    return dict(connection.execute(query, (uuid,)).fetchall())


def is_shared(
    connection: sqlite3.Connection, response_id: str | None, session_ids: Iterable[str]
) -> bool:
    """Return whether one of these sessions has rows of a response."""
    query = (
        "SELECT 1 FROM compact_usage_rows"  # noqa: S608 - constants
        f" WHERE usage_key IN ({RECORD_KEYS}) AND session_key = {key_of('?2')} LIMIT 1"
    )
    return any(
        connection.execute(query, (response_id, session_id)).fetchone()
        for session_id in session_ids
    )
