"""Questions to the store, for the pump, the uploader and everything that shows figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.model import Checkpoint, Fingerprint, JsonValue, Redacted, SessionSummary, Stream
from ccsync_watch.store import outbox_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import OutboxRow
    from ccsync_watch.store.database import Database

_CHUNK = 500


def checkpoints(database: Database) -> list[Checkpoint]:
    """Return every transcript's checkpoint."""
    return [_checkpoint(row) for row in database.read().execute("SELECT * FROM transcripts")]


def _checkpoint(row: sqlite3.Row) -> Checkpoint:
    return Checkpoint(
        path_key=row["path_key"],
        stream=Stream(row["stream"], row["session_id"], row["agent_id"]),
        shown_path=row["shown_path"],
        offset=row["offset"],
        fingerprint=Fingerprint(row["device"], row["inode"], row["head"], row["marker"]),
        size=row["size"],
        mtime_ns=row["mtime_ns"],
        id=row["id"],
        problem=row["problem"],
    )


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A tool call as it was kept."""

    name: str
    timestamp_ms: int | None
    arguments: JsonValue


def tool_calls(database: Database, ids: Iterable[str]) -> dict[str, StoredCall]:
    """Return the stored tool calls among these ids."""
    wanted = list(ids)
    found: dict[str, StoredCall] = {}
    for at in range(0, len(wanted), _CHUNK):
        some = wanted[at : at + _CHUNK]
        marks = ",".join("?" * len(some))
        query = (
            "SELECT p.tool_use_id, p.tool_name, m.timestamp_ms, p.content FROM parts p"  # noqa: S608 - question marks only
            " JOIN messages m ON m.seq = p.message_seq"
            f" WHERE p.kind = 'tool-call' AND p.tool_use_id IN ({marks})"
        )
        for used, name, timestamp_ms, content in database.read().execute(query, some):
            found[used] = StoredCall(name, timestamp_ms, orjson.loads(content))
    return found


def disclosures(database: Database) -> dict[str, list[tuple[int, int]]]:
    """Return the lines that told secrets to be known, as `(start, end)` by the stream's name.

    Not by the path's key: the file may have moved since.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    rows = database.read().execute(
        "SELECT t.stream, l.start, l.end FROM disclosures l JOIN transcripts t USING (path_key)"
        " ORDER BY l.start"
    )
    for stream, start, end in rows:
        found.setdefault(stream, []).append((start, end))
    return found


def excluded_sessions(database: Database) -> frozenset[str]:
    """Return the sessions of excluded projects."""
    rows = database.read().execute("SELECT id FROM sessions WHERE is_excluded")
    return frozenset(row[0] for row in rows)


def metadata_only_sessions(database: Database, session_ids: Iterable[str]) -> frozenset[str]:
    """Return which of these sessions are known to be kept as metadata only."""
    query = "SELECT 1 FROM sessions WHERE id = ? AND is_metadata_only"
    read = database.read()
    return frozenset(
        session_id for session_id in session_ids if read.execute(query, (session_id,)).fetchone()
    )


def session_summary(database: Database, session_id: str) -> Redacted[SessionSummary] | None:
    """Return a session's absolute state, None when there is no such session or nothing to tell.

    Its tokens are those of its rows, its cost is left open: `accounting.sessions.summary` knows.
    """
    read = database.read()
    row = read.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
    if row is None or row["is_excluded"]:
        return None
    prompt, completion = read.execute(
        "SELECT coalesce(sum(input_tokens + cache_write_5m_tokens + cache_write_1h_tokens"
        " + cache_read_tokens), 0), coalesce(sum(output_tokens), 0)"
        " FROM usage WHERE session_id = ?",
        (session_id,),
    ).fetchone()
    session_facts(database, session_id)
    path = row["project_path"]
    project_name = PurePath(path).name or path if path else None
    started, updated = row["started_ms"], row["updated_ms"]
    return Redacted(
        SessionSummary(
            session_id=session_id,
            title=title(database, row),
            project_path=path,
            project_name=project_name,
            model=row["model"],
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost_usd=None,
            started_ms=started,
            duration_ms=updated - started if started is not None else None,
        )
    )


def session_facts(database: Database, session_id: str) -> dict[str, Any]:
    """Return the last value of each of the session's facts."""
    rows = database.read().execute(
        "SELECT name, value FROM session_facts WHERE session_id = ?", (session_id,)
    )
    return {name: orjson.loads(value) for name, value in rows}


