"""Which rows of the outbox may be sent: all, or those that were asked for; and to which backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.earlier_destinations import (
    pause_recording,
    remember_destination,
    restore_destination,
    resume_recording,
)
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.meta import get_meta, set_meta
from ccsync_watch.store.requeueing import IS_PRUNED
from ccsync_watch.store.session_writer import mark_due

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from ccsync_watch.store.database import Database

_QUEUE = (
    "INSERT INTO outbox (seq, session_key, is_certain, is_released)"  # noqa: S608 - constants
    " SELECT m.seq, m.session_key, ?, ? FROM messages m"
    " JOIN sessions s ON s.id = m.session_id WHERE NOT s.is_excluded"
    # Copies without a mark are sent in the session that they were copied from.
    " AND NOT (m.is_inherited AND s.forked_from IS NULL)"
    # Of a session whose texts were all removed, the header alone is not worth sending.
    f" AND NOT {IS_PRUNED.format(m='m')} AND (m.kind <> 'session' OR EXISTS (SELECT 1"
    "   FROM messages n WHERE n.session_id = m.session_id AND n.kind <> 'session'"
    f"  AND NOT {IS_PRUNED.format(m='n')}))"
)
_OF_QUEUED = f" AND session_key = {key_of('?')}"
_UNQUEUE = f"DELETE FROM outbox WHERE session_key = {key_of('?')}"  # noqa: S608 - a constant


class Release:
    """Release, hold and count rows of the outbox. `session_ids` None means every session."""

    _database: Database
    _is_holding = False

    def release(self, session_ids: Sequence[str] | None) -> None:
        """Allow what is queued now to be sent: for sync-now, or when auto_sync is switched on."""
        with self._database.write() as connection:
            for clause, values in _session_clauses(session_ids, _OF_QUEUED):
                connection.execute(
                    f"UPDATE outbox SET is_released = 1 WHERE NOT is_released{clause}",  # noqa: S608 - a constant clause
                    values,
                )
            for clause, values in _session_clauses(session_ids):
                connection.execute(
                    "UPDATE remote SET is_due = 1, is_held = 0, version = version + 1,"  # noqa: S608 - as above
                    f" not_before_ms = 0 WHERE (is_due OR is_held){clause}",
                    values,
                )

    def hold(self) -> None:
        """Hold everything, also what is queued again, until it is released: auto_sync is off."""
        self._is_holding = True
        with self._database.write() as connection:
            connection.execute("UPDATE outbox SET is_released = 0 WHERE is_released")
            connection.execute("UPDATE remote SET is_due = 0, is_held = 1 WHERE is_due")

    def make_due_now(self, session_ids: Sequence[str] | None) -> None:
        """Make sessions due now: a flush does not wait for rows to gather into a batch."""
        with self._database.write() as connection:
            for clause, values in _session_clauses(session_ids):
                connection.execute(
                    f"UPDATE remote SET not_before_ms = 0 WHERE is_due{clause}",  # noqa: S608 - as above
                    values,
                )

    def retry_rejected(self, *, is_released: bool, session_ids: Sequence[str] | None = None) -> int:
        """Queue rejected rows again, as backend or program may be fixed by now; return how many."""
        with self._database.write() as connection:
            queued = 0
            for clause, values in _session_clauses(session_ids, _OF_QUEUED):
                affected = [
                    row[0]
                    for row in connection.execute(
                        "SELECT DISTINCT k.id FROM outbox JOIN ids k ON k.key = session_key"  # noqa: S608 - as above
                        f" WHERE rejected IS NOT NULL{clause}",
                        values,
                    )
                ]
                queued += connection.execute(
                    "UPDATE outbox SET rejected = NULL, is_certain = 0, attempts = 0,"  # noqa: S608 - as above
                    f" is_released = ? WHERE rejected IS NOT NULL{clause}",
                    (is_released, *values),
                ).rowcount
                mark_due(connection, affected, is_released=is_released)
        return queued

    def count_sendable(self, session_ids: Sequence[str] | None, now_ms: int) -> int:
        """Return how many unacknowledged rows could be sent now."""
        return self._count(
            "outbox WHERE rejected IS NULL AND is_released AND not_before_ms <= ?",
            session_ids,
            now_ms,
        )

    def count_pending(self, session_ids: Sequence[str] | None, now_ms: int) -> int:
        """Return how many unacknowledged rows could be sent now, or must be: words that must go.

        Those are counted also while the destination would ignore them, and so is a session in
        whose state or search text they may still be.
        """
        return self._count(
            "outbox WHERE rejected IS NULL AND is_released AND (not_before_ms <= ?"
            " OR session_key IN"
            "  (SELECT k.key FROM remote JOIN ids k ON k.id = session_id WHERE is_recalled))",
            session_ids,
            now_ms,
        ) + self._count("remote WHERE is_due AND is_recalled", session_ids)

    def count_rejected(self, session_ids: Sequence[str] | None) -> int:
        """Return how many rows are rejected."""
        return self._count("outbox WHERE rejected IS NOT NULL", session_ids)

    def count_unsettled(self, session_ids: Sequence[str] | None) -> int:
        """Return how many released sessions still have something to send, settling included."""
        return self._count("remote WHERE is_due", session_ids)

    def _count(self, rows: str, session_ids: Sequence[str] | None, *values: int) -> int:
        read = self._database.read()
        condition = _OF_QUEUED if rows.startswith("outbox ") else " AND session_id = ?"
        return sum(
            read.execute(
                f"SELECT count(*) FROM {rows}{clause}",  # noqa: S608 - constants
                (*values, *ids),
            ).fetchone()[0]
            for clause, ids in _session_clauses(session_ids, condition)
        )

    def set_resend_delay(self, delay_ms: int) -> None:
        """Store how long the destination ignores new content of a row that it has just stored.

        It is stored because whoever changes a row (the pump, a repair in another process) does not
        know the destination.
        """
        with self._database.write() as connection:
            set_meta(connection, "resend_delay_ms", str(delay_ms))

    def set_destination(self, destination: str, *, now_ms: int = 0) -> bool:
        """Set the destination that the outbox is for and return whether it changed.

        A new one gets everything, an earlier one what it does not have.
        """
        with self._database.write() as connection:
            previous = get_meta(connection, "destination")
            if previous == destination:
                return False
            set_meta(connection, "destination", destination)
            if previous is None:
                return False
            remember_destination(connection, previous)
            earlier = {previous, *pause_recording(connection)}
            connection.execute("DELETE FROM outbox")
            connection.execute("DELETE FROM remote")
            if destination in earlier:
                restore_destination(connection, destination, now_ms=now_ms)
            else:
                connection.execute(_QUEUE, (True, True))
            resume_recording(connection, earlier - {destination})
            queued = connection.execute(
                "SELECT DISTINCT k.id FROM outbox JOIN ids k ON k.key = session_key"
            ).fetchall()
            mark_due(connection, [row[0] for row in queued], is_released=True)
        return True

    def queue_missing(self, held: frozenset[str]) -> int:
        """Queue the sessions that were acknowledged and are not held; return how many.

        `held` are the ids of all sessions at the destination, asked for before anything was sent
        in this run. Rows are uncertain: what became of the session there is not known.
        """
        is_released = not self._is_holding
        with self._database.write() as connection:
            acked = connection.execute(
                "SELECT session_id FROM remote JOIN sessions s ON s.id = session_id"
                " WHERE ack_ms IS NOT NULL AND NOT s.is_excluded"
            ).fetchall()
            missing = [row[0] for row in acked if row[0] not in held]
            queued = []
            _forget_excluded(connection, held)
            for session_id in missing:
                connection.execute(_UNQUEUE, (session_id,))
                connection.execute("DELETE FROM remote WHERE session_id = ?", (session_id,))
                inserted = connection.execute(
                    f"{_QUEUE} AND m.session_id = ?", (False, is_released, session_id)
                )
                if inserted.rowcount:
                    queued.append(session_id)
            mark_due(connection, queued, is_released=is_released)
        return len(queued)


def _forget_excluded(connection: sqlite3.Connection, held: frozenset[str]) -> None:
    """Forget what is left of excluded sessions at the destination, of those deleted there."""
    for (session_id,) in connection.execute(
        "SELECT session_id FROM remote JOIN sessions s ON s.id = session_id WHERE s.is_excluded"
    ).fetchall():
        if session_id not in held:
            connection.execute(_UNQUEUE, (session_id,))
            connection.execute(
                "UPDATE remote SET is_due = 0, is_held = 0, is_recalled = 0, sent = NULL,"
                " applied = NULL, ack_ms = NULL WHERE session_id = ?",
                (session_id,),
            )


def _session_clauses(
    session_ids: Sequence[str] | None, condition: str = " AND session_id = ?"
) -> list[tuple[str, tuple[str, ...]]]:
    """Return a condition with its values for each session, one that is always true for None."""
    if session_ids is None:
        return [("", ())]
    return [(condition, (session_id,)) for session_id in session_ids]
