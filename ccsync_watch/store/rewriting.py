"""Read every text of the store, and write it back changed, for rules that came after it.

A message that changed is queued again by the path that can send twice without harm; a session that
did is sent again as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store import session_writer
from ccsync_watch.store.message_writer import digest, requeue

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import JsonValue, Redacted
    from ccsync_watch.store.database import Database


class PartTexts(NamedTuple):
    """One part of a message, as it stands in the store."""

    position: int
    kind: str
    tool_use_id: str | None
    tool_name: str | None
    content: JsonValue


@dataclass(frozen=True, slots=True)
class MessageTexts:
    """The texts of one message; `is_metadata_only` and `is_excluded` are its session's.

    `digest` is the one that it was read with: a message that has changed since is left alone.
    """

    seq: int
    session_id: str
    role: str
    kind: str
    model: str | None
    facts: JsonValue
    parts: tuple[PartTexts, ...]
    is_metadata_only: bool
    is_excluded: bool
    digest: bytes


class _Place(NamedTuple):
    """The texts of a table: its key, its plain columns, those of JSON, and whose session it is."""

    table: str
    key: tuple[str, ...]
    texts: tuple[str, ...]
    json: tuple[str, ...] = ()
    session: str | None = None


_PLACES = (
    _Place(
        "sessions",
        ("id",),
        (
            "project_path", "cwd", "git_branch", "host", "client_version", "entrypoint", "model",
            "first_prompt",
        ),
        session="id",
    ),
    _Place("session_facts", ("session_id", "name"), (), ("value",), "session_id"),
    _Place(
        "subagents",
        ("session_id", "agent_id"),
        ("agent_type", "description", "model"),
        session="session_id",
    ),
    _Place("usage", ("id",), ("model", "tier")),
    _Place("hook_events", ("id",), (), ("detail",), "session_id"),
    _Place("transcripts", ("id",), ("shown_path",)),
    _Place("outbox", ("seq",), ("rejected",)),
    _Place("remote", ("session_id",), ("error",), ("sent",)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowTexts:
    """The texts of one row that is no message, in the order of its place's columns.

    `held` is what it was read with: a row that has changed since is left alone.
    """

    place: int
    key: tuple[object, ...]
    session_id: str | None
    values: list[JsonValue]
    held: tuple[object, ...]


def count_messages(database: Database) -> int:
    """Return how many messages there are to read."""
    return int(database.read().execute("SELECT count(*) FROM messages").fetchone()[0])


def messages_after(database: Database, seq: int, limit: int) -> list[MessageTexts]:
    """Return the next messages after one, in the order of their ingestion."""
    read = database.read()
    rows = read.execute(
        "SELECT m.seq, m.session_id, m.role, m.kind, m.model, m.facts, m.digest,"
        " s.is_metadata_only, s.is_excluded FROM messages m JOIN sessions s ON s.id = m.session_id"
        " WHERE m.seq > ? ORDER BY m.seq LIMIT ?",
        (seq, limit),
    ).fetchall()
    return [
        MessageTexts(
            seq=row["seq"],
            session_id=row["session_id"],
            role=row["role"],
            kind=row["kind"],
            model=row["model"],
            facts=orjson.loads(row["facts"]),
            parts=tuple(_parts(read, row["seq"])),
            is_metadata_only=bool(row["is_metadata_only"]),
            is_excluded=bool(row["is_excluded"]),
            digest=row["digest"],
        )
        for row in rows
    ]


def _parts(read: sqlite3.Connection, seq: int) -> Iterable[PartTexts]:
    found = read.execute(
        "SELECT position, kind, tool_use_id, tool_name, content FROM parts"
        " WHERE message_seq = ? ORDER BY position",
        (seq,),
    )
    return [
        PartTexts(position, kind, tool_use_id, tool_name, orjson.loads(content))
        for position, kind, tool_use_id, tool_name, content in found
    ]


def rewrite_messages(
    database: Database,
    changed: Redacted[list[MessageTexts]],
    *,
    now_ms: int,
    is_released: bool,
) -> None:
    """Write messages back, and queue them again. Raises StateError; then nothing changed."""
    with database.write() as connection:
        for message in changed.value:
            encoded = [(part, orjson.dumps(part.content).decode()) for part in message.parts]
            mark = digest(message.role, message.kind, [(p.kind, text) for p, text in encoded])
            facts = orjson.dumps(message.facts).decode()
            made = connection.execute(
                "UPDATE messages SET model = ?, facts = ?, digest = ? WHERE seq = ? AND digest = ?",
                (message.model, facts, mark, message.seq, message.digest),
            )
            if not made.rowcount:
                continue  # the daemon has just written it anew, by today's rules
            connection.executemany(
                "UPDATE parts SET tool_name = ?, content = ? WHERE message_seq = ?"
                " AND position = ?",
                [(part.tool_name, text, message.seq, part.position) for part, text in encoded],
            )
            if not message.is_excluded:
                requeue(
                    connection,
                    message.seq,
                    message.session_id,
                    now_ms=now_ms,
                    is_released=is_released,
                )
        touched = {each.session_id for each in changed.value if not each.is_excluded}
        session_writer.mark_due(connection, touched, is_released=is_released)


def other_rows(database: Database) -> list[RowTexts]:
    """Return every row with texts that is no message."""
    return [
        row for number, place in enumerate(_PLACES) for row in _rows(database.read(), number, place)
    ]


def _rows(read: sqlite3.Connection, number: int, place: _Place) -> Iterable[RowTexts]:
    columns = ", ".join((*place.key, *place.texts, *place.json))
    query = f"SELECT {columns}, {place.session or 'NULL'} FROM {place.table}"  # noqa: S608 - the table above
    first, last = len(place.key), len(place.key) + len(place.texts)
    for row in read.execute(query):
        told = [None if value is None else orjson.loads(value) for value in row[last:-1]]
        held = tuple(row[first:-1])
        yield RowTexts(number, tuple(row[:first]), row[-1], [*row[first:last], *told], held)


def rewrite_rows(
    database: Database, changed: Redacted[list[RowTexts]], *, is_released: bool
) -> None:
    """Write rows back; a session whose own texts changed is sent again. Raises StateError."""
    with database.write() as connection:
        for row in changed.value:
            place = _PLACES[row.place]
            plain = row.values[: len(place.texts)]
            told = [
                None if value is None else orjson.dumps(value).decode()
                for value in row.values[len(place.texts) :]
            ]
            columns = ", ".join(f"{name} = ?" for name in (*place.texts, *place.json))
            which = " AND ".join(
                [
                    *(f"{name} = ?" for name in place.key),
                    *(f"{name} IS ?" for name in (*place.texts, *place.json)),
                ]
            )
            connection.execute(
                f"UPDATE {place.table} SET {columns} WHERE {which}",  # noqa: S608 - the table above
                (*plain, *told, *row.key, *row.held),
            )
        # What the backend took was told by other texts: the next state differs from it.
        connection.executemany(
            "UPDATE remote SET applied = NULL WHERE session_id = ?",
            {(row.session_id or row.key[0],) for row in changed.value if _is_of_session(row)},
        )
        touched = {row.session_id for row in changed.value if row.session_id}
        touched -= session_writer.excluded(connection, touched)
        session_writer.mark_due(connection, touched, is_released=is_released)


def _is_of_session(row: RowTexts) -> bool:
    return row.session_id is not None or _PLACES[row.place].table == "remote"


def session_folders(database: Database) -> list[tuple[str, set[str]]]:
    """Return each session of which more than metadata is kept, with the folders it ran in."""
    rows = database.read().execute(
        "SELECT id, project_path, cwd FROM sessions WHERE NOT is_excluded AND NOT is_metadata_only"
    )
    return [(row[0], {folder for folder in row[1:] if folder}) for row in rows]


def mark(database: Database, *, excluded: set[str], metadata_only: set[str]) -> None:
    """Remember what the user has decided of these sessions since they were stored."""
    with database.write() as connection:
        session_writer.mark_excluded(connection, excluded)
        session_writer.mark_metadata_only(connection, metadata_only)


def note(database: Database, name: str, value: str) -> None:
    """Remember by which `rules` or `projects` everything in the store was judged."""
    with database.write() as connection:
        connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (name, value),
        )


def noted(database: Database, name: str) -> str | None:
    """Return what was noted last under this name, None when nothing was."""
    row = database.read().execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])
