"""The files that calls changed, a page at a time, and the changes of one; from `call_index`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from ccsync_watch.store.call_index import UNKNOWN_PROJECT
from ccsync_watch.store.call_origins import (
    CALLED_PATH,
    CallOrigin,
    LeadingPrompt,
    PromptFinder,
    find_origin,
)

if TYPE_CHECKING:
    import sqlite3

    from ccsync_watch.store.database import Database

FileSort: TypeAlias = Literal["recent", "path"]
_MAX_WORDS = 8


class FilePageEnd(NamedTuple):
    """Where a page of files ended: what its last row is sorted by, and its number among equals."""

    value: int | str
    key: int


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a project. Lines are None where no result says how many were changed."""

    key: int
    project: str | None
    path: str
    sessions: int
    changes: int
    lines_added: int | None
    lines_removed: int | None
    changed_ms: int | None


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Which files to list; None and empty mean all. Each word must be in the path."""

    project: str | None = None
    words: str = ""


def list_files(
    database: Database,
    file_filter: FileFilter,
    *,
    sort: FileSort = "recent",
    after: FilePageEnd | None = None,
    limit: int = 50,
) -> tuple[list[FileRow], FilePageEnd | None]:
    """Return a page of files and where the next one begins, None at the end."""
    column, direction, compare = {
        "recent": ("changed_ms", "DESC", "<"),
        "path": ("path", "ASC", ">"),
    }[sort]
    conditions, values = _conditions(database, file_filter)
    if after is not None:
        conditions.append(f"({column}, key) {compare} (?, ?)")
        values.extend(after)
    read = database.read()
    rows = read.execute(
        f"SELECT key, project_key, path, {column} AS sorted FROM files"  # noqa: S608 - constants; values are bound
        f" WHERE {' AND '.join(conditions)}"
        f" ORDER BY {column} {direction}, key {direction} LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    end = FilePageEnd(rows[limit - 1]["sorted"], rows[limit - 1]["key"]) if rows[limit:] else None
    return [_file_row(read, row) for row in rows[:limit]], end


def count_files(database: Database, file_filter: FileFilter) -> int:
    """Return how many files a filter selects."""
    conditions, values = _conditions(database, file_filter)
    query = f"SELECT count(*) FROM files WHERE {' AND '.join(conditions)}"  # noqa: S608 - constants
    return int(database.read().execute(query, values).fetchone()[0])


def _conditions(database: Database, file_filter: FileFilter) -> tuple[list[str], list[object]]:
    conditions, values = ["true"], list[object]()
    if file_filter.project:
        conditions.append("project_key = ?")
        values.append(project_key(database, file_filter.project))
    for word in file_filter.words.split()[:_MAX_WORDS]:
        conditions.append(r"path LIKE ? ESCAPE '\'")
        escaped = "".join(f"\\{char}" if char in r"\%_" else char for char in word)
        values.append(f"%{escaped}%")
    return conditions, values


def project_key(database: Database, project: str | None) -> int:
    """Return the key of a project's name, -1 for one without files and failures."""
    if not project:
        return UNKNOWN_PROJECT
    query = "SELECT key FROM call_names WHERE name = ?"
    row = database.read().execute(query, (project,)).fetchone()
    return row[0] if row else -1


def _file_row(read: sqlite3.Connection, row: sqlite3.Row) -> FileRow:
    sums = read.execute(
        "SELECT count(DISTINCT session_key) AS sessions, count(*) AS changes, sum(added) AS added,"
        " sum(removed) AS removed, max(at_ms) AS changed_ms FROM file_changes WHERE file_key = ?",
        (row["key"],),
    ).fetchone()
    name = read.execute("SELECT name FROM call_names WHERE key = ?", (row["project_key"],))
    project = name.fetchone()
    return FileRow(
        key=row["key"],
        project=project[0] if project else None,
        path=row["path"],
        sessions=sums["sessions"],
        changes=sums["changes"],
        lines_added=sums["added"],
        lines_removed=sums["removed"],
        changed_ms=sums["changed_ms"] or None,
    )


def file_projects(database: Database) -> list[str]:
    """Return the projects that have files, by their folders."""
    rows = database.read().execute(
        "SELECT name FROM call_names WHERE key IN (SELECT DISTINCT project_key FROM files)"
        " ORDER BY name"
    )
    return [row[0] for row in rows]


def find_file(database: Database, project: str | None, path: str) -> FileRow | None:
    """Return a file of a project, None for one that no stored call changed."""
    read = database.read()
    row = read.execute(
        "SELECT key, project_key, path FROM files WHERE path = ? AND project_key = ?",
        (path, project_key(database, project)),
    ).fetchone()
    return None if row is None else _file_row(read, row)


@dataclass(frozen=True, slots=True)
class FileEditRow:
    """One change of a file: its call, and the prompt that led to it, None where that is unknown.

    `written_path` is the path that the call named, which may be in a worktree.
    """

    at_ms: int | None
    seq: int
    position: int
    tool: str | None
    written_path: str | None
    lines_added: int | None
    lines_removed: int | None
    call: CallOrigin
    prompt: LeadingPrompt | None


def list_changes(
    database: Database,
    file_key: int,
    *,
    before: tuple[int, int, int] | None = None,
    limit: int = 100,
) -> list[FileEditRow]:
    """Return changes of a file, the latest first; those before a time, message and part."""
    read = database.read()
    rows = read.execute(
        "SELECT c.at_ms, c.seq, c.position, c.added, c.removed, p.tool_use_id, p.tool_name,"  # noqa: S608 - constants
        " coalesce(json_extract(unpacked(p.content), '$.path'),"
        f"  {CALLED_PATH.format(p='p')}) AS path"
        " FROM file_changes c"
        " JOIN parts p ON p.message_seq = c.seq AND p.position = c.position"
        " WHERE c.file_key = ? AND (c.at_ms, c.seq, c.position) < (?, ?, ?)"
        " ORDER BY c.at_ms DESC, c.seq DESC, c.position DESC LIMIT ?",
        (file_key, *(before or (1 << 62, 0, 0)), limit),
    ).fetchall()
    finder = PromptFinder(read)
    changes = []
    for row in rows:
        call = find_origin(read, row["seq"], row["tool_use_id"])
        changes.append(
            FileEditRow(
                row["at_ms"] or None, row["seq"], row["position"], row["tool_name"], row["path"],
                row["added"], row["removed"], call, finder.find(call),
            )
        )  # fmt: skip
    return changes
