"""Which results changed files, and which calls failed; read from the parts when somebody looks.

Ingestion does not index: `catch_up` reads what was committed since it ran last, for a few
milliseconds per commit, so that the pump never waits long for the writing connection. Triggers
remove what changed at once. Only sessions that may be shown are in it, and no row that was copied
from another session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store.meta import get_meta, set_meta
from ccsync_watch.store.packed_texts import unpack
from ccsync_watch.transcripts.call_outcome import read_outcome
from ccsync_watch.transcripts.call_results import failure_kind, needs_arguments, read_change
from ccsync_watch.transcripts.project_folders import locate_file

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.clock import Clock
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

_CHUNK_MESSAGES = 1000
_HOLD_SECONDS = 0.01
_DONE = "calls"
UNKNOWN_PROJECT = 0
UNKNOWN_TOOL = "unknown"
_RESULTS = (
    "SELECT p.message_seq AS seq, p.position, p.tool_name, p.tool_use_id, p.content,"
    " m.session_key,"
    " m.is_inherited, coalesce(m.timestamp_ms, m.dated_ms, 0) AS at_ms,"
    " json_extract(m.facts, '$.denial') AS denial"
    " FROM parts p JOIN compact_messages m ON m.seq = p.message_seq"
    " WHERE p.kind = 'tool-result' AND p.message_seq"
)
_ORDER = "ORDER BY p.message_seq, p.position"
MAY_HAVE_FAILED = (
    "(EXISTS (SELECT 1 FROM failed_calls f WHERE f.seq = m.seq) OR m.is_inherited"  # noqa: S608 - a constant
    f" OR m.seq > coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = '{_DONE}'), 0)"
    " OR EXISTS (SELECT 1 FROM calls_due d WHERE d.seq = m.seq))"
)
"""Whether a failed call's result may be in a message `m`: false for most, without unpacking any."""


def catch_up(database: Database, clock: Clock) -> int:
    """Read the results of the next messages; return how many messages, 0 when all are read."""
    if not any(_pending(database.read())[:2]):
        return 0
    with database.write() as connection:
        deadline = clock.monotonic() + _HOLD_SECONDS
        # Again: another thread may have been here since.
        due, last, done = _pending(connection)
        indexer = _Indexer(connection)
        count = 0
        for seq in due:
            # It left the index when it became due. What was not read yet is read with the others.
            if seq <= done:
                for row in connection.execute(f"{_RESULTS} = ?", (seq,)):
                    indexer.add(row)
            connection.execute("DELETE FROM calls_due WHERE seq = ?", (seq,))
            count += 1
            if clock.monotonic() > deadline:
                break
        if last is not None and count == len(due):
            rows = connection.execute(
                f"{_RESULTS} > ? AND p.message_seq <= ? {_ORDER}", (done, last)
            )
            before, is_whole = done, True
            for row in rows:
                # Between messages only, and never before the first one.
                is_next = row["seq"] != before and (count or before != done)
                if is_next and clock.monotonic() > deadline:
                    is_whole = False
                    break
                before = row["seq"]
                indexer.add(row)
            reached = last if is_whole else max(before, done)
            set_meta(connection, _DONE, str(reached))
            count += reached - done
        indexer.save()
    return count


def _pending(connection: sqlite3.Connection) -> tuple[list[int], int | None, int]:
    """Return the next messages that changed, the end of the next new ones, the last read one."""
    due = connection.execute("SELECT seq FROM calls_due LIMIT ?", (_CHUNK_MESSAGES,))
    done = int(get_meta(connection, _DONE) or 0)
    (last,) = connection.execute(
        "SELECT max(seq) FROM"
        " (SELECT seq FROM compact_messages WHERE seq > ? ORDER BY seq LIMIT ?)",
        (done, _CHUNK_MESSAGES),
    ).fetchone()
    return [row[0] for row in due], last, done


