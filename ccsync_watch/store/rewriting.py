"""Read every stored text and write changed ones back, for rules that are newer than the texts.

A message that changed is queued again by the path that can send twice without harm; a session that
changed is sent again as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store import search
from ccsync_watch.store.annotation_writer import ANNOTATION_TABLES, save_file
from ccsync_watch.store.backups import remove_backup
from ccsync_watch.store.id_keys import forget_unused, save_ids
from ccsync_watch.store.message_writer import content_digest
from ccsync_watch.store.packed_texts import pack_json
from ccsync_watch.store.recall import mark_recalled
from ccsync_watch.store.requeueing import requeue
from ccsync_watch.store.session_policy import excluded_among
from ccsync_watch.store.session_writer import mark_due
from ccsync_watch.store.stored_messages import MESSAGE_COLUMNS, MESSAGE_JOINS, read_message

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator

    from ccsync_watch.model import JsonValue, Redacted
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.database import Database


@dataclass(frozen=True, slots=True)
class RewritableMessage:
    """A message and what repair needs to know of it besides.

    `is_metadata_only` and `is_excluded` are its session's. `digest` is the one it was read with: a
    message that has changed since is not rewritten.
    """

    message: StoredMessage
    is_metadata_only: bool
    is_excluded: bool
    digest: bytes


class _TextTable(NamedTuple):
    """A table with texts: its key, its plain and its JSON columns, and the session's column."""

    name: str
    key: tuple[str, ...]
    texts: tuple[str, ...]
    json: tuple[str, ...] = ()
    session: str | None = None


_TABLES = (
    _TextTable(
        "sessions",
        ("id",),
        (
            "project_path", "folder", "worktree", "cwd", "git_branch", "host", "client_version",
            "entrypoint", "model", "first_prompt", "team", "member",
        ),
        session="id",
    ),
    _TextTable("session_facts", ("session_id", "name"), (), ("value",), "session_id"),
    _TextTable(
        "subagents",
        ("session_id", "agent_id"),
        ("agent_type", "description", "own_type", "own_description", "phase", "model"),
        session="session_id",
    ),
    _TextTable(
        "waiting_prompts", ("transcript_id", "number"), (), ("prompt",), session="session_id"
    ),
    _TextTable("summaries", ("leaf",), ("text",)),
    _TextTable("worktrees", ("id",), ("path", "project", "name")),
    _TextTable("windows_roots", ("id",), ("root",)),
    _TextTable("compact_usage", ("key",), ("model", "tier")),
    _TextTable("hook_events", ("id",), (), ("detail",), "session_id"),
    _TextTable("transcripts", ("id",), ("shown_path",)),
    _TextTable("outbox", ("seq",), ("rejected",)),
    _TextTable("remote", ("session_id",), ("error",), ("sent",)),
    _TextTable(
        "earlier_sessions", ("address", "session_id"), (), ("applied", "sent"), "session_id"
    ),
    # Of no session that is to be sent again: nothing of them is sent.
    _TextTable("session_annotations", ("session_id",), ("name", "note"), ("tags",)),
    _TextTable("message_marks", ("message_id",), ("note",)),
)  # fmt: skip

TABLES = len(_TABLES)
"""How many other tables there are; each has a number."""


@dataclass(frozen=True, slots=True)
class RewritableRow:
    """The texts of one row of another table, in the order of the table's columns.

    `table` is the index in the list of tables; `before` are the columns it was read with: a row
    that has changed since is not rewritten.
    """

    table: int
    key: tuple[object, ...]
    session_id: str | None
    values: list[JsonValue]
    before: tuple[object, ...]


def count_messages(database: Database) -> int:
    """Return how many messages there are to read."""
    return int(database.read().execute("SELECT count(*) FROM messages").fetchone()[0])


def newest_seq(database: Database) -> int:
    """Return the number of the message that was stored last, 0 without any."""
    row = database.read().execute("SELECT coalesce(max(seq), 0) FROM messages").fetchone()
    return int(row[0])


