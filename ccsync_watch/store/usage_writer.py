"""Write tokens and the client's own totals in the ingest transaction; count each response once.

The result does not depend on the order, the split or the number of times that rows are read: of a
response's rows the last one of its stream counts, and of the sessions that claim it the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

    from ccsync_watch.model import Fact, Usage

_CHUNK_IDS = 400
_MAX_FORKS = 64

# The columns that a later snapshot of a response replaces, in the order that compares snapshots.
_SNAPSHOT_COLUMNS = (
    "is_final", "output_tokens", "input_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "cache_read_tokens", "web_searches", "is_fast", "is_us_only", "tier", "cost_usd", "model",
    "timestamp_ms",
)  # fmt: skip
_NULL_VALUES = {"tier": "''", "model": "''", "cost_usd": "-1.0", "timestamp_ms": "-1"}


def _snapshot_key(prefix: str) -> str:
    """Return the SQL values that compare two snapshots of a response: the later one is greater."""
    return ", ".join(
        f"coalesce({prefix}{name}, {_NULL_VALUES[name]})" if name in _NULL_VALUES else prefix + name
        for name in _SNAPSHOT_COLUMNS
    )


_SAVE_SNAPSHOT = (
    f"INSERT INTO usage (id, session_id, agent_id, is_marked, {', '.join(_SNAPSHOT_COLUMNS)})"  # noqa: S608 - constant names
    f" VALUES (?, ?, ?, ?{', ?' * len(_SNAPSHOT_COLUMNS)}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _SNAPSHOT_COLUMNS)
    + f" WHERE ({_snapshot_key('excluded.')}) > ({_snapshot_key('')})"
)


def save_usage(
    connection: sqlite3.Connection, usages: Sequence[Usage], touched: Collection[str]
) -> set[str]:
    """Count each response once, for the session that asked; return sessions whose totals change.

    `touched` are the sessions of this commit: what is new of them may decide which session owns a
    response that several claim.
    """
    _save_reports(connection, usages)
    connection.executemany(
        _SAVE_SNAPSHOT,
        [
            (
                usage.id, usage.session_id, usage.agent_id, usage.is_marked,
                *(getattr(usage, name) for name in _SNAPSHOT_COLUMNS),
            )
            for usage in usages
        ],
    )  # fmt: skip
    contested = _contested(connection, list({usage.id for usage in usages}))
    for session_id in touched:
        contested.update(
            row[0]
            for row in connection.execute(
                "SELECT usage_id FROM contested WHERE session_id = ?", (session_id,)
            )
        )
    ownership = _Ownership(connection)
    changed = {
        session_id for usage_id in sorted(contested) for session_id in ownership.settle(usage_id)
    }
    return {session_id for session_id in changed if _is_shown(connection, session_id)}


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


def _save_reports(connection: sqlite3.Connection, usages: Iterable[Usage]) -> None:
    """Save every row that reports a response, with the session that it names as its owner."""
    connection.executemany(
        "INSERT INTO usage_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " owner = iif((excluded.is_marked, excluded.owner) > (is_marked, owner),"
        "   excluded.owner, owner),"
        " is_marked = max(is_marked, excluded.is_marked), start = min(start, excluded.start),"
        " prompt_tokens = max(prompt_tokens, excluded.prompt_tokens),"
        " output_tokens = max(output_tokens, excluded.output_tokens)",
        [
            (
                usage.id,
                usage.row_session_id,
                usage.agent_id or "",
                usage.uuid,
                usage.start,
                usage.session_id,
                usage.is_marked,
                usage.prompt_tokens,
                usage.output_tokens,
            )
            for usage in usages
        ],
    )


def _contested(connection: sqlite3.Connection, ids: list[str]) -> set[str]:
    """Return the responses whose rows name several sessions or agents."""
    contested: set[str] = set()
    for start in range(0, len(ids), _CHUNK_IDS):
        chunk = ids[start : start + _CHUNK_IDS]
        query = (
            "SELECT r.usage_id FROM usage_rows r JOIN usage u ON u.id = r.usage_id"  # noqa: S608 - question marks only
            f" WHERE r.usage_id IN ({','.join('?' * len(chunk))}) GROUP BY r.usage_id"
            " HAVING min(r.owner) <> max(r.owner) OR min(r.agent_id) <> max(r.agent_id)"
            " OR min(r.owner) <> u.session_id"
        )
        contested.update(row[0] for row in connection.execute(query, chunk))
    return contested


class _Ownership:
    """Decides which session owns a response that several claim; lives for one commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ancestors: dict[str, set[str]] = {}
        self._times: dict[str, tuple[float, float]] = {}

    def settle(self, usage_id: str) -> list[str]:
        """Assign a response to the session that asked; return the sessions whose totals change."""
        rows = self._connection.execute(
            "SELECT DISTINCT owner, session_id, agent_id FROM usage_rows WHERE usage_id = ?",
            (usage_id,),
        ).fetchall()
        claimants = sorted(
            {row["owner"] for row in rows}, key=lambda session_id: self._rank(session_id, rows)
        )
        owner = claimants[0]
        # The main conversation's before a subagent's, which may have received a copy of it.
        _is_elsewhere, agent_id = min(
            (row["session_id"] != owner, row["agent_id"]) for row in rows if row["owner"] == owner
        )
        self._save_claims(usage_id, claimants, rows)
        moved = self._connection.execute(
            "UPDATE usage SET session_id = ?1, agent_id = ?2, carrier = iif(session_id = ?1,"
            " carrier, (SELECT m.id FROM messages m WHERE m.session_id = ?1"
            " AND m.usage_id = usage.id ORDER BY m.seq LIMIT 1))"
            " WHERE id = ?3 AND (session_id, coalesce(agent_id, '')) <> (?1, coalesce(?2, ''))",
            (owner, agent_id or None, usage_id),
        )
        return claimants if moved.rowcount else []

    def _save_claims(self, usage_id: str, claimants: list[str], rows: list[sqlite3.Row]) -> None:
        self._connection.execute("DELETE FROM contested WHERE usage_id = ?", (usage_id,))
        if len(claimants) > 1:
            first, second = (self._rank(session_id, rows) for session_id in claimants[:2])
            is_guess = first[0] == second[0]
            self._connection.executemany(
                "INSERT INTO contested VALUES (?, ?, ?)",
                [(session_id, usage_id, is_guess) for session_id in claimants],
            )

    def _rank(self, session_id: str, rows: list[sqlite3.Row]) -> tuple[bool, float, float, str]:
        """Return the sort key of the sessions that claim a response: the original is the least.

        A fork of another claimant is a copy. Otherwise the original is taken to be the one that
        ended first: clients that copied without a mark started a new session at every resume. When
        they started says nothing, as a copy starts with what it copied.
        """
        others = {row["owner"] for row in rows}
        started_ms, ended_ms = self._span(session_id)
        is_fork = not self._forked_from(session_id).isdisjoint(others)
        return is_fork, ended_ms, started_ms, session_id

    def _span(self, session_id: str) -> tuple[float, float]:
        if session_id not in self._times:
            row = self._connection.execute(
                "SELECT coalesce(started_ms, 9e18), coalesce(updated_ms, 9e18) FROM sessions"
                " WHERE id = ?",
                (session_id,),
            ).fetchone()
            self._times[session_id] = (row[0], row[1]) if row else (9e18, 9e18)
        return self._times[session_id]

    def _forked_from(self, session_id: str) -> set[str]:
        """Return the sessions that a session was forked from, directly or not, without itself."""
        if session_id not in self._ancestors:
            ancestors: set[str] = set()
            current = session_id
            for _step in range(_MAX_FORKS):
                row = self._connection.execute(
                    "SELECT forked_from FROM sessions WHERE id = ?", (current,)
                ).fetchone()
                if row is None or row[0] is None or row[0] in ancestors:
                    break
                current = row[0]
                ancestors.add(current)
            self._ancestors[session_id] = ancestors - {session_id}
        return self._ancestors[session_id]


def _is_shown(connection: sqlite3.Connection, session_id: str) -> bool:
    query = "SELECT 1 FROM sessions WHERE id = ? AND NOT is_excluded"
    return connection.execute(query, (session_id,)).fetchone() is not None
