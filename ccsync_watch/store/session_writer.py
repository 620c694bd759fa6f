"""The rows about sessions inside the one transaction: observations, facts, usage, subagents.

Every function takes the connection of a transaction in progress.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.model import TEXT_FACTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

    from ccsync_watch.model import Fact, Message, SessionObservation, Subagent

MAX_TITLE_CHARS = 80
# The backend drops a second change within 10 s of the last (facts: opensync-http-api.md).
SETTLE_MS = 11_000
_IS_LATER_COPY = (
    "excluded.forked_from IS NOT NULL AND (forked_from IS NULL OR"
    " (coalesce(excluded.forked_ms, -1), excluded.forked_from)"
    " > (coalesce(forked_ms, -1), forked_from))"
)


def save_observations(
    connection: sqlite3.Connection, observations: Iterable[SessionObservation], host: str
) -> None:
    """Fold what rows say of their session into its row: the first place, the last of the rest.

    Where it was forked from is what its latest copied row says, in whichever order they come.
    """
    folded: dict[str, list[object]] = {}
    for observation in observations:
        row = folded.get(observation.session_id)
        if row is None:
            folded[observation.session_id] = [
                observation.session_id,
                observation.cwd,
                observation.cwd,
                observation.git_branch,
                host,
                observation.client_version,
                observation.entrypoint,
                observation.forked_from,
                observation.timestamp_ms,
                observation.timestamp_ms,
                observation.timestamp_ms,
                observation.is_branch,
            ]
            continue
        row[1] = row[1] or observation.cwd
        row[2] = observation.cwd or row[2]
        row[3] = observation.git_branch or row[3]
        row[5] = observation.client_version or row[5]
        row[6] = row[6] or observation.entrypoint
        if observation.forked_from and _copied_key(
            observation.timestamp_ms, observation.forked_from
        ) > _copied_key(row[10], row[7]):
            row[7], row[10], row[11] = (
                observation.forked_from,
                observation.timestamp_ms,
                observation.is_branch,
            )
        if observation.timestamp_ms is not None:
            first, last = row[8], row[9]
            row[8] = (
                min(first, observation.timestamp_ms)
                if isinstance(first, int)
                else observation.timestamp_ms
            )
            row[9] = (
                max(last, observation.timestamp_ms)
                if isinstance(last, int)
                else observation.timestamp_ms
            )
    connection.executemany(
        "INSERT INTO sessions (id, project_path, cwd, git_branch, host, client_version,"  # noqa: S608 - a constant condition
        " entrypoint, forked_from, started_ms, updated_ms, forked_ms, is_branch)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET"
        " project_path = coalesce(project_path, excluded.project_path),"
        " cwd = coalesce(excluded.cwd, cwd),"
        " git_branch = coalesce(excluded.git_branch, git_branch),"
        " client_version = coalesce(excluded.client_version, client_version),"
        " entrypoint = coalesce(entrypoint, excluded.entrypoint),"
        f" forked_from = iif({_IS_LATER_COPY}, excluded.forked_from, forked_from),"
        f" is_branch = iif({_IS_LATER_COPY}, excluded.is_branch, is_branch),"
        f" forked_ms = iif({_IS_LATER_COPY}, excluded.forked_ms, forked_ms),"
        " started_ms = min(coalesce(started_ms, excluded.started_ms),"
        "   coalesce(excluded.started_ms, started_ms)),"
        " updated_ms = max(coalesce(updated_ms, excluded.updated_ms),"
        "   coalesce(excluded.updated_ms, updated_ms))",
        folded.values(),
    )


def _copied_key(timestamp_ms: object, source: object) -> tuple[bool, int, str]:
    return source is not None, timestamp_ms if isinstance(timestamp_ms, int) else -1, str(source)


def mark_excluded(connection: sqlite3.Connection, session_ids: Collection[str]) -> None:
    """Remember that these sessions belong to an excluded project: nothing more of them leaves."""
    connection.executemany(
        "INSERT INTO sessions (id, is_excluded) VALUES (?, 1)"
        " ON CONFLICT DO UPDATE SET is_excluded = 1",
        [(session_id,) for session_id in session_ids],
    )
    connection.executemany(
        "DELETE FROM outbox WHERE session_id = ?", [(session_id,) for session_id in session_ids]
    )
    connection.executemany(
        "UPDATE remote SET is_due = 0, is_held = 0 WHERE session_id = ?",
        [(session_id,) for session_id in session_ids],
    )


def mark_metadata_only(connection: sqlite3.Connection, session_ids: Iterable[str]) -> None:
    """Remember that nothing but metadata of these sessions is kept; forget their titles."""
    query = "SELECT 1 FROM sessions WHERE id = ? AND is_metadata_only"
    new = [
        (session_id,)
        for session_id in session_ids
        if not connection.execute(query, (session_id,)).fetchone()
    ]
    for statement in (
        (
            "INSERT INTO sessions (id, is_metadata_only) VALUES (?, 1)"
            " ON CONFLICT DO UPDATE SET is_metadata_only = 1, first_prompt = NULL"
        ),
        "UPDATE subagents SET description = NULL WHERE session_id = ?",
        # The states that were sent bear the title.
        (
            "UPDATE remote SET applied = NULL, sent = iif(sent IS NULL, NULL, '{}')"
            " WHERE session_id = ?"
        ),
    ):
        connection.executemany(statement, new)
    connection.executemany(
        "DELETE FROM session_facts WHERE session_id = ? AND name = ?",
        [(*session, name) for session in new for name in TEXT_FACTS],
    )


def excluded(connection: sqlite3.Connection, session_ids: Iterable[str]) -> set[str]:
    """Return which of these sessions are excluded."""
    query = "SELECT 1 FROM sessions WHERE id = ? AND is_excluded"
    return {
        session_id
        for session_id in session_ids
        if connection.execute(query, (session_id,)).fetchone()
    }


def save_facts(connection: sqlite3.Connection, facts: Iterable[Fact]) -> None:
    """Keep the last value of each fact."""
    connection.executemany(
        "INSERT INTO session_facts VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        [(fact.session_id, fact.name, orjson.dumps(fact.value).decode()) for fact in facts],
    )


def save_subagents(connection: sqlite3.Connection, subagents: Iterable[Subagent]) -> None:
    """Keep what is last known of each subagent."""
    connection.executemany(
        "INSERT INTO subagents (agent_id, session_id, agent_type, description, tool_use_id,"
        " parent_agent_id, depth, model, is_finished) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET"
        " agent_type = coalesce(excluded.agent_type, agent_type),"
        " description = coalesce(excluded.description, description),"
        " tool_use_id = coalesce(excluded.tool_use_id, tool_use_id),"
        " parent_agent_id = coalesce(excluded.parent_agent_id, parent_agent_id),"
        " depth = coalesce(excluded.depth, depth), model = coalesce(excluded.model, model),"
        " is_finished = coalesce(excluded.is_finished, is_finished)",
        [
            (
                subagent.agent_id,
                subagent.session_id,
                subagent.agent_type,
                subagent.description,
                subagent.tool_use_id,
                subagent.parent_agent_id,
                subagent.depth,
                subagent.model,
                subagent.is_finished,
            )
            for subagent in subagents
        ],
    )


def save_message_facts(connection: sqlite3.Connection, messages: Iterable[Message]) -> None:
    """Keep a session's model in use and its first prompt, from its main conversation."""
    models: dict[str, str] = {}
    prompts: dict[str, str] = {}
    for message in messages:
        if message.agent_id:
            continue
        if message.model:
            models[message.session_id] = message.model
        if message.kind == "prompt" and message.session_id not in prompts:
            first = next((part.content for part in message.parts if part.kind == "text"), None)
            if isinstance(first, str) and first.strip():
                prompts[message.session_id] = short_title(first)
    connection.executemany(
        "UPDATE sessions SET model = ? WHERE id = ?",
        [(model, each) for each, model in models.items()],
    )
    connection.executemany(
        "UPDATE sessions SET first_prompt = ? WHERE id = ? AND first_prompt IS NULL",
        [(prompt, each) for each, prompt in prompts.items()],
    )