def messages_after(database: Database, seq: int, limit: int) -> list[RewritableMessage]:
    """Return the next messages after one, in the order of their ingestion."""
    return _messages(database, "m.seq > ? ORDER BY m.seq LIMIT ?", (seq, limit))


def messages_among(database: Database, seqs: Collection[int]) -> list[RewritableMessage]:
    """Return those of a few messages that are still there."""
    marks = ",".join("?" * len(seqs))
    return _messages(database, f"m.seq IN ({marks}) ORDER BY m.seq", tuple(seqs))


def _messages(
    database: Database, condition: str, values: tuple[int, ...]
) -> list[RewritableMessage]:
    read = database.read()
    rows = read.execute(
        f"SELECT {MESSAGE_COLUMNS}, m.digest, s.is_metadata_only, s.is_excluded"  # noqa: S608 - constants
        f" FROM messages m JOIN sessions s ON s.id = m.session_id {MESSAGE_JOINS}"
        f" WHERE {condition}",
        values,
    ).fetchall()
    return [
        RewritableMessage(
            message=read_message(read, row),
            is_metadata_only=bool(row["is_metadata_only"]),
            is_excluded=bool(row["is_excluded"]),
            digest=row["digest"],
        )
        for row in rows
    ]


def raw_texts_after(database: Database, seq: int, max_bytes: int) -> list[tuple[int, bytes]]:
    """Return the next messages after one, each with all of its texts as they are stored."""
    rows = database.read().execute(
        "SELECT m.seq, m.model, m.facts, p.tool_name, unpacked(p.content) FROM messages m"
        " LEFT JOIN parts p ON p.message_seq = m.seq WHERE m.seq > ? ORDER BY m.seq",
        (seq,),
    )
    texts: list[tuple[int, bytes]] = []
    size = 0
    for number, *columns in rows:
        text = "\n".join(filter(None, columns)).encode("utf-8", "surrogatepass")
        if texts and texts[-1][0] == number:
            texts[-1] = (number, texts[-1][1] + b"\n" + text)
        elif size > max_bytes:
            break
        else:
            texts.append((number, text))
        size += len(text)
    rows.close()
    return texts


def rewrite_messages(
    database: Database,
    changed: Redacted[list[RewritableMessage]],
    *,
    now_ms: int,
    is_released: bool,
) -> None:
    """Write messages back and queue them again. Raises StateError; then nothing changed.

    The index of all texts is built again, when it is needed.
    """
    with database.write() as connection:
        search.reset_index(connection)
        remove_backup(connection)
        for item in changed.value:
            if not _rewrite_message(connection, item):
                continue  # the daemon has just written it, by the current rules
            if not item.is_excluded:
                requeue(
                    connection,
                    item.message.seq,
                    item.message.session_id,
                    now_ms=now_ms,
                    is_released=is_released,
                )
        touched = {item.message.session_id for item in changed.value if not item.is_excluded}
        for session_id in touched:
            mark_recalled(connection, session_id)
        mark_due(connection, touched, is_released=is_released)


def _rewrite_message(connection: sqlite3.Connection, item: RewritableMessage) -> bool:
    """Write one message back; return whether it was still the one that was read."""
    message = item.message
    contents = [orjson.dumps(part.content) for part in message.parts]
    kinds = [part.kind for part in message.parts]
    digest = content_digest(message.role, message.kind, zip(kinds, contents, strict=True))
    facts = orjson.dumps(message.facts).decode()
    model_key = save_ids(connection, [message.model])[message.model] if message.model else None
    (earlier_key,) = connection.execute(
        "SELECT model_key FROM compact_messages WHERE seq = ?", (message.seq,)
    ).fetchone() or (None,)
    updated = connection.execute(
        "UPDATE compact_messages SET model_key = ?, facts = ?, digest = ?"
        " WHERE seq = ? AND digest = ?",
        (model_key, facts, digest, message.seq, item.digest),
    )
    if not updated.rowcount:
        return False
    if earlier_key != model_key:
        forget_unused(connection, earlier_key)
    connection.executemany(
        # Where a text changed, its styles are no longer at their places.
        "UPDATE parts SET styles = iif(unpacked(content) = ?2, styles, NULL), tool_name = ?1,"
        " content = ?3 WHERE message_seq = ?4 AND position = ?5",
        [
            (part.tool_name, content.decode(), pack_json(content), message.seq, position)
            for position, (part, content) in enumerate(zip(message.parts, contents, strict=True))
        ],
    )
    return True


