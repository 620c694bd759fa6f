"""What the user's policies say of stored sessions: excluded, or kept as metadata only.

A mark is never removed: what was excluded once is not sent when the folder is renamed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.backups import remove_copies
from ccsync_watch.store.recall import mark_recalled, recall_session
from ccsync_watch.transcripts.line_types import TEXT_FACTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

    from ccsync_watch.store.database import Database


def mark_excluded(
    connection: sqlite3.Connection,
    session_ids: Collection[str],
    *,
    now_ms: int,
    is_released: bool,
) -> None:
    """Mark sessions of excluded projects, and take back what was sent; inside a transaction."""
    new = set(session_ids) - excluded_among(connection, session_ids)
    if new:
        remove_copies(connection)
    for session_id in new:
        connection.execute(
            "INSERT INTO sessions (id, is_excluded) VALUES (?, 1)"
            " ON CONFLICT DO UPDATE SET is_excluded = 1",
            (session_id,),
        )
        recall_session(connection, session_id, now_ms=now_ms, is_released=is_released)


def mark_metadata_only(connection: sqlite3.Connection, session_ids: Iterable[str]) -> None:
    """Mark sessions of which only metadata is kept; in a transaction.

    Their titles and the name of their machine are deleted.
    """
    query = "SELECT 1 FROM sessions WHERE id = ? AND is_metadata_only"
    new = [
        (session_id,)
        for session_id in session_ids
        if not connection.execute(query, (session_id,)).fetchone()
    ]
    if new:
        remove_copies(connection)
    for statement in (
        (
            "INSERT INTO sessions (id, is_metadata_only) VALUES (?, 1)"
            " ON CONFLICT DO UPDATE SET is_metadata_only = 1, first_prompt = NULL, host = NULL"
        ),
        (
            "UPDATE subagents SET description = NULL, own_description = NULL, phase = NULL"
            " WHERE session_id = ?"
        ),
    ):
        connection.executemany(statement, new)
    for (session_id,) in new:
        mark_recalled(connection, session_id)
    # The states that were sent contain the title.
    connection.executemany(
        "UPDATE remote SET sent = iif(sent IS NULL, NULL, '{}') WHERE session_id = ?", new
    )
    connection.executemany(
        "DELETE FROM session_facts WHERE session_id = ? AND name = ?",
        [(*session, name) for session in new for name in TEXT_FACTS],
    )


def mark_sessions(
    database: Database,
    *,
    excluded: set[str],
    metadata_only: set[str],
    now_ms: int,
    is_released: bool,
) -> None:
    """Mark stored sessions by policies that changed since they were stored."""
    with database.write() as connection:
        mark_excluded(connection, excluded, now_ms=now_ms, is_released=is_released)
        mark_metadata_only(connection, metadata_only)


def excluded_among(connection: sqlite3.Connection, session_ids: Iterable[str]) -> set[str]:
    """Return which of these sessions are excluded."""
    query = "SELECT 1 FROM sessions WHERE id = ? AND is_excluded"
    return {
        session_id
        for session_id in session_ids
        if connection.execute(query, (session_id,)).fetchone()
    }


def metadata_only_among(database: Database, session_ids: Iterable[str]) -> frozenset[str]:
    """Return which of these sessions are kept as metadata only."""
    query = "SELECT 1 FROM sessions WHERE id = ? AND is_metadata_only"
    read = database.read()
    return frozenset(
        session_id for session_id in session_ids if read.execute(query, (session_id,)).fetchone()
    )


def session_folders(database: Database) -> list[tuple[str, set[str], bool]]:
    """Return each session that is not excluded, the folders it ran in, and if its text is kept."""
    rows = database.read().execute(
        "SELECT id, project_path, cwd, is_metadata_only FROM sessions WHERE NOT is_excluded"
    )
    return [(row[0], {folder for folder in row[1:3] if folder}, not row[3]) for row in rows]
