"""Tokens and the client's own totals inside the one transaction, each response counted once.

What is kept does not depend on the order, the split or the number of times that rows come: of a
response's rows the last one of the stream wins, and of the sessions that claim it the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

    from ccsync_watch.model import Fact, Usage

_CHUNK = 400
_MAX_FORKS = 64

_COUNTS = (
    "is_final", "output_tokens", "input_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "cache_read_tokens", "web_searches", "is_fast", "is_us_only", "tier", "cost_usd", "model",
    "timestamp_ms",
)  # fmt: skip


def _ordered(prefix: str) -> str:
    """Return what orders two reports of a response, as SQL: the later one of its stream is more."""
    nothing = {"tier": "''", "model": "''", "cost_usd": "-1.0", "timestamp_ms": "-1"}
    return ", ".join(
        f"coalesce({prefix}{name}, {nothing[name]})" if name in nothing else prefix + name
        for name in _COUNTS
    )


_SAVE = (
    f"INSERT INTO usage (id, session_id, agent_id, is_marked, {', '.join(_COUNTS)})"  # noqa: S608 - constant names
    f" VALUES (?, ?, ?, ?{', ?' * len(_COUNTS)}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COUNTS)
    + f" WHERE ({_ordered('excluded.')}) > ({_ordered('')})"
)


def save_usage(
    connection: sqlite3.Connection, usages: Sequence[Usage], touched: Collection[str]
) -> set[str]:
    """Count each response once, and for the session that asked; return whose totals may differ.

    `touched` are the sessions of this commit: what is known of them may decide whose a response
    is that several claim.
    """
    _save_rows(connection, usages)
    connection.executemany(
        _SAVE,
        [
            (
                usage.id, usage.session_id, usage.agent_id, usage.is_marked,
                *(getattr(usage, name) for name in _COUNTS),
            )
            for usage in usages
        ],
    )  # fmt: skip
    disputed = _disputed(connection, list({usage.id for usage in usages}))
    for session_id in touched:
        disputed.update(
            row[0]
            for row in connection.execute(
                "SELECT usage_id FROM contested WHERE session_id = ?", (session_id,)
            )
        )
    claims = _Claims(connection)
    changed = {session_id for each in sorted(disputed) for session_id in claims.settle(each)}
    return {each for each in changed if _is_shown(connection, each)}


def save_cost_states(connection: sqlite3.Connection, facts: Iterable[Fact]) -> None:
    """Keep every total that the client wrote of a session, with its place in the file."""
    connection.executemany(
        "INSERT INTO cost_states VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET start = max(start, excluded.start)",
        [
            (fact.session_id, orjson.dumps(fact.value).decode(), fact.start)
            for fact in facts
            if fact.name == "cost_state"
        ],
    )


def _save_rows(connection: sqlite3.Connection, usages: Iterable[Usage]) -> None:
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
                usage.input_tokens
                + usage.cache_write_5m_tokens
                + usage.cache_write_1h_tokens
                + usage.cache_read_tokens,
                usage.output_tokens,
            )
            for usage in usages
        ],
    )


def _disputed(connection: sqlite3.Connection, ids: list[str]) -> set[str]:
    """Return the responses whose rows name several sessions or agents."""
    found: set[str] = set()
    for at in range(0, len(ids), _CHUNK):
        some = ids[at : at + _CHUNK]
        query = (
            "SELECT r.usage_id FROM usage_rows r JOIN usage u ON u.id = r.usage_id"  # noqa: S608 - question marks only
            f" WHERE r.usage_id IN ({','.join('?' * len(some))}) GROUP BY r.usage_id"
            " HAVING min(r.owner) <> max(r.owner) OR min(r.agent_id) <> max(r.agent_id)"
            " OR min(r.owner) <> u.session_id"
        )
        found.update(row[0] for row in connection.execute(query, some))
    return found


class _Claims:
    """Decides whose the responses are that several sessions claim; lives for one commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ancestors: dict[str, set[str]] = {}
        self._times: dict[str, tuple[float, float]] = {}

    def settle(self, usage_id: str) -> list[str]:
        """Give a response to the session that asked; return the sessions whose totals change."""
        rows = self._connection.execute(
            "SELECT DISTINCT owner, session_id, agent_id FROM usage_rows WHERE usage_id = ?",
            (usage_id,),
        ).fetchall()
        owners = sorted({row["owner"] for row in rows}, key=lambda each: self._rank(each, rows))
        owner = owners[0]
        # The main conversation's before a subagent's, which may have been given a copy of it.
        _elsewhere, agent = min(
            (row["session_id"] != owner, row["agent_id"]) for row in rows if row["owner"] == owner
        )
        self._note(usage_id, owners, rows)
        given = self._connection.execute(
            "UPDATE usage SET session_id = ?1, agent_id = ?2, carrier = iif(session_id = ?1,"
            " carrier, (SELECT m.id FROM messages m WHERE m.session_id = ?1"
            " AND m.usage_id = usage.id ORDER BY m.seq LIMIT 1))"
            " WHERE id = ?3 AND (session_id, coalesce(agent_id, '')) <> (?1, coalesce(?2, ''))",
            (owner, agent or None, usage_id),
        )
        return owners if given.rowcount else []

    def _note(self, usage_id: str, owners: list[str], rows: list[sqlite3.Row]) -> None:
        self._connection.execute("DELETE FROM contested WHERE usage_id = ?", (usage_id,))
        if len(owners) > 1:
            first, second = (self._rank(owner, rows) for owner in owners[:2])
            self._connection.executemany(
                "INSERT INTO contested VALUES (?, ?, ?)",
                [(owner, usage_id, first[0] == second[0]) for owner in owners],
            )

    def _rank(self, session_id: str, rows: list[sqlite3.Row]) -> tuple[bool, float, float, str]:
        """Return what orders the sessions that claim a response: the original is the least.

        A fork of another claimant is a copy. Else it is taken to be the one that ended first:
        clients that copied without a mark began a new session at every resume. When they began
        tells nothing, as a copy begins with what it copied.
        """
        others = {row["owner"] for row in rows}
        started, ended = self._span(session_id)
        return not self._forked_from(session_id).isdisjoint(others), ended, started, session_id

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
        """Return the sessions that a session was forked from, itself left out."""
        if session_id not in self._ancestors:
            found: set[str] = set()
            each = session_id
            for _step in range(_MAX_FORKS):
                row = self._connection.execute(
                    "SELECT forked_from FROM sessions WHERE id = ?", (each,)
                ).fetchone()
                if row is None or row[0] is None or row[0] in found:
                    break
                each = row[0]
                found.add(each)
            self._ancestors[session_id] = found - {session_id}
        return self._ancestors[session_id]


def _is_shown(connection: sqlite3.Connection, session_id: str) -> bool:
    query = "SELECT 1 FROM sessions WHERE id = ? AND NOT is_excluded"
    return connection.execute(query, (session_id,)).fetchone() is not None
