"""Failed calls by tool, kind, project and time, and examples of them; from `call_index`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ccsync_watch.store.call_origins import CallOrigin, find_origin
from ccsync_watch.store.packed_texts import unpack
from ccsync_watch.transcripts.call_outcome import CallOutcome, read_outcome

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

_NEVER_MS = 1 << 62
_KEY = "coalesce((SELECT key FROM call_names WHERE name = ?), -1)"


@dataclass(frozen=True, slots=True)
class FailureFilter:
    """Which failed calls to count; None and empty mean all. `until_ms` is exclusive."""

    project: str | None = None
    tool: str | None = None
    kind: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None


class FailureGroup(NamedTuple):
    """The failed calls of one tool that are of one kind."""

    tool: str
    kind: str
    calls: int
    last_ms: int


class ProjectFailures(NamedTuple):
    """The failed calls of one project, None for what belongs to no known one."""

    project: str | None
    calls: int


def group_failures(database: Database, failures: FailureFilter) -> list[FailureGroup]:
    """Return failed calls by tool and kind, the most frequent first."""
    where, values = _condition(failures)
    rows = database.read().execute(
        "SELECT t.name, k.name, g.calls, g.last_ms FROM (SELECT tool_key, kind_key,"  # noqa: S608 - constants
        f" count(*) AS calls, max(at_ms) AS last_ms FROM failed_calls WHERE {where}"
        " GROUP BY tool_key, kind_key) g JOIN call_names t ON t.key = g.tool_key"
        " JOIN call_names k ON k.key = g.kind_key ORDER BY g.calls DESC, t.name, k.name",
        values,
    )
    return [FailureGroup(*row) for row in rows]


def failures_by_project(database: Database, failures: FailureFilter) -> list[ProjectFailures]:
    """Return failed calls by project, those with the most first."""
    where, values = _condition(failures)
    rows = database.read().execute(
        "SELECT (SELECT name FROM call_names WHERE key = project_key) AS project,"  # noqa: S608 - constants
        f" count(*) AS calls FROM failed_calls WHERE {where} GROUP BY project_key"
        " ORDER BY calls DESC, project",
        values,
    )
    return [ProjectFailures(*row) for row in rows]


def failures_between(
    database: Database, failures: FailureFilter, bounds_ms: Sequence[int]
) -> list[int]:
    """Return how many calls failed between each two of these times, in ascending order."""
    where, values = _condition(failures)
    read = database.read()
    query = f"SELECT count(*) FROM failed_calls WHERE {where} AND at_ms >= ? AND at_ms < ?"  # noqa: S608 - constants
    return [
        read.execute(query, (*values, start, end)).fetchone()[0]
        for start, end in pairwise(bounds_ms)
    ]


def first_failure_ms(database: Database) -> int | None:
    """Return when the first call failed whose time is known."""
    query = "SELECT min(at_ms) FROM failed_calls WHERE at_ms > 0"
    return database.read().execute(query).fetchone()[0]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class FailedCall:
    """One failed call: what was called, and how it ended. `arguments` is None where not stored."""

    at_ms: int | None
    seq: int
    position: int
    tool: str
    kind: str
    project: str | None
    call: CallOrigin
    arguments: JsonValue
    outcome: CallOutcome


def list_failures(
    database: Database,
    failures: FailureFilter,
    *,
    before: tuple[int, int, int] | None = None,
    limit: int = 50,
) -> list[FailedCall]:
    """Return failed calls, the latest first; those before a time, message and part."""
    where, values = _condition(failures)
    read = database.read()
    rows = read.execute(
        "SELECT f.at_ms, f.seq, f.position, t.name AS tool, k.name AS kind,"  # noqa: S608 - constants
        " p.tool_use_id, p.content,"
        " (SELECT name FROM call_names WHERE key = f.project_key) AS project"
        f" FROM (SELECT * FROM failed_calls WHERE {where} AND (at_ms, seq, position) < (?, ?, ?)"
        "  ORDER BY at_ms DESC, seq DESC, position DESC LIMIT ?) f"
        " JOIN parts p ON p.message_seq = f.seq AND p.position = f.position"
        " JOIN call_names t ON t.key = f.tool_key JOIN call_names k ON k.key = f.kind_key"
        " ORDER BY f.at_ms DESC, f.seq DESC, f.position DESC",
        (*values, *(before or (_NEVER_MS, 0, 0)), limit),
    ).fetchall()
    return [_failed_call(read, row) for row in rows]


def _failed_call(read: sqlite3.Connection, row: sqlite3.Row) -> FailedCall:
    call = find_origin(read, row["seq"], row["tool_use_id"])
    stored = read.execute(
        "SELECT content FROM parts WHERE message_seq = ? AND kind = 'tool-call'"
        " AND tool_use_id = ?",
        (call.seq, row["tool_use_id"]),
    ).fetchone()
    return FailedCall(
        at_ms=row["at_ms"] or None,
        seq=row["seq"],
        position=row["position"],
        tool=row["tool"],
        kind=row["kind"],
        project=row["project"],
        call=call,
        arguments=orjson.loads(unpack(stored[0])) if stored else None,
        outcome=read_outcome(orjson.loads(unpack(row["content"]))),
    )


def failure_projects(database: Database) -> list[str]:
    """Return the projects in which calls failed, by their folders."""
    rows = database.read().execute(
        "SELECT name FROM call_names WHERE key IN (SELECT DISTINCT project_key FROM failed_calls)"
        " ORDER BY name"
    )
    return [row[0] for row in rows]


def _condition(failures: FailureFilter) -> tuple[str, list[object]]:
    """Return the condition that a filter means, and its values."""
    names = {
        "project_key": failures.project,
        "tool_key": failures.tool,
        "kind_key": failures.kind,
    }
    conditions, values = ["true"], list[object]()
    for column, name in names.items():
        if name:
            conditions.append(f"{column} = {_KEY}")
            values.append(name)
    if failures.since_ms is not None:
        conditions.append("at_ms >= ?")
        values.append(failures.since_ms)
    if failures.until_ms is not None:
        conditions.append("at_ms < ?")
        values.append(failures.until_ms)
    return " AND ".join(conditions), values
