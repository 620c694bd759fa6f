"""Store what a person says of sessions and messages: in the database and in the file beside it.

The file is replaced inside the transaction, before its commit. What was answered to a person is in
both; a crash in between leaves a file that is one change ahead, which the next start loads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.store.annotation_file import (
    StoredAnnotations,
    annotation_path,
    read_file,
    write_file,
)
from ccsync_watch.store.meta import set_meta
from ccsync_watch.store.session_annotations import (
    ANNOTATION_REVISION,
    MAX_NAME_CHARS,
    MAX_NOTE_CHARS,
    Mark,
    annotation_revision,
    every_annotation,
    every_mark,
    parse_tags,
)

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.model import Redacted
    from ccsync_watch.store.database import Database

ANNOTATION_TABLES = ("session_annotations", "message_marks")


@dataclass(frozen=True, slots=True)
class SessionChange:
    """What is to be said of a session from now on: None leaves a thing, an empty text removes it.

    `tags` have commas between them.
    """

    session_id: str
    is_starred: bool | None = None
    name: str | None = None
    note: str | None = None
    tags: str | None = None


@dataclass(frozen=True, slots=True)
class MarkChange:
    """How a message is to be marked from now on, None: not at all.

    A note of None leaves that of its mark, an empty one removes it.
    """

    message_id: str
    session_id: str
    agent_id: str | None
    mark: Mark | None
    note: str | None = None


def save_change(
    database: Database, change: Redacted[SessionChange | MarkChange], *, now_ms: int
) -> None:
    """Store a change. Raises StateError; then nothing is changed."""
    with database.write() as connection:
        if isinstance(change.value, SessionChange):
            _change_session(connection, change.value)
        else:
            _change_mark(connection, change.value, now_ms)
        save_file(connection)


def _change_session(connection: sqlite3.Connection, change: SessionChange) -> None:
    connection.execute(
        "INSERT INTO session_annotations (session_id) VALUES (?) ON CONFLICT DO NOTHING",
        (change.session_id,),
    )
    tags = None if change.tags is None else orjson.dumps(parse_tags(change.tags)).decode()
    connection.execute(
        "UPDATE session_annotations SET is_starred = coalesce(?2, is_starred),"
        " name = nullif(coalesce(?3, name), ''), note = nullif(coalesce(?4, note), ''),"
        " tags = coalesce(?5, tags) WHERE session_id = ?1",
        (
            change.session_id,
            change.is_starred,
            None if change.name is None else " ".join(change.name.split())[:MAX_NAME_CHARS],
            None if change.note is None else change.note.strip()[:MAX_NOTE_CHARS],
            tags,
        ),
    )
    connection.execute(
        "DELETE FROM session_annotations WHERE session_id = ? AND NOT is_starred"
        " AND name IS NULL AND note IS NULL AND tags = '[]'",
        (change.session_id,),
    )


def _change_mark(connection: sqlite3.Connection, change: MarkChange, now_ms: int) -> None:
    if change.mark is None:
        connection.execute("DELETE FROM message_marks WHERE message_id = ?", (change.message_id,))
        return
    note = None if change.note is None else change.note.strip()[:MAX_NOTE_CHARS]
    connection.execute(
        "INSERT INTO message_marks (message_id, session_id, agent_id, mark, note, marked_ms)"
        " VALUES (?1, ?2, ?3, ?4, nullif(?5, ''), ?6) ON CONFLICT DO UPDATE"
        " SET mark = excluded.mark, note = nullif(coalesce(?5, note), ''),"
        " marked_ms = excluded.marked_ms",
        (change.message_id, change.session_id, change.agent_id, change.mark, note, now_ms),
    )


def save_file(connection: sqlite3.Connection, *, is_bounded: bool = True) -> None:
    """Write the file with what the tables have now, inside the transaction that changed them.

    Raises StateError.
    """
    revision = annotation_revision(connection) + 1
    set_meta(connection, ANNOTATION_REVISION, str(revision))
    _write(connection, revision, is_bounded=is_bounded)


def restore_annotations(database: Database, *, now_ms: int) -> Path | None:
    """Bring the database and the file together; return where a damaged file was moved to.

    A database that was built again, or is a copy of an earlier one, gets what the file has. Raises
    StateError.
    """
    stored, aside = read_file(annotation_path(database.path), now_ms=now_ms)
    with database.write() as connection:
        revision = annotation_revision(connection)
        if stored is not None and stored.revision > revision:
            _replace_all(connection, stored)
        elif revision and (stored is None or stored.revision < revision):
            _write(connection, revision, is_bounded=False)
    return aside


def _replace_all(connection: sqlite3.Connection, stored: StoredAnnotations) -> None:
    for table in ANNOTATION_TABLES:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names above
    connection.executemany(
        "INSERT OR REPLACE INTO session_annotations (session_id, is_starred, name, note, tags)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (
                item.session_id,
                item.is_starred,
                item.name,
                item.note,
                orjson.dumps(item.tags).decode(),
            )
            for item in stored.sessions
        ],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO message_marks"
        " (message_id, session_id, agent_id, mark, note, marked_ms) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (item.message_id, item.session_id, item.agent_id, item.mark, item.note, item.marked_ms)
            for item in stored.marks
        ],
    )
    set_meta(connection, ANNOTATION_REVISION, str(stored.revision))


def _write(connection: sqlite3.Connection, revision: int, *, is_bounded: bool) -> None:
    path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
    stored = StoredAnnotations(revision, every_annotation(connection), every_mark(connection))
    write_file(annotation_path(path), stored, is_bounded=is_bounded)
