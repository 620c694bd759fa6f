"""Worktrees outside of their repository's folder; in the ingest transaction.

A session's rows name the worktree that it entered and the folder that it came from: from then on
every session that began in the worktree belongs to the project of that folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.transcripts.project_folders import locate_project, slashed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

    from ccsync_watch.model import Fact


def save_worktrees(connection: sqlite3.Connection, facts: Iterable[Fact]) -> set[str]:
    """Save the worktrees among some facts; return the sessions that they change."""
    changed: set[str] = set()
    for fact in facts:
        if fact.name != "worktree" or not isinstance(fact.value, dict):
            continue
        path = locate_project(str(fact.value.get("path") or "")).path
        project = locate_project(str(fact.value.get("project") or "")).path
        if path is None or project is None or _is_inside(project, path):
            continue
        name = str(fact.value.get("name") or "worktree")
        connection.execute(
            "INSERT OR REPLACE INTO worktrees VALUES (?, ?, ?)", (path, project, name)
        )
        sessions = connection.execute(
            "SELECT id, project_path FROM sessions WHERE worktree IS NULL"
        )
        inside = [row[0] for row in sessions if row[1] and _is_inside(row[1], path)]
        changed.update(inside)
        _assign(connection, inside, project, name)
    return changed


def assign_new(connection: sqlite3.Connection, session_ids: Collection[str]) -> None:
    """Give sessions that are new the project of the worktree that they began in."""
    worktrees = connection.execute("SELECT path, project, name FROM worktrees").fetchall()
    for session_id in session_ids if worktrees else ():
        (folder,) = connection.execute(
            "SELECT project_path FROM sessions WHERE id = ?", (session_id,)
        ).fetchone()
        for path, project, name in worktrees:
            if folder and _is_inside(folder, path):
                _assign(connection, [session_id], project, name)


def _assign(
    connection: sqlite3.Connection, session_ids: Iterable[str], project: str, name: str
) -> None:
    connection.executemany(
        "UPDATE sessions SET project_path = ?, worktree = ? WHERE id = ?",
        [(project, name, session_id) for session_id in session_ids],
    )


def _is_inside(folder: str, path: str) -> bool:
    folder, path = slashed(folder), slashed(path)
    return folder == path or folder.startswith(f"{path}/")
