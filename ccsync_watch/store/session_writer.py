"""Write what is known of sessions in the ingest transaction: observations, models, header.

Every function takes the connection of a transaction in progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store import session_facts, session_projects
from ccsync_watch.transcripts.project_folders import locate_project, normalize_folder

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping

    from ccsync_watch.model import Message, SessionObservation

_IS_LATER_COPY = (
    "excluded.forked_from IS NOT NULL AND (forked_from IS NULL OR"
    " (coalesce(excluded.forked_ms, -1), excluded.forked_from)"
    " > (coalesce(forked_ms, -1), forked_from))"
)

FOLDER, HOST = "Folder", "Host"
"""The lines of a header that name this machine; not every destination gets them."""


class ObservedSessions(NamedTuple):
    """Which sessions are new, and which others now belong to another project."""

    new: set[str]
    moved: set[str]


@dataclass(slots=True)
class _SessionUpdate:
    """What some observations say of one session: the columns of its row that they decide."""

    folder: str | None
    worktree: str | None
    cwd: str | None
    git_branch: str | None
    client_version: str | None
    entrypoint: str | None
    forked_from: str | None
    started_ms: int | None
    updated_ms: int | None
    forked_ms: int | None
    is_branch: bool
    is_subagent: bool
    team: str | None
    member: str | None

    @classmethod
    def start(cls, observation: SessionObservation) -> _SessionUpdate:
        """Return the update that a session's first observation makes."""
        return cls(
            folder=normalize_folder(observation.cwd) if observation.cwd else None,
            worktree=_worktree_of(observation),
            cwd=observation.cwd,
            git_branch=observation.git_branch,
            client_version=observation.client_version,
            entrypoint=observation.entrypoint,
            forked_from=observation.forked_from,
            started_ms=observation.timestamp_ms,
            updated_ms=observation.timestamp_ms,
            forked_ms=observation.timestamp_ms,
            is_branch=observation.is_branch,
            is_subagent=observation.is_subagent,
            team=observation.team,
            member=observation.member,
        )

    def add(self, observation: SessionObservation) -> None:
        """Fold a later observation in: the first project and entry point, the last of the rest."""
        self.is_subagent = self.is_subagent and observation.is_subagent
        if observation.cwd and observation.cwd != self.cwd:
            self.folder = self.folder or normalize_folder(observation.cwd)
            self.worktree = self.worktree or _worktree_of(observation)
        self.cwd = observation.cwd or self.cwd
        self.git_branch = observation.git_branch or self.git_branch
        self.client_version = observation.client_version or self.client_version
        self.entrypoint = self.entrypoint or observation.entrypoint
        self.team = observation.team or self.team
        self.member = observation.member or self.member
        timestamp_ms = observation.timestamp_ms
        if observation.forked_from and _fork_order(
            timestamp_ms, observation.forked_from
        ) > _fork_order(self.forked_ms, self.forked_from):
            self.forked_from = observation.forked_from
            self.forked_ms = timestamp_ms
            self.is_branch = observation.is_branch
        if timestamp_ms is not None:
            if self.started_ms is None or timestamp_ms < self.started_ms:
                self.started_ms = timestamp_ms
            if self.updated_ms is None or timestamp_ms > self.updated_ms:
                self.updated_ms = timestamp_ms


def _worktree_of(observation: SessionObservation) -> str | None:
    """Return the client's own worktree in which the session itself works."""
    return None if observation.is_subagent else locate_project(observation.cwd).worktree


def _fork_order(timestamp_ms: int | None, forked_from: str | None) -> tuple[bool, int, str]:
    return forked_from is not None, -1 if timestamp_ms is None else timestamp_ms, str(forked_from)


def save_observations(
    connection: sqlite3.Connection, observations: Iterable[SessionObservation], host: str
) -> ObservedSessions:
    """Fold what rows say of their session into its row: the first project, the last of the rest.

    Where it was forked from is what its latest copied row says, in whichever order they come. Rows
    of subagents alone make no session: some clients start agents in sessions that never begin.
    """
    updates: dict[str, _SessionUpdate] = {}
    for observation in observations:
        update = updates.get(observation.session_id)
        if update is None:
            updates[observation.session_id] = _SessionUpdate.start(observation)
        else:
            update.add(observation)
    new = updates.keys() - known_among(connection, updates)
    for session_id in [session_id for session_id in new if updates[session_id].is_subagent]:
        del updates[session_id]
        new.discard(session_id)
    connection.executemany(
        "INSERT INTO sessions (id, folder, worktree, cwd, git_branch, host, client_version,"  # noqa: S608 - a constant condition
        " entrypoint, forked_from, started_ms, updated_ms, forked_ms, is_branch, team, member)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET"
        " worktree = coalesce(worktree, excluded.worktree),"
        " folder = coalesce(folder, excluded.folder),"
        " cwd = coalesce(excluded.cwd, cwd),"
        " git_branch = coalesce(excluded.git_branch, git_branch),"
        " client_version = coalesce(excluded.client_version, client_version),"
        " entrypoint = coalesce(entrypoint, excluded.entrypoint),"
        " team = coalesce(excluded.team, team), member = coalesce(excluded.member, member),"
        f" forked_from = iif({_IS_LATER_COPY}, excluded.forked_from, forked_from),"
        f" is_branch = iif({_IS_LATER_COPY}, excluded.is_branch, is_branch),"
        f" forked_ms = iif({_IS_LATER_COPY}, excluded.forked_ms, forked_ms),"
        " started_ms = min(coalesce(started_ms, excluded.started_ms),"
        "   coalesce(excluded.started_ms, started_ms)),"
        " updated_ms = max(coalesce(updated_ms, excluded.updated_ms),"
        "   coalesce(excluded.updated_ms, updated_ms))",
        [
            (
                session_id,
                update.folder,
                update.worktree,
                update.cwd,
                update.git_branch,
                host,
                update.client_version,
                update.entrypoint,
                update.forked_from,
                update.started_ms,
                update.updated_ms,
                update.forked_ms,
                update.is_branch,
                update.team,
                update.member,
            )
            for session_id, update in updates.items()
        ],
    )
    # Its subagents' rows may have been read before.
    connection.executemany(
        "UPDATE sessions SET (started_ms, updated_ms) ="
        " (SELECT min(coalesce(min(timestamp_ms), started_ms), coalesce(started_ms, 9e18)),"
        "   max(coalesce(max(timestamp_ms), updated_ms), coalesce(updated_ms, 0))"
        "   FROM messages WHERE session_id = sessions.id)"
        " WHERE id = ? AND EXISTS (SELECT 1 FROM messages WHERE session_id = sessions.id)",
        [(session_id,) for session_id in sorted(new)],
    )
    placed = session_projects.assign_new(connection, updates)
    return ObservedSessions(new, placed - updates.keys())


