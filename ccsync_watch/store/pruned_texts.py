"""Remove the texts of old sessions; what figures are made of, and what was read, stays.

A message keeps its row, with its id and the digest of its text, and is marked as pruned: read
again, it is the same message, and its texts do not come back. It is never queued again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import orjson

from ccsync_watch.model import Part
from ccsync_watch.outgoing import PRUNED
from ccsync_watch.store import search
from ccsync_watch.store.backups import remove_copies
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.meta import get_meta
from ccsync_watch.store.packed_texts import pack, unpack
from ccsync_watch.store.requeueing import IS_PRUNED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from typing import TypeAlias

    from ccsync_watch.model import JsonValue, Redacted
    from ccsync_watch.store.database import Database

    Reduce: TypeAlias = Callable[[str, Part], Redacted[JsonValue]]
    """What is kept of a part of a message of this kind."""

STEP_MESSAGES = 200
_RESET_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class PrunableSession:
    """A session with texts. `kept_because`: why none may be removed now, None if they may."""

    session_id: str
    project_path: str | None
    updated_ms: int
    kept_because: Literal["pending"] | None


@dataclass(frozen=True, slots=True)
class PrunedSession:
    """When texts of a session were removed last, and of how many of its messages."""

    at_ms: int
    messages: int


class PrunedStep(NamedTuple):
    """What a step removed; `last_seq` is the last message that it looked at, None at the end."""

    messages: int
    texts_bytes: int
    last_seq: int | None


def has_destination(read: sqlite3.Connection) -> bool:
    """Return whether the outbox is for a destination: what is queued for none is not pending."""
    return get_meta(read, "destination") is not None


def prunable_sessions(
    database: Database, *, before_ms: int, has_backend: bool
) -> list[PrunableSession]:
    """Return the sessions with texts whose last message is older, the oldest first."""
    rows = database.read().execute(
        "SELECT s.id, s.project_path, s.updated_ms,"  # noqa: S608 - constants
        f" {_pending('s.id')} AS is_pending FROM sessions s"
        " WHERE s.updated_ms < ?1 AND EXISTS (SELECT 1 FROM messages m WHERE m.session_id = s.id"
        "  AND m.kind <> 'session' AND m.seq > coalesce((SELECT json_extract(value, '$.last_seq')"
        f"   FROM session_facts WHERE session_id = s.id AND name = '{PRUNED}'), -1))"
        " ORDER BY s.updated_ms, s.id",
        (before_ms,),
    )
    return [
        PrunableSession(
            session_id=row["id"],
            project_path=row["project_path"],
            updated_ms=row["updated_ms"],
            kept_because="pending" if has_backend and row["is_pending"] else None,
        )
        for row in rows
    ]


def measure_step(
    database: Database, session_id: str, reduce: Reduce, *, after_seq: int
) -> PrunedStep:
    """Return what `prune_step` would remove of a session's next messages."""
    read = database.read()
    rows = _next_messages(read, session_id, after_seq)
    removed = sum(
        part.removed_bytes for seq, kind in rows for part in _reduced_parts(read, seq, kind, reduce)
    )
    return PrunedStep(len(rows), removed, _last_seq(rows))


def index_bytes(database: Database, session_id: str) -> int:
    """Return the bytes that the search index has of the texts of a session that are not pruned."""
    row = database.read().execute(
        "SELECT coalesce(sum(length(i.packed)), 0) FROM messages m"  # noqa: S608 - constants
        " JOIN indexed_texts i ON i.seq = m.seq WHERE m.session_id = ?"
        f" AND m.kind <> 'session' AND NOT {IS_PRUNED.format(m='m')}",
        (session_id,),
    )
    return int(row.fetchone()[0])


def forget_index(database: Database, removed_bytes: int) -> None:
    """Drop the search index if much of it goes: it is built again sooner than words are removed."""
    with database.write() as connection:
        (indexed,) = connection.execute(
            "SELECT coalesce(sum(length(packed)), 0) FROM indexed_texts"
        ).fetchone()
        if indexed and removed_bytes >= indexed * _RESET_SHARE:
            search.reset_index(connection)


def prune_step(
    database: Database,
    session: PrunableSession,
    reduce: Reduce,
    *,
    after_seq: int,
    now_ms: int,
    has_backend: bool,
) -> PrunedStep | None:
    """Remove the texts of a session's next messages, in a commit of its own.

    None if the session was written to, or queued, since it was selected: then nothing changed.
    """
    with database.write() as connection:
        if not _is_unchanged(connection, session, has_backend=has_backend):
            return None
        remove_copies(connection)
        rows = _next_messages(connection, session.session_id, after_seq)
        removed = sum(_prune_message(connection, seq, kind, reduce) for seq, kind in rows)
        seqs = [(row[0],) for row in rows]
        connection.executemany(
            f"UPDATE compact_messages SET facts = json_set(facts, '$.{PRUNED}', json('true'))"  # noqa: S608 - a constant
            " WHERE seq = ?",
            seqs,
        )
        # What no destination was to get, none gets later: its texts are gone.
        connection.executemany("DELETE FROM earlier_outbox WHERE seq = ?", seqs)
        connection.executemany("DELETE FROM outbox WHERE seq = ?", seqs)
        last_seq = _last_seq(rows)
        if last_seq is None:
            _finish_session(connection, session.session_id, now_ms, has_backend=has_backend)
    return PrunedStep(len(rows), removed, last_seq)


