"""What is known of each session at the backend, and when it is due to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.outgoing import PRUNED
from ccsync_watch.store.egress_ledger import LedgerEntry, add_entry
from ccsync_watch.store.id_keys import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.store.database import Database


@dataclass(frozen=True, slots=True)
class RemoteState:
    """What is known of a session at the destination. `ack_ms` is when it last acknowledged a write.

    `is_preexisting`: the destination may have what another machine, or a lost store, wrote to it.
    `applied` is the last state of the session that the destination certainly applied, `sent` the
    last one sent, both as JSON. `write_ms` is our last write of any kind to it. Where a destination
    dates rows itself, a row that is sent from now on is not dated before `date_floor_ms`.
    `is_search_stale`: what the destination lets people search may lack texts, or have old ones.
    Not of a pruned session: the texts to write there are gone.
    `is_recalled`: it may have words that must go, see `recall`.
    """

    session_id: str
    version: int
    is_preexisting: bool
    ack_ms: int | None
    applied: str | None
    sent: str | None
    upsert_ms: int | None
    write_ms: int | None
    date_floor_ms: int
    has_messages: bool
    is_search_stale: bool
    is_recalled: bool

    @property
    def is_acked(self) -> bool:
        """Return whether the session certainly exists there."""
        return self.ack_ms is not None


class RemoteSessions:
    """The part of the outbox that is kept per session.

    Times are milliseconds of `Clock.steady_ms`, as what is due does not depend on how a clock is
    set. `at_ms` and `ack_ms` are wall time: people read them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def due_sessions(
        self, now_ms: int, limit: int = 16, *, since_ms: int | None = None
    ) -> list[str]:
        """Return sessions that may have something to send now, the most recent first.

        `since_ms`: only those that were written to since then.
        """
        return [
            row[0]
            for row in self._database.read().execute(
                "SELECT session_id FROM remote WHERE is_due"
                " AND not_before_ms <= ?1 AND blocked_ms <= ?1 AND newest_ms >= ?3"
                " ORDER BY newest_ms DESC LIMIT ?2",
                (now_ms, limit, since_ms or 0),
            )
        ]

    def live_sessions(self, now_ms: int, since_ms: int) -> list[str]:
        """Return the due sessions that were written to since then, the most recent first.

        Only those that the destination has because this store sent them.
        """
        return [
            row[0]
            for row in self._database.read().execute(
                "SELECT session_id FROM remote WHERE is_due AND newest_ms >= ?2"
                " AND not_before_ms <= ?1 AND blocked_ms <= ?1"
                " AND ack_ms IS NOT NULL AND NOT is_preexisting ORDER BY newest_ms DESC",
                (now_ms, since_ms),
            )
        ]

    def was_written_since(self, session_id: str, since_ms: int) -> bool:
        """Return whether a session's last row is of that time or later."""
        row = self._database.read().execute(
            "SELECT 1 FROM remote WHERE session_id = ? AND newest_ms >= ?", (session_id, since_ms)
        )
        return row.fetchone() is not None

    def next_due_ms(self) -> int | None:
        """Return when the next session becomes due, None when nothing is pending."""
        row = self._database.read().execute(
            "SELECT min(max(not_before_ms, blocked_ms)) FROM remote WHERE is_due"
        )
        (due_ms,) = row.fetchone()
        return None if due_ms is None else int(due_ms)

    def remote(self, session_id: str) -> RemoteState:
        """Return what is known of a session at the backend."""
        row = (
            self._database.read()
            .execute(
                "SELECT *, EXISTS (SELECT 1 FROM messages m WHERE m.session_id = ?1)"
                " AS has_messages, EXISTS (SELECT 1 FROM session_facts f"
                "  WHERE f.session_id = ?1 AND f.name = ?2) AS is_pruned"
                " FROM remote WHERE session_id = ?1",
                (session_id, PRUNED),
            )
            .fetchone()
        )
        return RemoteState(
            session_id,
            version=row["version"],
            is_preexisting=bool(row["is_preexisting"]),
            ack_ms=row["ack_ms"],
            applied=row["applied"],
            sent=row["sent"],
            upsert_ms=row["upsert_ms"],
            write_ms=row["write_ms"],
            date_floor_ms=row["dated_ms"] or 0,
            has_messages=bool(row["has_messages"]),
            is_search_stale=bool(
                row["is_search_stale"] and (row["is_recalled"] or not row["is_pruned"])
            ),
            is_recalled=bool(row["is_recalled"]),
        )

    def mark_preexisting(self, session_id: str) -> None:
        """Mark that the backend has what another machine, or another store, wrote to a session."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE remote SET is_preexisting = 1, is_search_stale = 1 WHERE session_id = ?",
                (session_id,),
            )

    def mark_created(self, session_id: str) -> None:
        """Mark that the backend has nothing of a session but what this store sent."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE remote SET is_preexisting = 0, is_search_stale = 0 WHERE session_id = ?",
                (session_id,),
            )

    def mark_held(self, session_id: str, at_ms: int) -> None:
        """Mark that the backend certainly has a session, though this store sent no state of it."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE remote SET sent = coalesce(sent, '{}'), ack_ms = ? WHERE session_id = ?",
                (at_ms, session_id),
            )

    def mark_superseded(self, session_id: str, payload: str) -> None:
        """Mark that the backend has a newer state of a session than ours, which is not sent."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE remote SET applied = ?, is_search_stale = 0 WHERE session_id = ?",
                (payload, session_id),
            )

    def mark_upsert_started(
        self, session_id: str, payload: str, now_ms: int, *, is_search_stale: bool = False
    ) -> None:
        """Store, before a session is sent, the state that the backend may have from now on.

        `is_search_stale`: that state spoils what can be searched there, see `RemoteState`.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE remote SET sent = ?1, upsert_ms = ?2, write_ms = ?2,"
                " is_search_stale = max(is_search_stale, ?3) WHERE session_id = ?4",
                (payload, now_ms, is_search_stale, session_id),
            )

    def ack_session(
        self,
        session_id: str,
        payload: str,
        *,
        is_applied: bool,
        host: str,
        size: int,
        now_ms: int,
        at_ms: int,
        removed: Mapping[str, int] | None = None,
        is_search_written: bool = False,
        document_id: str | None = None,
    ) -> None:
        """Store that the backend accepted a state; `is_applied`: it cannot have ignored it.

        `is_search_written`: what can be searched there is right from now on. `document_id` is the
        id that the session has there, where the answer names it.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE remote SET applied = iif(?1, ?2, applied), write_ms = ?3, ack_ms = ?4,"
                " error = NULL, is_search_stale = iif(?5, 0, is_search_stale),"
                " is_recalled = iif(?5, 0, is_recalled),"
                " document_id = coalesce(?7, document_id) WHERE session_id = ?6",
                (is_applied, payload, now_ms, at_ms, is_search_written, session_id, document_id),
            )
            add_entry(
                connection,
                LedgerEntry(at_ms, host, session_id, "session", 1, size, removed or {}),
            )

    def record_unanswered(self, entry: LedgerEntry, *, write_ms: int | None) -> None:
        """Add to the ledger what was sent without being acknowledged.

        `write_ms` is the time until which the destination may have written to the session, None
        when it certainly did not.
        """
        with self._database.write() as connection:
            add_entry(connection, entry)
            connection.execute(
                "UPDATE remote SET write_ms = coalesce(?, write_ms) WHERE session_id = ?",
                (write_ms, entry.session_id),
            )

    def record_failure(self, session_id: str, error: str, *, not_before_ms: int) -> None:
        """Store the error of a session's upload and postpone it: other sessions are not held up."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE remote SET error = ?, not_before_ms = ? WHERE session_id = ?",
                (error, not_before_ms, session_id),
            )

    def block(self, session_id: str, until_ms: int, *, date_floor_ms: int = 0) -> None:
        """Send nothing of a session until a time, whatever is queued.

        `date_floor_ms` raises the session's date floor, see `RemoteState`.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE remote SET blocked_ms = max(blocked_ms, ?),"
                " dated_ms = max(coalesce(dated_ms, 0), ?) WHERE session_id = ?",
                (until_ms, date_floor_ms, session_id),
            )

    def finish(self, session_id: str, version: int, due_ms: int | None) -> None:
        """Store, after a turn, whether the session has something left to send, and when.

        `version` is that of the state at the start of the turn: a commit since then keeps the
        session due. `due_ms` is when its own state must be sent again, None when it is settled.
        """
        with self._database.write() as connection:
            (soonest_ms,) = connection.execute(
                f"SELECT min(not_before_ms) FROM outbox WHERE session_key = {key_of('?')}"  # noqa: S608 - a constant
                " AND rejected IS NULL AND is_released",
                (session_id,),
            ).fetchone()
            times = [time_ms for time_ms in (soonest_ms, due_ms) if time_ms is not None]
            connection.execute(
                "UPDATE remote SET is_due = (?1 OR version <> ?2),"
                " not_before_ms = iif(version <> ?2, 0, ?3) WHERE session_id = ?4",
                (bool(times), version, min(times, default=0), session_id),
            )