def short_title(text: str) -> str:
    """Return a text's first line, at most 80 characters, cut at a word."""
    line = " ".join(text.strip().split("\n", 1)[0].split())
    if len(line) <= MAX_TITLE_CHARS:
        return line
    head = line[: MAX_TITLE_CHARS - 1]
    at_word = head.rsplit(" ", 1)[0] if " " in head[MAX_TITLE_CHARS // 2 :] else head
    return f"{at_word}…"


def header(connection: sqlite3.Connection, session_id: str) -> tuple[str, int | None]:
    """Return the facts of a session that the backend has no field for, and when it began."""
    row = connection.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
    begun, ended = _signalled(connection, session_id)
    facts = {
        "Folder": row["project_path"],
        "Branch": row["git_branch"],
        "Host": row["host"],
        "Claude Code": row["client_version"],
        "Started from": row["entrypoint"],
        "Forked from": row["forked_from"],
        "Start": begun,
        "Ended": ended,
    }
    text = "\n".join(f"{name}: {value}" for name, value in facts.items() if value)
    return text, row["started_ms"]


def _signalled(connection: sqlite3.Connection, session_id: str) -> tuple[str | None, str | None]:
    """Return how the hooks say that a session began, and how it ended, if it did so last."""
    rows = connection.execute(
        "SELECT name, detail FROM hook_events WHERE session_id = ?"
        " AND name IN ('SessionStart', 'SessionEnd') ORDER BY at_ms, id",
        (session_id,),
    ).fetchall()
    starts = [orjson.loads(row["detail"]) for row in rows if row["name"] == "SessionStart"]
    begun = starts[0].get("source") if starts else None
    if not rows or rows[-1]["name"] != "SessionEnd":
        return begun, None
    return begun, orjson.loads(rows[-1]["detail"]).get("reason")


def mark_due(
    connection: sqlite3.Connection, session_ids: Iterable[str], *, is_released: bool
) -> None:
    """Tell the uploader that these sessions may have something to send, now or once released."""
    connection.executemany(
        "INSERT INTO remote (session_id, is_due, is_held, newest_ms)"
        " SELECT ?1, ?2, NOT ?2, coalesce((SELECT updated_ms FROM sessions WHERE id = ?1), 0)"
        " WHERE true ON CONFLICT DO UPDATE SET"
        " is_due = max(is_due, excluded.is_due), is_held = max(is_held, excluded.is_held),"
        " version = version + excluded.is_due, newest_ms = excluded.newest_ms,"
        # What was written now does not wait for what was to be sent later.
        " not_before_ms = iif(excluded.is_due, 0, not_before_ms)",
        [(session_id, is_released) for session_id in session_ids],
    )
