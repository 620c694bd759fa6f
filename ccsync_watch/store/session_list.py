"""The list of sessions, for the dashboard and the export: filtered, sorted, a page at a time.

Every query walks an index from where the last page ended, so that the last page of 100,000
sessions costs what the first does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from ccsync_watch.store.pruned_texts import PrunedSession, pruned_session
from ccsync_watch.store.session_annotations import annotation_revision, shown_title
from ccsync_watch.store.session_summaries import project_name

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from ccsync_watch.store.database import Database
    from ccsync_watch.store.search_operators import Condition

SessionSort: TypeAlias = Literal[
    "recent", "oldest", "started", "cost", "tokens", "duration", "messages", "failed"
]
"""`recent`, `oldest` and `started` need no figures; the others list what is counted."""
_ORDERS: dict[SessionSort, tuple[str, str, str]] = {
    "recent": ("s.updated_ms", "DESC", "<"),
    "oldest": ("s.updated_ms", "ASC", ">"),
    "started": ("s.started_ms", "DESC", "<"),
    "cost": ("f.cost_microusd", "DESC", "<"),
    "tokens": ("f.tokens", "DESC", "<"),
    "duration": ("f.duration_ms", "DESC", "<"),
    "messages": ("f.messages", "DESC", "<"),
    "failed": ("f.failed_calls", "DESC", "<"),
}
DATED_SORTS = frozenset({"recent", "oldest", "started"})
"""Those in which the sessions of a day follow each other."""


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions to list; None and empty mean all. `until_ms` is exclusive.

    `is_conversation`: without those in which nobody said anything. `condition` is what a search
    asks for.
    """

    project: str | None = None
    branch: str | None = None
    model: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    host: str | None = None
    is_conversation: bool = False
    condition: Condition | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether an index limits the sessions to a part of them."""
        limits = (self.project, self.branch, self.model, self.since_ms, self.condition)
        return any(limits)


class PageEnd(NamedTuple):
    """Where a page ended: the value that its last row is sorted by, and that row's session."""

    value: int
    session_id: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session of a list; `prompts` are its own, without copies of another session's.

    `pruned`: the texts of so many of its messages were removed.
    """

    session_id: str
    title: str | None
    project_path: str | None
    project_name: str | None
    worktree: str | None
    git_branch: str | None
    model: str | None
    forked_from: str | None
    started_ms: int | None
    updated_ms: int | None
    messages: int
    prompts: int
    is_metadata_only: bool
    pruned: PrunedSession | None = None


def has_sessions(database: Database) -> bool:
    """Return whether there is any session to show, also one in which nobody said anything."""
    query = "SELECT 1 FROM sessions WHERE NOT is_excluded LIMIT 1"
    return database.read().execute(query).fetchone() is not None


def list_sessions(
    database: Database,
    session_filter: SessionFilter,
    *,
    sort: SessionSort = "recent",
    after: PageEnd | None = None,
    limit: int = 50,
    among: Collection[str] | None = None,
) -> tuple[list[SessionRow], PageEnd | None]:
    """Return a page of sessions and where the next one begins, None at the end.

    `among` limits it to these sessions: the results of a search.
    """
    column, direction, compare = _ORDERS[sort]
    source, session_id = "sessions s", "s.id"
    if sort not in DATED_SORTS:
        # In the order of the figures' index; of a few sessions, those first.
        session_id = "f.session_id"
        is_narrow = session_filter.is_narrow or among is not None
        source = (
            "sessions s JOIN session_figures f ON f.session_id = s.id"
            if is_narrow
            else "session_figures f CROSS JOIN sessions s ON s.id = f.session_id"
        )
    conditions, values = _conditions(session_filter, sort)
    _limit_to(among, conditions, values)
    if after is not None:
        conditions.append(f"({column}, {session_id}) {compare} (?, ?)")
        values.extend(after)
    where = " AND ".join(["NOT s.is_excluded", f"{column} IS NOT NULL", *conditions])
    query = (
        # The ids first: an index alone gives them, without reading any session.
        "SELECT r.*, page.sorted FROM"  # noqa: S608 - constants; values are bound
        f" (SELECT s.id, {column} AS sorted FROM {source} WHERE {where}"
        f" ORDER BY {column} {direction}, {session_id} {direction} LIMIT ?) page"
        " CROSS JOIN sessions r ON r.id = page.id"
        f" ORDER BY page.sorted {direction}, r.id {direction}"
    )
    rows = database.read().execute(query, (*values, limit + 1)).fetchall()
    last = rows[limit - 1] if len(rows) > limit else None
    return (
        [_session_row(database, row) for row in rows[:limit]],
        PageEnd(last["sorted"], last["id"]) if last else None,
    )


def last_change(database: Database) -> int:
    """Return a number that is another one once a session was added, written to or annotated.

    The latest time is not enough: what is imported is older, and one session may be in the future.
    """
    query = (
        # The remainder: the sum of whole times has more digits than addresses may have.
        "SELECT coalesce(sum(updated_ms % 1000000007), 0) + count(*)"
        " + (SELECT coalesce(max(seq), 0) FROM compact_messages) FROM sessions"
    )
    read = database.read()
    return int(read.execute(query).fetchone()[0]) + annotation_revision(read)


def count_matching(
    database: Database,
    session_filter: SessionFilter,
    most: int,
    *,
    among: Collection[str] | None = None,
) -> int:
    """Return how many sessions match, at most so many: more are not counted."""
    conditions, values = _conditions(session_filter, "recent")
    _limit_to(among, conditions, values)
    where = " AND ".join(["NOT s.is_excluded", "s.updated_ms IS NOT NULL", *conditions])
    query = f"SELECT count(*) FROM (SELECT 1 FROM sessions s WHERE {where} LIMIT ?)"  # noqa: S608 - constants; values are bound
    return int(database.read().execute(query, (*values, most)).fetchone()[0])


def _conditions(session_filter: SessionFilter, sort: SessionSort) -> tuple[list[str], list[object]]:
    possible: list[tuple[str, object]] = [
        ("s.project_path = ?", session_filter.project),
        ("s.git_branch = ?", session_filter.branch),
        ("s.model = ?", session_filter.model),
        ("s.host = ?", session_filter.host),
        ("s.updated_ms >= ?", session_filter.since_ms),
        # The plus keeps SQLite from its index, which would cost a sort of everything before.
        ("s.started_ms < ?" if sort == "started" else "+s.started_ms < ?", session_filter.until_ms),
    ]
    if session_filter.is_conversation:
        possible.append(("s.is_conversation = ?", 1))
    active = [(condition, value) for condition, value in possible if value not in {None, ""}]
    conditions = [condition for condition, _value in active]
    values = [value for _condition, value in active]
    if session_filter.condition is not None:
        conditions.append(f"({session_filter.condition.sql})")
        values.extend(session_filter.condition.values)
    return conditions, values


def _limit_to(among: Collection[str] | None, conditions: list[str], values: list[object]) -> None:
    if among is not None:
        conditions.append("s.id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(among)))


def load_session(database: Database, session_id: str) -> SessionRow | None:
    """Return one session, None for one that is unknown or excluded."""
    row = (
        database.read()
        .execute("SELECT * FROM sessions WHERE id = ? AND NOT is_excluded", (session_id,))
        .fetchone()
    )
    return None if row is None else _session_row(database, row)


def is_empty_session(database: Database, session_id: str) -> bool:
    """Return whether a transcript of a session was read, of which nothing is to be shown.

    Such as a `summary` alone, which is the title of another session.
    """
    query = (
        "SELECT EXISTS (SELECT 1 FROM transcripts WHERE session_id = ?1)"
        " AND NOT EXISTS (SELECT 1 FROM sessions WHERE id = ?1)"
    )
    return bool(database.read().execute(query, (session_id,)).fetchone()[0])


def _session_row(database: Database, row: sqlite3.Row) -> SessionRow:
    read = database.read()
    counts = read.execute(
        "SELECT messages, prompts FROM session_counts WHERE session_id = ?", (row["id"],)
    ).fetchone()
    messages, prompts = counts or (0, 0)
    return SessionRow(
        session_id=row["id"],
        title=shown_title(database, row),
        project_path=row["project_path"],
        project_name=project_name(row["project_path"]),
        worktree=row["worktree"],
        git_branch=row["git_branch"],
        model=row["model"],
        forked_from=row["forked_from"],
        started_ms=row["started_ms"],
        updated_ms=row["updated_ms"],
        messages=messages,
        prompts=prompts,
        is_metadata_only=bool(row["is_metadata_only"]),
        pruned=pruned_session(read, row["id"]),
    )


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """The values that the list can be filtered by, the most recently used first."""

    projects: list[str]
    branches: list[str]
    models: list[str]


def filter_options(database: Database, limit: int = 200) -> FilterOptions:
    """Return the projects, branches and models of the stored sessions."""
    read = database.read()

    def distinct(column: str) -> list[str]:
        # From each value to the next one by the index: grouping would read every session.
        query = (
            "WITH RECURSIVE step (value) AS (SELECT max({0}) FROM sessions WHERE NOT is_excluded"
            " UNION ALL SELECT (SELECT max({0}) FROM sessions"
            "   WHERE {0} < step.value AND NOT is_excluded) FROM step WHERE value IS NOT NULL)"
            " SELECT value FROM step WHERE value IS NOT NULL ORDER BY (SELECT max(updated_ms)"
            "   FROM sessions WHERE {0} = step.value AND NOT is_excluded) DESC LIMIT ?"
        )
        return [row[0] for row in read.execute(query.format(column), (limit,))]

    return FilterOptions(distinct("project_path"), distinct("git_branch"), distinct("model"))
