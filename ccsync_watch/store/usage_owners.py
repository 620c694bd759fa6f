"""Decide which session owns a response that several claim, in the ingest transaction.

Clients copy the rows of a session into the files of its forks; before 2.1.198 without a mark. What
decides is in the rows of all claimants, so the result does not depend on the order of reading.
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.response_rows import RECORD_KEYS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

_MAX_FORKS = 64
_NEVER_MS = 1 << 62
_MAIN_ROWS = (
    "FROM messages m WHERE session_id = ?1 AND agent_id IS NULL AND kind <> 'session'"
    " AND timestamp_ms IS NOT NULL"
)
# The owner that `settle` found is certain: no other claim is as early, and no row names a session
# other than its own. What has several records is compared as a whole.
_IS_CERTAIN = (
    "(SELECT NOT is_guess FROM contested WHERE usage_id = ?1 LIMIT 1)"  # noqa: S608 - a constant
    " AND NOT EXISTS (SELECT 1 FROM compact_usage_rows INDEXED BY usage_rows_of_others"
    f"  WHERE usage_key = {key_of('?1')} AND owner_key <> session_key)"
    " AND NOT EXISTS (SELECT 1 FROM compact_usage WHERE counted_in = ?1) AND counted_in IS NULL"
)
_ANSWERS = (
    "usage_rows r JOIN compact_messages m ON m.kind = 'answer' AND m.uuid_key = r.uuid_key"
    " AND m.session_key = r.session_key"
    " AND (m.own_id IS NULL OR m.own_id = 1 AND m.agent_id = r.agent_id)"
)
_IS_SHARED = (
    "EXISTS (SELECT 1 FROM compact_messages o WHERE o.uuid_key = m.uuid_key"  # noqa: S608 - a constant
    f" AND o.session_key = {key_of('?2')} AND o.own_id IS NULL)"
)


class _Claim(NamedTuple):
    """A session's claim: a copy's is never the least. `first_ms` is that of its earliest row."""

    is_fork: bool
    first_ms: int
    session_id: str

    @property
    def evidence(self) -> tuple[bool, int]:
        """What is certain: a mark, and the time of a copy that clients dated by the copying."""
        return self.is_fork, self.first_ms


class Ownership:
    """Decides which session owns a response that several claim; lives for one commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ancestors: dict[str, set[str]] = {}
        self._ends: dict[str, tuple[int, int, str]] = {}
        self._first_own: dict[tuple[str, str], tuple[int, str]] = {}

    def settle_among(self, usage_id: str, session_ids: Collection[str]) -> Collection[str]:
        """Do what `settle` does, of a response of which only rows of these sessions are new.

        Where the owner is certain, only their claims are compared with its own: a gateway may give
        the responses of thousands of sessions one id. Returned are the sessions whose totals
        change, and those that may have copied from the old owner or the new one.
        """
        query = f"SELECT session_id FROM usage WHERE id = ?1 AND {_IS_CERTAIN}"  # noqa: S608 - a constant
        row = self._connection.execute(query, (usage_id,)).fetchone()
        if row is None:
            return self.settle(usage_id)
        owner = str(row[0])
        claims = sorted(
            claim for name in {owner, *session_ids} for claim in self._claim(usage_id, name)
        )
        known = [claim for claim in claims if claim.session_id == owner]
        is_guess = len(claims) > 1 and claims[0].evidence == claims[1].evidence
        if not known or known[0].is_fork or is_guess:
            return self.settle(usage_id)
        self._add_claims(usage_id, claims, is_guess=False)
        best = claims[0].session_id
        agent_id = self._connection.execute(
            "SELECT min(agent_id) FROM usage_rows WHERE usage_id = ? AND session_id = ?",
            (usage_id, best),
        ).fetchone()[0]
        if not self._assign(usage_id, best, agent_id):
            return ()
        return {owner, best, *self._with_answers_of(usage_id, owner, best)}

    def _claim(self, usage_id: str, session_id: str) -> list[_Claim]:
        """Return a session's claim to a response of which all rows are their own session's."""
        query = (
            "SELECT min(coalesce(timestamp_ms, ?3)) FROM usage_rows"
            " WHERE usage_id = ?1 AND session_id = ?2"
        )
        first_ms, *ancestors_ms = (
            self._connection.execute(query, (usage_id, name, _NEVER_MS)).fetchone()[0]
            for name in (session_id, *self._forked_from(session_id))
        )
        if first_ms is None:
            return []
        is_fork = any(at_ms is not None for at_ms in ancestors_ms)
        return [_Claim(is_fork, first_ms, session_id)]

    def _with_answers_of(self, usage_id: str, *owners: str) -> set[str]:
        """Return the sessions that have an owner's answer, by its id or its words."""
        query = (
            f"SELECT c.session_id FROM {_ANSWERS} JOIN contested_answers c"  # noqa: S608 - a constant
            " ON c.usage_id = r.usage_id AND c.digest = m.digest"
            " WHERE r.usage_id = ?1 AND r.session_id = ?2"
            " UNION SELECT m.session_id FROM usage_rows r"
            " JOIN messages m ON m.uuid_key = r.uuid_key"
            " WHERE r.usage_id = ?1 AND r.session_id = ?2"
        )
        return {
            row[0] for owner in owners for row in self._connection.execute(query, (usage_id, owner))
        }

    def settle(self, usage_id: str) -> Collection[str]:
        """Assign a response to the session that asked; return the sessions whose totals change."""
        rows = self._connection.execute(
            "SELECT owner, session_id, agent_id, min(coalesce(timestamp_ms, ?2)) AS first_ms"  # noqa: S608 - a constant
            f" FROM usage_rows WHERE usage_key IN ({RECORD_KEYS}) GROUP BY 1, 2, 3",
            (usage_id, _NEVER_MS),
        ).fetchall()
        if not rows:
            return ()
        claims = self._claims(rows)
        owner = claims[0].session_id
        # The main conversation's before a subagent's, which may have received a copy of it.
        _is_elsewhere, agent_id = min(
            (row["session_id"] != owner, row["agent_id"]) for row in rows if row["owner"] == owner
        )
        self._save_claims(usage_id, claims)
        is_moved = self._assign(usage_id, owner, agent_id)
        return [claim.session_id for claim in claims] if is_moved else ()

    def _assign(self, usage_id: str, owner: str, agent_id: str) -> bool:
        moved = self._connection.execute(
            f"UPDATE compact_usage SET session_key = {key_of('?2')}, agent_id = ?3,"  # noqa: S608 - constants
            f" carrier_seq = iif(session_key = {key_of('?2')}, carrier_seq,"
            f"  (SELECT m.seq FROM compact_messages m WHERE m.session_key = {key_of('?2')}"
            "   AND m.usage_key = compact_usage.key ORDER BY m.seq LIMIT 1))"
            f" WHERE key IN ({RECORD_KEYS})"
            f" AND (session_key, coalesce(agent_id, '')) <> ({key_of('?2')}, coalesce(?3, ''))",
            (usage_id, owner, agent_id or None),
        )
        return moved.rowcount > 0

    def _claims(self, rows: list[sqlite3.Row]) -> list[_Claim]:
        """Return the claims to a response, that of its owner first."""
        first_ms: dict[str, int] = {}
        for row in rows:
            owner = row["owner"]
            first_ms[owner] = min(first_ms.get(owner, _NEVER_MS), row["first_ms"])
        if len(first_ms) == 1:
            return [_Claim(False, _NEVER_MS, next(iter(first_ms)))]  # noqa: FBT003 - a tuple's field
        claims = [
            _Claim(not self._forked_from(session_id).isdisjoint(first_ms), at_ms, session_id)
            for session_id, at_ms in first_ms.items()
        ]
        return sorted(claims, key=cmp_to_key(self._compare))

    def _compare(self, one: _Claim, other: _Claim) -> int:
        """Return -1 if the first claim is the better one, 1 if the other is.

        A fork of another claimant is a copy. Old clients dated copies by the time of copying: the
        earliest row is the original's. Later ones kept the time: there, of the rows behind those
        that both sessions have, the earliest is the first row of the fork's own. It is a guess: it
        is wrong when the source was continued before the fork was.
        """
        if one.evidence != other.evidence:
            return -1 if one.evidence < other.evidence else 1
        own = self._first_own_row(one.session_id, other.session_id)
        others_own = self._first_own_row(other.session_id, one.session_id)
        if own != others_own:
            return -1 if own > others_own else 1
        return -1 if self._end(one.session_id) < self._end(other.session_id) else 1

    def _first_own_row(self, session_id: str, other: str) -> tuple[int, str]:
        """Return time and uuid of a session's first row behind those that another has too.

        Before them a source may have rows that its fork does not: what was rewound, and a first
        prompt whose copy names the source.
        """
        key = session_id, other
        if key not in self._first_own:
            row = self._connection.execute(
                f"SELECT timestamp_ms, uuid {_MAIN_ROWS} AND timestamp_ms > coalesce("
                f" (SELECT max(timestamp_ms) {_MAIN_ROWS} AND {_IS_SHARED}), -1)"
                f" AND NOT {_IS_SHARED} ORDER BY timestamp_ms, uuid LIMIT 1",
                key,
            ).fetchone()
            self._first_own[key] = (row[0], row[1]) if row else (_NEVER_MS, "")
        return self._first_own[key]

    def _save_claims(self, usage_id: str, claims: list[_Claim]) -> None:
        for table in ("contested", "contested_answers"):
            self._connection.execute(f"DELETE FROM {table} WHERE usage_id = ?", (usage_id,))  # noqa: S608 - constants
        if len(claims) > 1:
            is_guess = claims[0].evidence == claims[1].evidence
            self._add_claims(usage_id, claims, is_guess=is_guess)

    def _add_claims(self, usage_id: str, claims: list[_Claim], *, is_guess: bool) -> None:
        keys = [(usage_id, claim.session_id) for claim in claims]
        self._connection.executemany(
            "INSERT OR IGNORE INTO contested (usage_id, session_id, is_guess) VALUES (?, ?, ?)",
            [(*key, is_guess) for key in keys],
        )
        self._connection.executemany(
            "INSERT OR IGNORE INTO contested_answers (usage_id, session_id, digest)"  # noqa: S608 - constants
            f" SELECT ?1, ?2, m.digest FROM {_ANSWERS}"
            f" WHERE r.usage_key IN ({RECORD_KEYS}) AND r.session_id = ?2",
            keys,
        )

    def _end(self, session_id: str) -> tuple[int, int, str]:
        """Return the sort key of sessions that differ in nothing: the one that ended first."""
        if session_id not in self._ends:
            row = self._connection.execute(
                "SELECT coalesce(updated_ms, ?2), coalesce(started_ms, ?2) FROM sessions"
                " WHERE id = ?1",
                (session_id, _NEVER_MS),
            ).fetchone()
            ended_ms, started_ms = row or (_NEVER_MS, _NEVER_MS)
            self._ends[session_id] = ended_ms, started_ms, session_id
        return self._ends[session_id]

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