def known_among(connection: sqlite3.Connection, session_ids: Iterable[str]) -> set[str]:
    """Return which of these sessions have a row."""
    query = "SELECT 1 FROM sessions WHERE id = ?"
    return {
        session_id
        for session_id in session_ids
        if connection.execute(query, (session_id,)).fetchone()
    }


def save_models(connection: sqlite3.Connection, messages: Iterable[Message]) -> None:
    """Save each session's last model, from its main conversation."""
    models = {
        message.session_id: message.model
        for message in messages
        if message.model and not message.agent_id
    }
    connection.executemany(
        "UPDATE sessions SET model = ? WHERE id = ?",
        [(model, session_id) for session_id, model in models.items()],
    )


def header_text(connection: sqlite3.Connection, session_id: str) -> tuple[str, int | None]:
    """Return what the backend has no field for as lines of text, and when the session started."""
    row = connection.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
    # Of a session that only subagents name so far, nothing is known.
    values = dict(row) if row else {}
    started_by, end_reason = _start_and_end(connection, session_id)
    facts = {
        FOLDER: values.get("project_path"),
        "Worktree": values.get("worktree"),
        "Branch": _branch(values.get("git_branch")),
        # Earlier versions kept it where a policy came later.
        HOST: None if values.get("is_metadata_only") else values.get("host"),
        "Claude Code": values.get("client_version"),
        "Started from": values.get("entrypoint"),
        "Team": _describe_team(values),
        "Forked from": values.get("forked_from"),
        "Start": started_by,
        "Ended": end_reason,
        **session_facts.shown_facts(connection, session_id),
    }
    # Whoever leaves a line out leaves out all of a value.
    lines = {name: " ".join(value.splitlines()) for name, value in facts.items() if value}
    text = "\n".join(f"{name}: {value}" for name, value in lines.items())
    return text, values.get("started_ms")


def without_lines(header: str, names: Collection[str]) -> str:
    """Return the text of a header without the lines of these names."""
    starts = tuple(f"{name}: " for name in names)
    return "\n".join(line for line in header.split("\n") if not line.startswith(starts))


def _branch(name: str | None) -> str | None:
    """Return the branch, None where the client found none: it writes HEAD then."""
    return None if name == "HEAD" else name


def _describe_team(values: Mapping[str, str | None]) -> str | None:
    """Return the team of agents that a session is part of, and as what."""
    team, member = values.get("team"), values.get("member")
    return f"{team}, as {member}" if team and member else team


def _start_and_end(
    connection: sqlite3.Connection, session_id: str
) -> tuple[str | None, str | None]:
    """Return how a session started and, if its last hook event is an end, why it ended."""
    rows = connection.execute(
        "SELECT name, detail FROM hook_events WHERE session_id = ?"
        " AND name IN ('SessionStart', 'SessionEnd') ORDER BY at_ms, id",
        (session_id,),
    ).fetchall()
    starts = [orjson.loads(row["detail"]) for row in rows if row["name"] == "SessionStart"]
    started_by = starts[0].get("source") if starts else None
    if not rows or rows[-1]["name"] != "SessionEnd":
        return started_by, None
    return started_by, orjson.loads(rows[-1]["detail"]).get("reason")


def mark_due(
    connection: sqlite3.Connection, session_ids: Iterable[str], *, is_released: bool
) -> None:
    """Mark sessions as having something to send, now or once they are released."""
    connection.executemany(
        "INSERT INTO remote (session_id, is_due, is_held, newest_ms)"
        " SELECT ?1, ?2, NOT ?2, coalesce((SELECT updated_ms FROM sessions WHERE id = ?1), 0)"
        " WHERE true ON CONFLICT DO UPDATE SET"
        " is_due = max(is_due, excluded.is_due), is_held = max(is_held, excluded.is_held),"
        " version = version + excluded.is_due, newest_ms = excluded.newest_ms,"
        # A row written now does not wait until a row that was postponed.
        " not_before_ms = iif(excluded.is_due, 0, not_before_ms)",
        [(session_id, is_released) for session_id in session_ids],
    )
