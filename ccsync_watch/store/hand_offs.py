"""Sessions that the client continued in another one, in the background.

The other one begins with a copy of the first, of which not every row says so; the first one's last
row names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import Fact
    from ccsync_watch.store.database import Database

FACT = "continued_in"
IS_DRAWN = (
    "NOT (m.is_inherited AND m.agent_id IS NULL AND EXISTS (SELECT 1 FROM session_facts f"
    " JOIN sessions s ON s.id = f.session_id AND NOT s.is_excluded"
    " WHERE f.name = 'continued_in' AND f.value = '\"' || m.session_id || '\"'))"
)
"""Whether a message `m` is drawn in its session: what was copied stands in the one before it."""
_HAS_SOURCE = "SELECT session_id FROM session_facts WHERE name = 'continued_in' AND value = ?"


def mark_hand_offs(
    connection: sqlite3.Connection, facts: Iterable[Fact], new: Iterable[str]
) -> set[str]:
    """Record where handed-off sessions come from, in a transaction; return those that changed.

    `new` are sessions that were not stored before: the row that names one may have been read first.
    """
    pairs = [(str(fact.value), fact.session_id) for fact in facts if fact.name == FACT]
    for session_id in sorted(new):
        source = connection.execute(_HAS_SOURCE, (_encode(session_id),)).fetchone()
        if source is not None:
            pairs.append((session_id, source[0]))
    return {
        target
        for target, source in pairs
        if target != source
        and connection.execute(
            "UPDATE sessions SET forked_from = ? WHERE id = ? AND forked_from IS NULL",
            (source, target),
        ).rowcount
    }


class HandOff(NamedTuple):
    """The session that was continued in one, and the one in which that was continued itself."""

    source: str | None
    target: str | None


def find_hand_off(database: Database, session_id: str) -> HandOff:
    """Return what a session was handed off from and to; excluded sessions are left out."""
    read = database.read()
    # Each looks up one session by its id: to compare all of them takes as long as a page may.
    visible = "EXISTS (SELECT 1 FROM sessions s WHERE s.id = session_id AND NOT s.is_excluded)"
    source = read.execute(f"{_HAS_SOURCE} AND {visible}", (_encode(session_id),)).fetchone()
    target = read.execute(
        "SELECT s.id FROM session_facts f"
        " CROSS JOIN sessions s ON s.id = json_extract(f.value, '$') AND NOT s.is_excluded"
        " WHERE f.session_id = ? AND f.name = ?",
        (session_id, FACT),
    ).fetchone()
    return HandOff(source and source[0], target and target[0])


def _encode(session_id: str) -> str:
    return orjson.dumps(session_id).decode()
