"""The store's figures for `status`: totals, a row per session, what could not be read or sent.

What is returned here is the JSON of `status --json`: its keys are an interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.transcripts.repaired_lines import REPAIRED_PREFIX

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

_TOTALS = (
    # What was read of a transcript still counts when its file is missing.
    (
        "SELECT coalesce(sum(missing_since_ms IS NULL), 0) AS transcripts,"
        " coalesce(sum(offset), 0) AS bytes_read FROM transcripts"
    ),
    "SELECT count(*) AS sessions FROM sessions WHERE NOT is_excluded",
    (
        "SELECT coalesce(sum(pending), 0) AS rows_pending, coalesce(sum(held), 0) AS rows_held,"
        " coalesce(sum(rejected), 0) AS rows_rejected,"
        " coalesce(sum(pending > 0), 0) AS sessions_pending FROM session_counts"
    ),
    # Subtracted: looking up every session would take longer.
    (
        "SELECT c.messages - x.messages AS messages, c.prompts - x.prompts AS prompts FROM"
        " (SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(prompts), 0) AS prompts"
        " FROM session_counts) c,"
        " (SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(prompts), 0) AS prompts"
        " FROM session_counts WHERE session_id IN (SELECT id FROM sessions WHERE is_excluded)) x"
    ),
    "SELECT count(*) AS unreadable FROM unreadable",
    "SELECT count(*) AS rows_uncounted FROM uncounted_usage",
    "SELECT max(ack_ms) AS last_ack_ms FROM remote",
    # Of the last minute of uploading, whenever that was; of the newest requests, as in a backlog.
    (
        "SELECT iif(max(at_ms) > min(at_ms),"
        " sum(rows) * 1000.0 / (max(at_ms) - min(at_ms)), NULL) AS rows_per_second FROM ledger"
        " WHERE id > (SELECT coalesce(max(id), 0) FROM ledger) - 2000 AND kind = 'messages'"
        " AND is_acked AND at_ms > (SELECT max(ack_ms) FROM remote) - 60000"
    ),
)


def totals(database: Database) -> dict[str, JsonValue]:
    """Return the figures of the whole store."""
    read = database.read()
    figures: dict[str, JsonValue] = {}
    for query in _TOTALS:
        figures.update(dict(read.execute(query).fetchone()))
    return figures


def session_table(database: Database, limit: int | None = None) -> list[dict[str, JsonValue]]:
    """Return one row of sync figures per session, the most recent first; all or `limit`."""
    rows = database.read().execute(
        "SELECT s.id AS session_id, s.project_path, s.worktree, s.git_branch,"
        " s.started_ms, s.updated_ms,"
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


def sessions_longer_than(database: Database, messages: int) -> list[str]:
    """Return the uploaded sessions with more messages than that, the longest first."""
    rows = database.read().execute(
        "SELECT c.session_id FROM session_counts c JOIN remote r USING (session_id)"
        " JOIN sessions s ON s.id = c.session_id"
        " WHERE c.messages > ? AND r.ack_ms IS NOT NULL AND NOT s.is_excluded"
        " ORDER BY c.messages DESC",
        (messages,),
    )
    return [row[0] for row in rows]


def uncounted_rows(database: Database, session_id: str | None = None) -> dict[str, int]:
    """Return how many rows report tokens that no total contains, by reason; of one session or all.

    Rows of excluded sessions are not stored.
    """
    condition = "" if session_id is None else " WHERE session_id = ?"
    rows = database.read().execute(
        f"SELECT reason, count(*) FROM uncounted_usage{condition} GROUP BY 1 ORDER BY 1",  # noqa: S608 - constants
        () if session_id is None else (session_id,),
    )
    return dict(rows.fetchall())


def unknown_line_types(database: Database) -> dict[str, int]:
    """Return the types of lines, and of blocks in them, that the parser did not know; counted."""
    rows = database.read().execute("SELECT name, lines FROM line_types WHERE name LIKE '?%'")
    return {name[1:]: lines for name, lines in rows}


def repaired_rows(database: Database) -> dict[str, int]:
    """Return how many rows were repaired before they were read, by what was wrong with them."""
    rows = database.read().execute(
        "SELECT name, lines FROM line_types WHERE name LIKE ? ORDER BY name",
        (f"{REPAIRED_PREFIX}%",),
    )
    return {name.removeprefix(REPAIRED_PREFIX): lines for name, lines in rows}


def rejected_rows(database: Database, limit: int = 100) -> list[dict[str, JsonValue]]:
    """Return rejected rows with the reason of each."""
    rows = database.read().execute(
        "SELECT m.id, m.session_id, o.rejected AS reason FROM outbox o JOIN messages m USING (seq)"
        " WHERE o.rejected IS NOT NULL ORDER BY o.seq LIMIT ?",
        (limit,),
    )
    return [dict(row) for row in rows]


def count_recalled_sessions(database: Database) -> int:
    """Return how many excluded sessions are still at the destination, without their content."""
    row = database.read().execute(
        "SELECT count(*) FROM sessions s JOIN remote r ON r.session_id = s.id"
        " WHERE s.is_excluded AND r.sent IS NOT NULL"
    )
    return int(row.fetchone()[0])
