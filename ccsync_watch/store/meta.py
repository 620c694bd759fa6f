"""The table `meta`: single values about the store as a whole, by name.

The names in use: `destination` (the backend that the outbox is for), `rules` and `projects` (what
the stored texts were last checked against), `search` (the last message that is indexed),
`is_host_sent` (whether headers were last sent with this machine's name), `known` (keyed digests of
the known secrets that the stored texts were searched for), `retention` (what was pruned last),
`rewritten` (how often words were removed from what was stored), `session_figures` (the last message
that is counted in them, and at which prices), `clock` (from where `steady_time`
counts), `annotations` (how often what a person says of sessions was changed), `numbered_calls`
(that an earlier version stored results as those of other calls), `restored` (that a copy took the
place of the database, and has what a repair may have removed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.model import JsonValue


LAST_RETENTION = "retention"


def get_meta(connection: sqlite3.Connection, name: str) -> str | None:
    """Return the value that was set last under this name, None without one."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def set_meta(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Set a value, inside a transaction in progress."""
    connection.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (name, value),
    )


def delete_meta(connection: sqlite3.Connection, name: str) -> None:
    """Remove a value, inside a transaction in progress."""
    connection.execute("DELETE FROM meta WHERE name = ?", (name,))


def last_retention(connection: sqlite3.Connection) -> dict[str, JsonValue] | None:
    """Return what the setting `retention` last removed, and when; None before the first time."""
    stored = get_meta(connection, LAST_RETENTION)
    value = None if stored is None else orjson.loads(stored)
    return value if isinstance(value, dict) else None