def _next_messages(
    connection: sqlite3.Connection, session_id: str, after_seq: int
) -> list[tuple[int, str]]:
    """Return the numbers and kinds of a session's next messages that have texts."""
    return connection.execute(
        "SELECT seq, kind FROM messages m WHERE session_id = ? AND seq > ?"  # noqa: S608 - constants
        f" AND kind <> 'session' AND NOT {IS_PRUNED.format(m='m')} ORDER BY seq LIMIT ?",
        (session_id, after_seq, STEP_MESSAGES),
    ).fetchall()


def _last_seq(rows: list[tuple[int, str]]) -> int | None:
    """Return the last of these messages, None where the session has no more."""
    return rows[-1][0] if len(rows) == STEP_MESSAGES else None


def _is_unchanged(
    connection: sqlite3.Connection, session: PrunableSession, *, has_backend: bool
) -> bool:
    row = connection.execute(
        f"SELECT updated_ms, {_pending('s.id')} FROM sessions s WHERE id = ?",  # noqa: S608 - constants
        (session.session_id,),
    ).fetchone()
    return row is not None and row[0] == session.updated_ms and not (has_backend and row[1])


def _pending(session_id: str) -> str:
    """Return whether anything of a session is still to be sent, its own state included."""
    return (
        f"(EXISTS (SELECT 1 FROM outbox o WHERE o.session_key = {key_of(session_id)})"  # noqa: S608 - constants
        f" OR EXISTS (SELECT 1 FROM remote r WHERE r.session_id = {session_id}"
        " AND (r.is_due OR r.is_held)))"
    )


def _prune_message(connection: sqlite3.Connection, seq: int, kind: str, reduce: Reduce) -> int:
    """Reduce a message's parts; return by how many bytes."""
    removed = 0
    for part in _reduced_parts(connection, seq, kind, reduce):
        connection.execute(
            "UPDATE parts SET content = ?, styles = NULL WHERE message_seq = ? AND position = ?",
            (part.content, seq, part.position),
        )
        removed += part.removed_bytes
    return removed


class _ReducedPart(NamedTuple):
    """What is to be stored of a part in place of its content, and by how much it is less."""

    position: int
    content: str | bytes
    removed_bytes: int


def _reduced_parts(
    connection: sqlite3.Connection, seq: int, kind: str, reduce: Reduce
) -> list[_ReducedPart]:
    """Return the parts of a message that pruning changes."""
    rows = connection.execute(
        "SELECT position, kind, content, tool_use_id, tool_name, styles FROM parts"
        " WHERE message_seq = ?",
        (seq,),
    )
    parts = []
    for position, part_kind, stored, tool_use_id, tool_name, styles in rows:
        part = Part(part_kind, orjson.loads(unpack(stored)), tool_use_id, tool_name)
        content = pack(orjson.dumps(reduce(kind, part).value).decode())
        if content != stored or styles is not None:
            removed = len(stored) - len(content) + len(styles or "")
            parts.append(_ReducedPart(position, content, removed))
    return parts


def _finish_session(
    connection: sqlite3.Connection, session_id: str, now_ms: int, *, has_backend: bool
) -> None:
    """Note that all texts of a session were removed, and up to which message."""
    messages, last_seq = connection.execute(
        f"SELECT count(*) FILTER (WHERE {IS_PRUNED.format(m='m')}), max(seq)"  # noqa: S608 - constants
        " FROM messages m WHERE session_id = ?",
        (session_id,),
    ).fetchone()
    value = {"at_ms": now_ms, "messages": messages, "last_seq": last_seq}
    connection.execute(
        "INSERT INTO session_facts VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        (session_id, PRUNED, orjson.dumps(value).decode()),
    )
    connection.execute(
        "UPDATE waiting_prompts SET prompt = NULL WHERE session_id = ?", (session_id,)
    )
    if not has_backend:
        # Its header alone is not worth sending to a backend that is configured later.
        for condition in (
            f"outbox WHERE session_key = {key_of('?')}",
            "remote WHERE session_id = ?",
        ):
            connection.execute(f"DELETE FROM {condition}", (session_id,))  # noqa: S608 - constants


def pruned_session(read: sqlite3.Connection, session_id: str) -> PrunedSession | None:
    """Return when a session was pruned, None if it never was."""
    row = read.execute(
        "SELECT json_extract(value, '$.at_ms'), json_extract(value, '$.messages')"
        " FROM session_facts WHERE session_id = ? AND name = ?",
        (session_id, PRUNED),
    ).fetchone()
    return None if row is None else PrunedSession(*row)
