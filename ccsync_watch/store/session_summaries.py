"""The title, project and tokens of one session; and finding a session by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import orjson

from ccsync_watch.model import Redacted
from ccsync_watch.outgoing import SessionSummary
from ccsync_watch.store.titles import short_title
from ccsync_watch.transcripts.project_folders import folder_name

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.store.database import Database

MAX_GAP_MS = 30 * 60_000
"""A longer time without a message does not count: a session may be resumed days later."""


class Summaries(Protocol):
    """The sessions' summaries, costs included, as far as prices are known.

    A destination gets one: the costs come from accounting, which it cannot import.
    """

    def summary(self, session_id: str) -> Redacted[SessionSummary] | None:
        """Return a session's summary; None when the session is not to be sent at all."""

    def has_unknown_prices(self, session_id: str) -> bool:
        """Return whether a price of this session was not looked up yet."""

    def look_up_prices(self, session_id: str) -> None:
        """Look up the session's unknown prices; it may take a second."""


def project_name(path: str | None) -> str | None:
    """Return a project's name, the last part of its folder's path; None without a folder."""
    return folder_name(path) if path else None


def session_summary(database: Database, session_id: str) -> Redacted[SessionSummary] | None:
    """Return a session's state as a whole, None for one that is unknown or excluded.

    Its tokens are those of its rows and its cost is left open: for both as they are shown and sent
    see `accounting.session_accounts.summary`.
    """
    read = database.read()
    row = read.execute(
        "SELECT * FROM sessions WHERE id = ? AND NOT is_excluded", (session_id,)
    ).fetchone()
    if row is None:
        return None
    tokens = read.execute(
        "SELECT prompt_tokens, output_tokens FROM session_tokens WHERE session_id = ?",
        (session_id,),
    ).fetchone()
    prompt_tokens, output_tokens = tokens or (0, 0)
    started_ms, updated_ms = row["started_ms"], row["updated_ms"]
    return Redacted(
        SessionSummary(
            session_id=session_id,
            title=session_title(database, row),
            project_path=row["project_path"],
            project_name=project_name(row["project_path"]),
            model=row["model"],
            prompt_tokens=prompt_tokens,
            output_tokens=output_tokens,
            cost_usd=None,
            started_ms=started_ms,
            duration_ms=_active_ms(read, session_id, started_ms, updated_ms),
        )
    )


def _active_ms(
    read: sqlite3.Connection, session_id: str, started_ms: int | None, updated_ms: int | None
) -> int | None:
    """Return how long a session lasted without its long gaps, in which nobody worked on it."""
    if started_ms is None or updated_ms is None:
        return None
    lasted_ms = updated_ms - started_ms
    if lasted_ms <= MAX_GAP_MS:
        return lasted_ms
    (idle_ms,) = read.execute(
        "SELECT coalesce(sum(gap_ms), 0) FROM (SELECT at_ms - lag(at_ms) OVER (ORDER BY at_ms)"
        " AS gap_ms FROM (SELECT timestamp_ms AS at_ms FROM messages WHERE session_id = ?1"
        " AND timestamp_ms IS NOT NULL AND kind <> 'session'"
        " UNION ALL VALUES (?2), (?3))) WHERE gap_ms > ?4",
        (session_id, started_ms, updated_ms, MAX_GAP_MS),
    ).fetchone()
    return max(0, lasted_ms - int(idle_ms))


def session_title(database: Database, session: sqlite3.Row) -> str | None:
    """Return the title of a row of `sessions`: the user's own, else a generated one, else a prompt.

    A session of which only metadata is kept is called by its project.
    """
    if session["is_metadata_only"]:
        # Not None: that would leave a title at the backend that was sent before.
        return project_name(session["project_path"]) or "untitled"
    facts = session_facts(database, session["id"])
    for name in ("custom_title", "generated_title"):
        if isinstance(facts.get(name), str) and facts[name]:
            return short_title(str(facts[name]))
    summary = facts.get("summary")
    if isinstance(summary, dict) and isinstance(summary.get("text"), str) and summary["text"]:
        return short_title(str(summary["text"]))
    first_prompt = session["first_prompt"]
    return short_title(first_prompt) if first_prompt else None


def session_facts(database: Database, session_id: str) -> dict[str, Any]:
    """Return the last value of each of the session's facts."""
    rows = database.read().execute(
        "SELECT name, value FROM session_facts WHERE session_id = ?", (session_id,)
    )
    return {name: orjson.loads(value) for name, value in rows}


def find_sessions(database: Database, prefix: str) -> list[str]:
    """Return the sessions whose id starts with `prefix`, at most three; excluded ones left out."""
    rows = database.read().execute(
        "SELECT id FROM sessions WHERE substr(id, 1, ?) = ? AND NOT is_excluded"
        " ORDER BY id LIMIT 3",
        (len(prefix), prefix),
    )
    return [row[0] for row in rows]


def sessions_with_messages(database: Database) -> list[str]:
    """Return every session that has messages, the most recent first."""
    rows = database.read().execute(
        "SELECT s.id FROM sessions s WHERE EXISTS"
        " (SELECT 1 FROM messages m WHERE m.session_id = s.id) ORDER BY s.updated_ms DESC"
    )
    return [row[0] for row in rows]
