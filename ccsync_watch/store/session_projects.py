"""Which project a session belongs to, and in which worktree it runs; in the ingest transaction.

A session belongs to the folder that it began in. What other rows say can join that with another
one: that a drive of Windows exists, or that a folder is a worktree of another folder's repository.
Such a row may come before the session or after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.transcripts.project_folders import (
    ProjectFolder,
    is_of_windows,
    locate_project,
    resolve_folder,
    slashed,
    spellings,
    wsl_folder,
)
from ccsync_watch.transcripts.worktrees import (
    ENTERED_WORKTREE,
    NEW_WORKTREE,
    has_made_worktree,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import Fact, JsonValue, Message


class Worktree(NamedTuple):
    """A worktree outside of its repository's folder: its folder, the project's, and its name.

    `call_id` is the call of the shell that made it, None for what the client says.
    """

    path: str
    project: str
    name: str
    call_id: str | None


def load_worktrees(connection: sqlite3.Connection) -> list[Worktree]:
    """Return all known worktrees that are outside of their repository, the deepest first."""
    rows = connection.execute(
        "SELECT path, project, name, call_id FROM worktrees ORDER BY length(path) DESC"
    )
    return [Worktree(*row) for row in rows]


def find_worktree(folder: str, worktrees: Iterable[Worktree]) -> Worktree | None:
    """Return the worktree that a folder is in."""
    return next((worktree for worktree in worktrees if is_inside(folder, worktree.path)), None)


def is_inside(folder: str, path: str) -> bool:
    """Return whether a folder is another one, or below it."""
    is_windows = is_of_windows(path)
    folder, path = slashed(folder), slashed(path)
    if is_windows:
        folder, path = folder.lower(), path.lower()
    return folder == path or folder.startswith(f"{path.rstrip('/')}/")


def save_windows_roots(connection: sqlite3.Connection, roots: Iterable[str]) -> set[str]:
    """Save drives and shares that exist; return the sessions that this moves to other projects.

    A drive makes folders like `/c/shop` ones of Windows.
    """
    moved: set[str] = set()
    for root in sorted(roots):
        if connection.execute("SELECT 1 FROM windows_roots WHERE root = ?", (root,)).fetchone():
            continue
        connection.execute("INSERT INTO windows_roots (root) VALUES (?)", (root,))
        for start in _mounts(root):
            rows = connection.execute(
                "SELECT id FROM sessions WHERE folder = ?1 COLLATE NOCASE"
                " OR (folder > ?1 || '/' COLLATE NOCASE AND folder < ?1 || '0' COLLATE NOCASE)",
                (start,),
            )
            moved |= assign(connection, [row[0] for row in rows.fetchall()])
    return moved


def assign_new(connection: sqlite3.Connection, session_ids: Iterable[str]) -> set[str]:
    """Set the project of those sessions that have none; return which sessions changed."""
    query = "SELECT 1 FROM sessions WHERE id = ? AND folder IS NOT NULL AND project_path IS NULL"
    new = [name for name in session_ids if connection.execute(query, (name,)).fetchone()]
    return assign(connection, new) if new else set()


def assign(connection: sqlite3.Connection, session_ids: Iterable[str]) -> set[str]:
    """Set the project of some sessions; return which sessions changed, these or others.

    The same folder of two distributions of Linux is two projects as soon as both are known.
    """
    projects = _Projects(connection)
    pending, changed = sorted(session_ids), set()
    while pending:
        session_id = pending.pop()
        row = connection.execute(
            "SELECT folder, project_path, worktree, json_extract(f.value, '$.name') AS entered"  # noqa: S608 - a constant
            " FROM sessions s LEFT JOIN session_facts f ON f.session_id = s.id"
            f" AND f.name = '{ENTERED_WORKTREE}' WHERE s.id = ?",
            (session_id,),
        ).fetchone()
        if row is None or row["folder"] is None:
            continue
        project = projects.locate(row["folder"])
        # It may have entered a worktree later than it began.
        after = project.path, project.worktree or row["worktree"] or row["entered"]
        if after == (row["project_path"], row["worktree"]):
            continue
        connection.execute(
            "UPDATE sessions SET project_path = ?, worktree = ? WHERE id = ?", (*after, session_id)
        )
        changed.add(session_id)
        pending += projects.in_other_distributions(row["folder"])
    return changed


def save_worktrees(connection: sqlite3.Connection, facts: Iterable[Fact]) -> set[str]:
    """Save the worktrees among some facts; return the sessions that they change."""
    named = [fact for fact in facts if fact.name in {ENTERED_WORKTREE, NEW_WORKTREE}]
    changed: set[str] = set()
    for fact in named:
        if not isinstance(fact.value, dict):
            continue
        worktree = _read_worktree(connection, fact.session_id, fact.value)
        if worktree is None or worktree in load_worktrees(connection):
            continue
        connection.execute("DELETE FROM worktrees WHERE path = ?", (worktree.path,))
        connection.execute(
            "INSERT INTO worktrees (path, project, name, call_id) VALUES (?, ?, ?, ?)", worktree
        )
        changed |= assign(connection, _sessions_inside(connection, worktree.path))
    entered = {fact.session_id for fact in named if fact.name == ENTERED_WORKTREE}
    return changed | (assign(connection, entered) if entered else changed)


def remove_failed_worktrees(
    connection: sqlite3.Connection, messages: Iterable[Message]
) -> set[str]:
    """Remove worktrees whose call has failed by its result; return the sessions that this moves."""
    calls = {worktree.call_id: worktree for worktree in load_worktrees(connection)}
    changed: set[str] = set()
    if not calls.keys() - {None}:
        return changed
    for message in messages:
        for part in message.parts if message.kind == "tool_result" else ():
            worktree = calls.get(part.tool_use_id) if part.tool_use_id else None
            if worktree is None or has_made_worktree(part.content):
                continue
            connection.execute("DELETE FROM worktrees WHERE call_id = ?", (part.tool_use_id,))
            inside = _sessions_inside(connection, worktree.path)
            connection.executemany(
                "UPDATE sessions SET worktree = NULL WHERE id = ?", [(name,) for name in inside]
            )
            changed |= assign(connection, inside)
    return changed


def _sessions_inside(connection: sqlite3.Connection, path: str) -> list[str]:
    sessions = connection.execute("SELECT id, folder FROM sessions WHERE folder IS NOT NULL")
    return [row[0] for row in sessions.fetchall() if is_inside(row[1], path)]


def _read_worktree(
    connection: sqlite3.Connection, session_id: str, value: dict[str, JsonValue]
) -> Worktree | None:
    """Return the worktree that a fact names, None for one of the client's in its repository."""
    projects = _Projects(connection)
    path = projects.spell(str(value.get("path") or ""))
    project = projects.locate(str(value.get("project") or "")).path
    row = connection.execute(
        "SELECT project_path FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    own = row[0] if row else None
    if own is not None and (project is None or is_inside(project, own)):
        project = own  # the session is in another folder of its project
    if not path or project is None or is_inside(project, locate_project(path).path or path):
        return None
    call_id = value.get("call")
    name = str(value.get("name") or "worktree")
    return Worktree(path, project, name, str(call_id) if call_id else None)


def _mounts(root: str) -> list[str]:
    """Return where programs inside of Windows see a drive or a share."""
    if root.startswith("\\\\"):
        return [root.replace("\\", "/").rstrip("/")]
    return [f"/{root[0]}", f"/mnt/{root[0]}"]


class _Projects:
    """What is known of drives, distributions and worktrees, and which project a folder is."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._roots = {row[0] for row in connection.execute("SELECT root FROM windows_roots")}
        self._worktrees = load_worktrees(connection)

    def locate(self, folder: str) -> ProjectFolder:
        """Return the project of a folder, and the worktree that the folder is in."""
        project = locate_project(folder)
        if project.path is None:
            return project
        path, name = self.spell(project.path), project.worktree
        # One worktree may have been made from another one.
        for _step in self._worktrees:
            worktree = find_worktree(path, self._worktrees)
            if worktree is None:
                break
            path, name = self.spell(worktree.project), name or worktree.name
        return ProjectFolder(path, name)

    def spell(self, folder: str) -> str:
        """Return the spelling of a folder that all its sessions have, whoever wrote it."""
        wsl = wsl_folder(folder)
        if wsl is not None and self.in_other_distributions(folder):
            return wsl.of(wsl.distribution)
        path = resolve_folder(folder, self._roots.__contains__)
        if not is_of_windows(path):
            return path
        # Windows does not distinguish upper and lower case.
        for spelling in spellings(path):
            row = self._connection.execute(
                "SELECT project_path FROM sessions WHERE folder = ?1 COLLATE NOCASE"
                " AND project_path = ?2 COLLATE NOCASE LIMIT 1",
                (spelling, path),
            ).fetchone()
            if row is not None:
                return str(row[0])
        return path

    def in_other_distributions(self, folder: str) -> list[str]:
        """Return the sessions in the same folder of another distribution of Linux."""
        wsl = wsl_folder(folder)
        distributions = {root.distribution for root in map(wsl_folder, self._roots) if root}
        if wsl is None:
            return []
        return [
            row[0]
            for distribution in sorted(distributions - {wsl.distribution})
            for row in self._connection.execute(
                "SELECT id FROM sessions WHERE folder = ? COLLATE NOCASE", (wsl.of(distribution),)
            ).fetchall()
        ]
