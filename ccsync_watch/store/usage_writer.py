"""Write tokens and the client's own totals in the ingest transaction; count each response once.

The result does not depend on the order, the split or the number of times that rows are read: of a
response's rows the last one of its stream counts, and of the sessions that claim it the original.
"""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.store import response_rows
from ccsync_watch.store.id_keys import key_of, save_ids, uuid_key
from ccsync_watch.store.id_queries import select_among
from ccsync_watch.store.usage_owners import Ownership
from ccsync_watch.transcripts.web_searches import SEARCH_PREFIX

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ccsync_watch.model import Fact, UncountedUsage, Usage


# The columns that a later snapshot of a response replaces, in the order that compares snapshots.
_SNAPSHOT_COLUMNS = (
    "is_final", "output_tokens", "input_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "cache_read_tokens", "web_searches", "is_fast", "is_us_only", "tier", "cost_usd", "model",
    "iterations",
)  # fmt: skip
_snapshot = attrgetter(*_SNAPSHOT_COLUMNS[:-1])
_NULL_VALUES = {"tier": "''", "model": "''", "cost_usd": "-1.0", "iterations": "''"}
_EARLIEST = (
    "coalesce(min(timestamp_ms, excluded.timestamp_ms), timestamp_ms, excluded.timestamp_ms)"
)


def _snapshot_key(prefix: str) -> str:
    """Return the SQL values that compare two snapshots of a response: the later one is greater."""
    return ", ".join(
        f"coalesce({prefix}{name}, {_NULL_VALUES[name]})" if name in _NULL_VALUES else prefix + name
        for name in _SNAPSHOT_COLUMNS
    )


# Those before the searches of a row, of their session `?2` and subagent `?3`.
_RESPONSES_BEFORE = (
    "FROM usage u WHERE u.session_id = ?2 AND u.agent_id IS ?3 AND u.model IS NOT NULL"
    " AND coalesce(u.timestamp_ms, 0) <= coalesce(compact_usage.timestamp_ms, u.timestamp_ms)"
    " AND substr(u.id, 1, length(?4)) <> ?4"
)
_OWNER = "(SELECT id FROM ids WHERE key = {})"
_IS_LATER = f"({_snapshot_key('excluded.')}) > ({_snapshot_key('')})"
_SAVE_SNAPSHOT = (
    "INSERT INTO compact_usage (key, session_key, agent_id, is_marked, response, request_id,"  # noqa: S608 - constant names
    f" timestamp_ms, {', '.join(_SNAPSHOT_COLUMNS)})"
    f" VALUES (?, ?, ?, ?, ?, ?, ?{', ?' * len(_SNAPSHOT_COLUMNS)})"
    f" ON CONFLICT DO UPDATE SET timestamp_ms = {_EARLIEST}, "
    + ", ".join(f"{name} = iif({_IS_LATER}, excluded.{name}, {name})" for name in _SNAPSHOT_COLUMNS)
    + f" WHERE {_IS_LATER} OR coalesce(excluded.timestamp_ms < timestamp_ms, timestamp_ms IS NULL)"
)


def save_usage(connection: sqlite3.Connection, usages: Sequence[Usage]) -> None:
    """Save the rows that report responses, and of each response the latest state.

    `settle_usage` completes it, once the messages of the commit are saved.
    """
    keys = save_ids(
        connection,
        {name for usage in usages for name in (usage.id, usage.session_id, usage.row_session_id)},
    )
    _save_reports(connection, usages, keys)
    connection.executemany(
        _SAVE_SNAPSHOT,
        [
            (
                keys[usage.id], keys[usage.session_id], usage.agent_id, usage.is_marked,
                _response(usage), usage.request_id, usage.timestamp_ms,
                *_snapshot(usage),
                _iterations(usage),
            )
            for usage in usages
        ],
    )  # fmt: skip


def complete_searches(connection: sqlite3.Connection, usages: Iterable[Usage]) -> None:
    """Give searches the model of the response before them; none if it reports them itself."""
    for usage in usages:
        if usage.id.startswith(SEARCH_PREFIX):
            connection.execute(
                "UPDATE compact_usage SET (model, web_searches) = (SELECT u.model,"  # noqa: S608 - constants
                "  iif(u.web_searches > 0, 0, compact_usage.web_searches)"
                f"  {_RESPONSES_BEFORE} ORDER BY u.timestamp_ms DESC LIMIT 1)"
                f" WHERE key = {key_of('?1')} AND EXISTS (SELECT 1 {_RESPONSES_BEFORE})",
                (usage.id, usage.session_id, usage.agent_id, SEARCH_PREFIX),
            )