def other_rows(database: Database, limit: int) -> Iterator[list[RewritableRow]]:
    """Yield every row of the other tables with texts, so many at a time."""
    for number in range(TABLES):
        key = None
        while rows := rows_after(database, number, key, limit):
            key = rows[-1].key
            yield rows


def rows_after(
    database: Database, table_number: int, key: tuple[object, ...] | None, limit: int = -1
) -> list[RewritableRow]:
    """Return the next rows of one of the `TABLES` other tables, after that with this key."""
    table = _TABLES[table_number]
    keys, marks = ", ".join(table.key), ", ".join("?" * len(table.key))
    columns = ", ".join((*table.key, *table.texts, *table.json))
    condition = "" if key is None else f" WHERE ({keys}) > ({marks})"
    rows = database.read().execute(
        f"SELECT {columns}, {table.session or 'NULL'} FROM {table.name}{condition}"  # noqa: S608 - the table above
        f" ORDER BY {keys} LIMIT ?",
        (*(key or ()), limit),
    )
    texts_start, json_start = len(table.key), len(table.key) + len(table.texts)
    return [
        RewritableRow(
            table=table_number,
            key=tuple(row[:texts_start]),
            session_id=row[-1],
            values=[
                *row[texts_start:json_start],
                *(None if value is None else orjson.loads(value) for value in row[json_start:-1]),
            ],
            before=tuple(row[texts_start:-1]),
        )
        for row in rows.fetchall()
    ]


def was_sent(row: RewritableRow) -> bool:
    """Return whether a row holds what a destination got of a session."""
    return _TABLES[row.table].name in {"remote", "earlier_sessions"}


def rewrite_rows(
    database: Database, changed: Redacted[list[RewritableRow]], *, is_released: bool
) -> None:
    """Write rows back; a session whose own texts changed is sent again. Raises StateError."""
    with database.write() as connection:
        remove_backup(connection)
        for row in changed.value:
            _rewrite_row(connection, row)
        if any(_TABLES[row.table].name in ANNOTATION_TABLES for row in changed.value):
            save_file(connection, is_bounded=False)
        # The backend applied a state with other texts: the next one differs from it.
        for session_id in filter(None, map(session_of, changed.value)):
            mark_recalled(connection, session_id)
        touched = {row.session_id for row in changed.value if row.session_id}
        touched -= excluded_among(connection, touched)
        mark_due(connection, touched, is_released=is_released)


def _rewrite_row(connection: sqlite3.Connection, row: RewritableRow) -> None:
    table = _TABLES[row.table]
    encoded = [
        None if value is None else orjson.dumps(value).decode()
        for value in row.values[len(table.texts) :]
    ]
    columns = ", ".join(f"{name} = ?" for name in (*table.texts, *table.json))
    condition = " AND ".join(
        [
            *(f"{name} = ?" for name in table.key),
            *(f"{name} IS ?" for name in (*table.texts, *table.json)),
        ]
    )
    connection.execute(
        f"UPDATE {table.name} SET {columns} WHERE {condition}",  # noqa: S608 - the table above
        (*row.values[: len(table.texts)], *encoded, *row.key, *row.before),
    )


def session_of(row: RewritableRow) -> str | None:
    """Return the session that a row belongs to; what was sent of it is marked by its key."""
    return str(row.key[0]) if _TABLES[row.table].name == "remote" else row.session_id
