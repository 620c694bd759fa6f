"""What a person says of sessions and messages: stars, names, tags, notes and marks.

No transcript has it, and nothing of it is sent. A session is identified by the client's id and a
message by the id that is made of it and the row's uuid, so that a store that is built again has it
at the same places.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import orjson

from ccsync_watch.store.meta import get_meta
from ccsync_watch.store.session_summaries import session_title

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.store.database import Database

Mark: TypeAlias = Literal["golden", "wrong", "review"]
MARKS: tuple[Mark, ...] = get_args(Mark)
"""As it should be, as it should not be, and to be looked at again."""

ANNOTATION_REVISION = "annotations"
MAX_NAME_CHARS = 200
MAX_NOTE_CHARS = 4000
MAX_TAG_CHARS = 60
MAX_TAGS = 20


@dataclass(frozen=True, slots=True)
class SessionAnnotation:
    """What a person said of a session. `name` is shown in place of its title."""

    session_id: str
    is_starred: bool = False
    name: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not (self.is_starred or self.name or self.note or self.tags)


@dataclass(frozen=True, slots=True)
class MessageMark:
    """How a person marked a message, and when, in ms since 1970."""

    message_id: str
    session_id: str
    agent_id: str | None
    mark: Mark
    note: str | None
    marked_ms: int


def annotation_revision(connection: sqlite3.Connection) -> int:
    """Return how often any of it was changed."""
    return int(get_meta(connection, ANNOTATION_REVISION) or 0)


def parse_tags(text: str) -> tuple[str, ...]:
    """Return the tags of a text with commas between them, each once, whatever its case."""
    tags: dict[str, str] = {}
    for item in text.split(","):
        tag = "-".join(item.replace("#", " ").split())[:MAX_TAG_CHARS]
        if tag:
            tags.setdefault(tag.casefold(), tag)
    return tuple(tags.values())[:MAX_TAGS]


def load_annotations(
    database: Database, session_ids: Iterable[str]
) -> dict[str, SessionAnnotation]:
    """Return what was said of these sessions, of each something, by its id."""
    rows = database.read().execute(
        "SELECT a.* FROM session_annotations a"
        " WHERE a.session_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(session_ids)),),
    )
    return {row["session_id"]: _annotation(row) for row in rows}


def load_annotation(database: Database, session_id: str) -> SessionAnnotation:
    """Return what was said of a session, which may be nothing."""
    stored = load_annotations(database, [session_id])
    return stored.get(session_id) or SessionAnnotation(session_id)


def every_annotation(connection: sqlite3.Connection) -> list[SessionAnnotation]:
    """Return what was said of every session, also of those that are not stored now."""
    rows = connection.execute("SELECT * FROM session_annotations ORDER BY session_id")
    return [_annotation(row) for row in rows]


def _annotation(row: sqlite3.Row) -> SessionAnnotation:
    return SessionAnnotation(
        session_id=row["session_id"],
        is_starred=bool(row["is_starred"]),
        name=row["name"],
        note=row["note"],
        tags=tuple(orjson.loads(row["tags"])),
    )


def annotated_sessions(
    database: Database, *, is_starred: bool = False, tag: str = "", mark: str = ""
) -> list[str]:
    """Return the sessions with all of what is named: a star, a tag, a message with a mark."""
    folded = tag.casefold()
    sessions = [
        annotation.session_id
        for annotation in every_annotation(database.read())
        if (annotation.is_starred or not is_starred)
        and (not tag or folded in map(str.casefold, annotation.tags))
    ]
    if not mark:
        return sessions
    rows = database.read().execute(
        "SELECT DISTINCT session_id FROM message_marks WHERE mark = ?", (mark,)
    )
    marked = [row[0] for row in rows]
    return marked if not (is_starred or tag) else [name for name in marked if name in set(sessions)]


def known_tags(database: Database) -> list[str]:
    """Return the tags in use, in the order of the alphabet."""
    annotations = every_annotation(database.read())
    tags = {tag.casefold(): tag for item in annotations for tag in item.tags}
    return [tags[key] for key in sorted(tags)]


def list_marks(
    database: Database, *, session_id: str | None = None, mark: str | None = None
) -> list[MessageMark]:
    """Return the marks of a session's messages, or of all messages, the earliest first."""
    return _marks(
        database.read(),
        "(?1 IS NULL OR session_id = ?1) AND (?2 IS NULL OR mark = ?2)",
        (session_id, mark),
    )


def every_mark(connection: sqlite3.Connection) -> list[MessageMark]:
    """Return every mark, also those of messages that are not stored now."""
    return _marks(connection, "true", ())


def marked_seqs(connection: sqlite3.Connection, marks: Iterable[str]) -> list[int]:
    """Return the rows of the stored messages that have one of these marks."""
    rows = connection.execute(
        # A session is gone through once, however many of its messages are marked.
        "WITH wanted AS (SELECT message_id, session_id FROM message_marks"
        "  WHERE mark IN (SELECT value FROM json_each(?)))"
        " SELECT m.seq FROM (SELECT DISTINCT session_id FROM wanted) k"
        " JOIN messages m ON m.session_id = k.session_id"
        " WHERE m.id IN (SELECT message_id FROM wanted) ORDER BY m.seq",
        (json.dumps(list(marks)),),
    )
    return [row[0] for row in rows]


def _marks(
    connection: sqlite3.Connection, condition: str, values: tuple[object, ...]
) -> list[MessageMark]:
    rows = connection.execute(
        "SELECT message_id, session_id, agent_id, mark, note, marked_ms FROM message_marks"  # noqa: S608 - constants
        f" WHERE {condition} ORDER BY marked_ms, message_id",
        values,
    )
    return [MessageMark(*row) for row in rows]


def shown_title(database: Database, session: sqlite3.Row) -> str | None:
    """Return what pages call a row of `sessions`: by the name that a person chose, else its title.

    What is sent is called by its title alone.
    """
    row = (
        database.read()
        .execute("SELECT name FROM session_annotations WHERE session_id = ?", (session["id"],))
        .fetchone()
    )
    return row[0] if row is not None and row[0] else session_title(database, session)
