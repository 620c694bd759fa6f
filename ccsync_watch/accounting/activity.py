"""What was done, by session and by tool: prompts, turns, calls, errors, permissions, times.

A message counts for the session it was written in: copies in forks are left out, and so are
excluded sessions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ccsync_watch.store.call_index import MAY_HAVE_FAILED
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.prompt_counts import OWN_MESSAGES
from ccsync_watch.store.turns import ENDS_TURN

if TYPE_CHECKING:
    from collections.abc import Collection

    from ccsync_watch.store.database import Database

_EXCLUDED = "(SELECT id FROM sessions WHERE is_excluded)"

# Calls and results, each with its message `m`. With the LIMIT each text is unpacked once; without
# it SQLite does that for every column that reads the text.
COUNTED_CALLS = (
    "(SELECT m.session_id, m.facts, p.kind, p.tool_name, p.tool_use_id,"
    " iif(p.kind = 'tool-result', unpacked(p.content), NULL) AS content"
    " FROM parts p JOIN messages m ON m.seq = p.message_seq"
    " WHERE p.kind IN ('tool-call', 'tool-result') AND {condition} LIMIT -1)"
)
# Of one of them: a call that was denied did not run, and so did not fail. Waiting for the person is
# not the tool's time. What the row says is not about a result that is fine.
_IS_DENIED = (
    "(kind = 'tool-result' AND (json_extract(content, '$.denied') IS NOT NULL"
    " OR json_extract(facts, '$.denial') IS NOT NULL"
    " AND json_extract(content, '$.ok') = 0))"
)
_IS_ERROR = (
    "(kind = 'tool-result' AND json_extract(content, '$.ok') = 0 AND NOT " + _IS_DENIED + ")"
)
# A time that a result cannot have taken is unknown: the sum of two such times may be infinite.
_LONGEST_MS = 10**12
_TOOL_MS = (
    f"iif(kind = 'tool-result' AND json_extract(content, '$.durationMs') BETWEEN 0 AND"
    f" {_LONGEST_MS} AND NOT {_IS_DENIED}, json_extract(content, '$.durationMs'), NULL)"
)


@dataclass(frozen=True, slots=True)
class Activity:
    """What was done in a session; times in milliseconds, None where they are not known.

    `turns` = answers that ended a turn. `api_ms`, `tool_ms` and lines are the client's own where it
    wrote its total; otherwise tools and lines are summed from results. `wall_ms` is from the first
    row to the last.
    """

    prompts: int = 0
    turns: int = 0
    tool_calls: int = 0
    tool_errors: int = 0
    permissions_granted: int = 0
    permissions_denied: int = 0
    compactions: int = 0
    api_errors: int = 0
    retries: int = 0
    wall_ms: int | None = None
    api_ms: int | None = None
    tool_ms: int | None = None
    lines_added: int | None = None
    lines_removed: int | None = None


@dataclass(frozen=True, slots=True)
class ToolLine:
    """Calls of one tool; `error_rate` is None while no call has a result."""

    tool: str
    calls: int
    results: int
    errors: int
    denied: int
    total_ms: int

    @property
    def error_rate(self) -> float | None:
        """Errors as a share of results."""
        return self.errors / self.results if self.results else None


def by_tool(
    database: Database,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    session_ids: Collection[str] | None = None,
) -> list[ToolLine]:
    """Return tools, the most called first; none where `sync_tool_calls` is off."""
    condition, values = counted_messages(since_ms, until_ms, session_ids)
    query = (
        "SELECT coalesce(tool_name, 'unknown') AS tool, sum(kind = 'tool-call') AS calls,"  # noqa: S608 - constants
        " sum(kind = 'tool-result') AS results,"
        f" coalesce(sum({_IS_ERROR}), 0) AS errors, coalesce(sum({_IS_DENIED}), 0) AS denied,"
        f" coalesce(sum({_TOOL_MS}), 0) AS total_ms"
        f" FROM {COUNTED_CALLS.format(condition=condition)}"
        " GROUP BY 1 ORDER BY calls DESC, tool"
    )
    return [
        ToolLine(row["tool"], row["calls"], row["results"], row["errors"], row["denied"],
                 int(row["total_ms"]))
        for row in database.read().execute(query, values)
    ]  # fmt: skip


def count_prompts(database: Database, *, since_ms: int | None = None) -> int:
    """Return the number of prompts."""
    query = f"SELECT count(*) FROM messages m WHERE m.kind = 'prompt' AND {_counted(since_ms)}"  # noqa: S608 - constants
    return int(database.read().execute(query, {"since": since_ms}).fetchone()[0])


def active_sessions(
    database: Database, *, since_ms: int | None = None, until_ms: int | None = None
) -> set[str]:
    """Return the sessions with messages of their own in which somebody said something."""
    before = "" if until_ms is None else " AND m.timestamp_ms < :until"
    rows = database.read().execute(
        "SELECT s.id FROM sessions s WHERE NOT s.is_excluded"  # noqa: S608 - constants
        " AND s.is_conversation AND coalesce(s.updated_ms, 0) >= :floor AND EXISTS"
        f" (SELECT 1 FROM messages m WHERE m.session_id = s.id AND {_counted(since_ms)}{before})",
        {"since": since_ms, "floor": since_ms or 0, "until": until_ms},
    )
    return {row[0] for row in rows}


def _counted(since_ms: int | None) -> str:
    """Return the condition that a message `m` must meet; needs the parameter `since`."""
    if since_ms is None:
        return f"{OWN_MESSAGES} AND m.session_id NOT IN {_EXCLUDED}"
    return (
        f"{OWN_MESSAGES} AND m.timestamp_ms >= :since AND m.session_id IN"  # noqa: S608 - constants
        " (SELECT id FROM sessions WHERE updated_ms >= :since AND NOT is_excluded)"
    )


def counted_messages(
    since_ms: int | None, until_ms: int | None, session_ids: Collection[str] | None
) -> tuple[str, dict[str, object]]:
    """Return the condition that a message `m` must meet to be counted, and its parameters."""
    condition = _counted(since_ms)
    values: dict[str, object] = {"since": since_ms, "until": until_ms}
    if until_ms is not None:
        condition += " AND m.timestamp_ms < :until"
    if session_ids is not None:
        condition += " AND m.session_id IN (SELECT value FROM json_each(:sessions))"
        values["sessions"] = json.dumps(sorted(session_ids))
    return condition, values


def count_session(database: Database, session_id: str) -> Activity:
    """Return what was done in one session, without turns, times, permissions and lines.

    That is a quarter of the work of `by_session_id`: only results that may have failed are
    unpacked. Nothing was done in a session that is not known.
    """
    own = f"m.session_key = {key_of('?1')} AND {OWN_MESSAGES}"
    read = database.read()
    prompts, compactions, api_errors = read.execute(
        "SELECT coalesce(sum(m.kind = 'prompt'), 0),"  # noqa: S608 - constants
        " coalesce(max(sum(m.kind = 'compaction'), sum(m.kind = 'summary')), 0),"
        " coalesce(sum(m.kind = 'api_error' AND m.role = 'assistant'), 0)"
        f" FROM compact_messages m WHERE {own}",
        (session_id,),
    ).fetchone()
    (calls,) = read.execute(
        "SELECT count(*) FROM compact_messages m CROSS JOIN parts p ON p.message_seq = m.seq"  # noqa: S608 - constants
        f" WHERE {own} AND p.kind = 'tool-call'",
        (session_id,),
    ).fetchone()
    may_have_failed = f"{own} AND p.kind = 'tool-result' AND {MAY_HAVE_FAILED}"
    results = COUNTED_CALLS.format(condition=may_have_failed)
    (errors,) = read.execute(
        f"SELECT coalesce(sum({_IS_ERROR}), 0) FROM {results}",  # noqa: S608 - constants
        (session_id,),
    ).fetchone()
    return Activity(
        prompts=prompts,
        tool_calls=calls,
        tool_errors=errors,
        compactions=compactions,
        api_errors=api_errors,
    )


def by_session_id(
    database: Database,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    session_id: str | None = None,
) -> dict[str, Activity]:
    """Return the activity of sessions; times only as far as rows have them."""
    condition = f"{OWN_MESSAGES} AND coalesce(m.timestamp_ms, 0) >= ?"
    if until_ms is not None:
        condition += f" AND m.timestamp_ms < {until_ms:d}"
    values: tuple[object, ...] = (since_ms or 0,)
    if session_id is not None:
        condition, values = f"{condition} AND m.session_id = ?", (*values, session_id)
    messages = (
        "SELECT m.session_id, sum(m.kind = 'prompt') AS prompts,"  # noqa: S608 - constants
        f" sum({ENDS_TURN}) AS turns,"
        # A newer client writes both rows, an older one the summary only.
        " max(sum(m.kind = 'compaction'), sum(m.kind = 'summary')) AS compactions,"
        " sum(m.kind = 'api_error' AND m.role = 'assistant') AS api_errors,"
        " sum(m.kind = 'api_error' AND m.role = 'system') AS retries,"
        " coalesce(sum(json_extract(m.facts, '$.permission') = 'accept'), 0) AS granted,"
        " coalesce(sum(json_extract(m.facts, '$.denial') IS NOT NULL"
        "  OR json_extract(m.facts, '$.permission') = 'reject'), 0) AS denied"
        f" FROM messages m WHERE {condition} GROUP BY m.session_id"
    )
    tools = (
        "SELECT session_id, sum(kind = 'tool-call') AS calls,"  # noqa: S608 - constants
        f" coalesce(sum({_IS_ERROR}), 0) AS errors, coalesce(sum({_IS_DENIED}), 0) AS denied,"
        f" sum({_TOOL_MS}) AS tool_ms,"
        " sum(iif(kind = 'tool-result', json_extract(content, '$.lines_added'), NULL))"
        " AS added, sum(iif(kind = 'tool-result', json_extract(content, '$.lines_removed'),"
        f" NULL)) AS removed FROM {COUNTED_CALLS.format(condition=condition)} GROUP BY session_id"
    )
    read = database.read()
    activities: dict[str, Activity] = {}
    for row in read.execute(messages, values):
        activities[row["session_id"]] = Activity(
            prompts=row["prompts"],
            turns=row["turns"],
            compactions=row["compactions"],
            api_errors=row["api_errors"],
            retries=row["retries"],
            permissions_granted=row["granted"],
            permissions_denied=row["denied"],
        )
    for row in read.execute(tools, values):
        activity = activities[row["session_id"]]
        activities[row["session_id"]] = replace(
            activity,
            # Several results may stand in one row; without those, only the row says it.
            permissions_denied=max(activity.permissions_denied, row["denied"]),
            tool_calls=row["calls"],
            tool_errors=row["errors"],
            tool_ms=row["tool_ms"] and int(row["tool_ms"]),
            lines_added=row["added"],
            lines_removed=row["removed"],
        )
    return activities