def title(database: Database, session: sqlite3.Row) -> str | None:
    """Return the title of a row of `sessions`: the user's own, else a generated one, else a prompt.

    A session of which nothing but metadata is kept is called by its project.
    """
    if session["is_metadata_only"]:
        # Not none: that would leave a title at the backend that was sent before.
        return PurePath(session["project_path"] or "").name or "untitled"
    facts = session_facts(database, session["id"])
    for name in ("custom_title", "generated_title"):
        if isinstance(facts.get(name), str) and facts[name]:
            return str(facts[name])
    summary = facts.get("summary")
    if isinstance(summary, dict) and isinstance(summary.get("text"), str) and summary["text"]:
        # Older clients wrote the summaries of other sessions into a new one's file.
        is_own = (
            database.read()
            .execute(
                "SELECT 1 FROM messages WHERE id = ?", (f"{session['id']}:{summary.get('leaf')}",)
            )
            .fetchone()
        )
        if is_own:
            return str(summary["text"])
    first_prompt: str | None = session["first_prompt"]
    return first_prompt


def offsets(database: Database) -> dict[bytes, int]:
    """Return how far each transcript is read, by the path's key."""
    return dict(database.read().execute("SELECT path_key, offset FROM transcripts").fetchall())


def session_table(database: Database, limit: int | None = None) -> list[dict[str, JsonValue]]:
    """Return one row of sync figures per session, the most recent first; all or `limit`."""
    rows = database.read().execute(
        "SELECT s.id AS session_id, s.project_path, s.git_branch, s.started_ms, s.updated_ms,"
        " coalesce(c.messages, 0) AS messages, coalesce(c.pending, 0) AS rows_pending,"
        " coalesce(c.rejected, 0) AS rows_rejected, coalesce(c.held, 0) AS rows_held,"
        " coalesce(r.is_due OR r.is_held, 0) AS is_due,"
        " r.ack_ms AS last_ack_ms, r.error AS last_error"
        " FROM sessions s"
        " LEFT JOIN session_counts c ON c.session_id = s.id"
        " LEFT JOIN remote r ON r.session_id = s.id"
        " WHERE NOT s.is_excluded ORDER BY s.updated_ms DESC LIMIT ?",
        (-1 if limit is None else limit,),
    )
    return [dict(row) for row in rows]


_TOTALS = (
    # Of a transcript that is gone now, what was read of it was read all the same.
    (
        "SELECT coalesce(sum(missing_since_ms IS NULL), 0) AS transcripts,"
        " coalesce(sum(offset), 0) AS bytes_read FROM transcripts"
    ),
    "SELECT count(*) AS sessions FROM sessions WHERE NOT is_excluded",
    (
        "SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(prompts), 0) AS prompts,"
        " coalesce(sum(pending), 0) AS rows_pending, coalesce(sum(held), 0) AS rows_held,"
        " coalesce(sum(rejected), 0) AS rows_rejected FROM session_counts"
    ),
    "SELECT count(*) AS unreadable FROM unreadable",
    "SELECT max(ack_ms) AS last_ack_ms FROM remote",
    (
        "SELECT coalesce(sum(input_tokens), 0) AS input_tokens,"
        " coalesce(sum(output_tokens), 0) AS output_tokens,"
        " coalesce(sum(cache_write_5m_tokens + cache_write_1h_tokens), 0) AS cache_write_tokens,"
        " coalesce(sum(cache_read_tokens), 0) AS cache_read_tokens FROM usage"
    ),
)


def totals(database: Database) -> dict[str, JsonValue]:
    """Return the store's figures as a whole."""
    read = database.read()
    found: dict[str, JsonValue] = {}
    for query in _TOTALS:
        found.update(dict(read.execute(query).fetchone()))
    return found


def unknown_types(database: Database) -> dict[str, int]:
    """Return the line types that the parser did not know, with their counts."""
    rows = database.read().execute("SELECT name, lines FROM line_types WHERE name LIKE '?%'")
    return {name[1:]: lines for name, lines in rows}


def rejected_rows(database: Database, limit: int = 100) -> list[dict[str, JsonValue]]:
    """Return parked rows with the reason of each."""
    rows = database.read().execute(
        "SELECT m.id, m.session_id, o.rejected AS reason FROM outbox o JOIN messages m USING (seq)"
        " WHERE o.rejected IS NOT NULL ORDER BY o.seq LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]


def session_rows(database: Database, session_id: str) -> list[OutboxRow]:
    """Return every message of a session as it leaves, in the order of its files."""
    return outbox_rows.rows(database.read(), "m.session_id = ? ORDER BY m.seq", (session_id,))


def sessions_beginning(database: Database, beginning: str) -> list[str]:
    """Return the sessions whose id begins so, at most three; no excluded ones."""
    rows = database.read().execute(
        "SELECT id FROM sessions WHERE substr(id, 1, ?) = ? AND NOT is_excluded"
        " ORDER BY id LIMIT 3",
        (len(beginning), beginning),
    )
    return [row[0] for row in rows]


def message_sessions(database: Database) -> list[str]:
    """Return every session that has messages, the most recent first."""
    rows = database.read().execute(
        "SELECT s.id FROM sessions s WHERE EXISTS"
        " (SELECT 1 FROM messages m WHERE m.session_id = s.id) ORDER BY s.updated_ms DESC"
    )
    return [row[0] for row in rows]