def count_unread(database: Database) -> int:
    """Return about how many messages are not read yet."""
    read = database.read()
    (newest,) = read.execute("SELECT coalesce(max(seq), 0) FROM compact_messages").fetchone()
    (due,) = read.execute("SELECT count(*) FROM calls_due").fetchone()
    return int(max(0, newest - int(get_meta(read, _DONE) or 0)) + due)


class _IndexedSession(NamedTuple):
    """What is needed of a session: its project, and its folder if that is a worktree of it."""

    project_key: int
    project: str | None
    worktree_folder: str | None


class _Indexer:
    """Collects what results say, and writes it at once; names and sessions are read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._sessions: dict[int, _IndexedSession | None] = {}
        self._names: dict[str, int] = {}
        self._changes: list[tuple[object, ...]] = []
        self._failures: list[tuple[object, ...]] = []

    def add(self, row: sqlite3.Row) -> None:
        """Add what a result says, unless its session may not be shown or only copied it."""
        session = None if row["is_inherited"] else self._session(row["session_key"])
        if session is None:
            return
        content = orjson.loads(unpack(row["content"]))
        at_ms, place = row["at_ms"], (row["seq"], row["position"])
        called = None
        if needs_arguments(row["tool_name"], content):
            called = self._arguments(row["tool_use_id"])
        change = read_change(row["tool_name"], content, called)
        if change is not None:
            path = locate_file(change.path, session.worktree_folder, session.project)
            file_key = self._file(session.project_key, path, at_ms)
            self._changes.append(
                (file_key, at_ms, *place, row["session_key"], change.lines_added,
                 change.lines_removed)
            )  # fmt: skip
            return
        kind = failure_kind(read_outcome(content), row["denial"])
        if kind is not None:
            tool_key = self._name(row["tool_name"] or UNKNOWN_TOOL)
            self._failures.append((*place, tool_key, self._name(kind), session.project_key, at_ms))

    def save(self) -> None:
        """Write what was collected."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO file_changes VALUES (?, ?, ?, ?, ?, ?, ?)", self._changes
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO failed_calls VALUES (?, ?, ?, ?, ?, ?)", self._failures
        )

    def _arguments(self, tool_use_id: str | None) -> JsonValue:
        """Return what a call was called with, as it is stored: before its result, at the latest."""
        row = self._connection.execute(
            "SELECT content FROM parts WHERE tool_use_id = ? AND kind = 'tool-call'"
            " ORDER BY message_seq LIMIT 1",
            (tool_use_id,),
        ).fetchone()
        return orjson.loads(unpack(row[0])) if row else None

    def _session(self, key: int) -> _IndexedSession | None:
        if key not in self._sessions:
            row = self._connection.execute(
                "SELECT project_path, folder, worktree FROM sessions"
                " WHERE id = (SELECT id FROM ids WHERE key = ?) AND NOT is_excluded",
                (key,),
            ).fetchone()
            self._sessions[key] = row and _IndexedSession(
                self._name(row["project_path"]) if row["project_path"] else UNKNOWN_PROJECT,
                row["project_path"],
                row["folder"] if row["worktree"] else None,
            )
        return self._sessions[key]

    def _name(self, name: str) -> int:
        if name not in self._names:
            row = (
                self._connection.execute(
                    "SELECT key FROM call_names WHERE name = ?", (name,)
                ).fetchone()
                or self._connection.execute(
                    "INSERT INTO call_names (name) VALUES (?) RETURNING key", (name,)
                ).fetchone()
            )
            self._names[name] = row[0]
        return self._names[name]

    def _file(self, project_key: int, path: str, at_ms: int) -> int:
        (key,) = self._connection.execute(
            "INSERT INTO files (project_key, path, changed_ms) VALUES (?, ?, ?)"
            " ON CONFLICT (path, project_key) DO UPDATE SET"
            " changed_ms = max(changed_ms, excluded.changed_ms) RETURNING key",
            (project_key, path, at_ms),
        ).fetchone()
        return int(key)