def settle_usage(
    connection: sqlite3.Connection, usages: Sequence[Usage], touched: Collection[str]
) -> set[str]:
    """Count each response once, for the session that asked; return sessions whose totals change.

    `touched` are the sessions of this commit: what is new of them may decide which session owns a
    response that several claim.
    """
    response_rows.replace_older_records(connection, usages)
    unsettled = response_rows.combine(connection, usages)
    unsettled |= response_rows.combine_rows(connection, usages)
    contested = _contested(connection, list({usage.id for usage in usages}))
    claims = {(usage.id, usage.row_session_id) for usage in usages if usage.id in contested}
    for session_id in touched:
        claims.update(
            (row[0], session_id)
            for row in connection.execute(
                "SELECT usage_id FROM contested WHERE session_id = ?", (session_id,)
            )
        )
    claimants: defaultdict[str, set[str]] = defaultdict(set)
    for usage_id, session_id in claims:
        claimants[usage_id].add(session_id)
    ownership = Ownership(connection)
    changed = {
        session_id
        for usage_id in sorted(unsettled | claimants.keys())
        for session_id in (
            ownership.settle(usage_id)
            if usage_id in unsettled
            else ownership.settle_among(usage_id, claimants[usage_id])
        )
    }
    return {session_id for session_id in changed if _is_shown(connection, session_id)}


def save_uncounted(connection: sqlite3.Connection, items: Iterable[UncountedUsage]) -> None:
    """Save the rows that report tokens which no total contains."""
    connection.executemany(
        "INSERT INTO uncounted_usage VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " reason = excluded.reason",
        [(item.session_id, item.agent_id or "", item.row_id, item.reason) for item in items],
    )


def save_cost_states(connection: sqlite3.Connection, facts: Iterable[Fact]) -> None:
    """Save every total that the client wrote of a session, with its offset in the file."""
    connection.executemany(
        "INSERT INTO cost_states VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET start = max(start, excluded.start)",
        [
            (fact.session_id, orjson.dumps(fact.value).decode(), fact.start)
            for fact in facts
            if fact.name == "cost_state"
        ],
    )


def _iterations(usage: Usage) -> str | None:
    """Return the tokens of the requests of a response as the view `usage_iterations` reads them."""
    if not usage.iterations:
        return None
    return orjson.dumps([tuple(counts) for counts in usage.iterations]).decode()


def _response(usage: Usage) -> int | str:
    """Return a response's message id as it is to be stored: see the table."""
    response_id = usage.response_id or usage.id
    is_start = usage.id == response_id or usage.id.startswith(f"{response_id}#")
    return len(response_id) if is_start else response_id


def _save_reports(
    connection: sqlite3.Connection, usages: Iterable[Usage], keys: Mapping[str, int]
) -> None:
    """Save every row that reports a response, with the session that it names as its owner."""
    connection.executemany(
        "INSERT INTO compact_usage_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
        " ON CONFLICT DO UPDATE SET owner_key = iif(excluded.is_marked > is_marked"
        "   OR (excluded.is_marked = is_marked AND excluded.owner_key <> owner_key"
        f"    AND {_OWNER.format('excluded.owner_key')} > {_OWNER.format('owner_key')}),"
        "   excluded.owner_key, owner_key),"
        " is_marked = max(is_marked, excluded.is_marked), start = min(start, excluded.start),"
        " prompt_tokens = max(prompt_tokens, excluded.prompt_tokens),"
        " output_tokens = max(output_tokens, excluded.output_tokens),"
        f" timestamp_ms = {_EARLIEST}",
        [
            (
                keys[usage.id],
                keys[usage.row_session_id],
                usage.agent_id or "",
                uuid_key(usage.uuid),
                usage.start,
                keys[usage.session_id],
                usage.is_marked,
                usage.prompt_tokens,
                usage.output_tokens,
                usage.timestamp_ms,
            )
            for usage in usages
        ],
    )


def _contested(connection: sqlite3.Connection, ids: list[str]) -> set[str]:
    """Return the responses whose rows name several sessions or agents."""
    # Few are contested, so that is asked before the response is read.
    query = (
        "SELECT k.id FROM ids k WHERE k.id IN ({ids})"
        " AND EXISTS (SELECT 1 FROM contested WHERE usage_id = k.id)"
        " AND EXISTS (SELECT 1 FROM compact_usage WHERE key = k.key AND counted_in IS NULL)"
    )
    known = {row[0] for row in select_among(connection, query, ids)}
    query = (
        "SELECT k.id FROM ids k JOIN compact_usage u ON u.key = k.key"
        " JOIN compact_usage_rows r ON r.usage_key = k.key"
        " WHERE u.counted_in IS NULL AND k.id IN ({ids}) GROUP BY k.key"
        " HAVING min(r.owner_key) <> max(r.owner_key) OR min(r.agent_id) <> max(r.agent_id)"
        " OR min(r.owner_key) <> u.session_key"
    )
    others = [usage_id for usage_id in ids if usage_id not in known]
    return known | {row[0] for row in select_among(connection, query, others)}


def _is_shown(connection: sqlite3.Connection, session_id: str) -> bool:
    query = "SELECT 1 FROM sessions WHERE id = ? AND NOT is_excluded"
    return connection.execute(query, (session_id,)).fetchone() is not None
