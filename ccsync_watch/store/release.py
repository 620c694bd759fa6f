"""What may be sent at all: all of it as it comes, or only what the user asked for; and whereto."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store import session_writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.store.database import Database


class Release:
    """The user's side of the outbox. `session_ids` None means every session."""

    _database: Database

    def release(self, session_ids: Sequence[str] | None) -> None:
        """Allow what is queued now to be sent: a sync-now, or auto_sync switched on."""
        with self._database.write() as connection:
            for clause, values in _chosen(session_ids):
                connection.execute(
                    f"UPDATE outbox SET is_released = 1 WHERE NOT is_released{clause}",  # noqa: S608 - a constant clause
                    values,
                )
                connection.execute(
                    "UPDATE remote SET is_due = 1, is_held = 0, version = version + 1,"  # noqa: S608 - as above
                    f" not_before_ms = 0 WHERE (is_due OR is_held){clause}",
                    values,
                )

    def hold(self) -> None:
        """Forbid what has not been asked for: auto_sync is off."""
        with self._database.write() as connection:
            connection.execute("UPDATE outbox SET is_released = 0 WHERE is_released")
            connection.execute("UPDATE remote SET is_due = 0, is_held = 1 WHERE is_due")

    def touch(self, session_ids: Sequence[str] | None) -> None:
        """Make sessions due now: a flush does not wait for anything that merely coalesces."""
        with self._database.write() as connection:
            for clause, values in _chosen(session_ids):
                connection.execute(
                    f"UPDATE remote SET not_before_ms = 0 WHERE is_due{clause}",  # noqa: S608 - as above
                    values,
                )

    def retry_rejected(self, *, is_released: bool, session_ids: Sequence[str] | None = None) -> int:
        """Queue parked rows again: backend or program may have been mended; return how many."""
        with self._database.write() as connection:
            queued = 0
            for clause, values in _chosen(session_ids):
                found = [
                    row[0]
                    for row in connection.execute(
                        "SELECT DISTINCT session_id FROM outbox"  # noqa: S608 - as above
                        f" WHERE rejected IS NOT NULL{clause}",
                        values,
                    )
                ]
                queued += connection.execute(
                    "UPDATE outbox SET rejected = NULL, is_certain = 0, attempts = 0,"  # noqa: S608 - as above
                    f" is_released = ? WHERE rejected IS NOT NULL{clause}",
                    (is_released, *values),
                ).rowcount
                session_writer.mark_due(connection, found, is_released=is_released)
        return queued

    def waiting(self, session_ids: Sequence[str] | None, now_ms: int) -> int:
        """Return how many rows could be sent now and are not acknowledged."""
        return self._count(
            "outbox WHERE rejected IS NULL AND is_released AND not_before_ms <= ?",
            session_ids,
            now_ms,
        )

    def rejected(self, session_ids: Sequence[str] | None) -> int:
        """Return how many rows the backend refuses."""
        return self._count("outbox WHERE rejected IS NOT NULL", session_ids)

    def unsettled(self, session_ids: Sequence[str] | None) -> int:
        """Return how many released sessions still have something to send, settling included."""
        return self._count("remote WHERE is_due", session_ids)

    def _count(self, rows: str, session_ids: Sequence[str] | None, *values: int) -> int:
        read = self._database.read()
        return sum(
            read.execute(
                f"SELECT count(*) FROM {rows}{clause}",  # noqa: S608 - constants
                (*values, *chosen),
            ).fetchone()[0]
            for clause, chosen in _chosen(session_ids)
        )

    def set_destination(self, destination: str) -> bool:
        """Point the outbox at a backend; a new one gets everything. Return whether it is new."""
        with self._database.write() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = 'destination'").fetchone()
            if row and row[0] == destination:
                return False
            connection.execute(
                "INSERT INTO meta VALUES ('destination', ?)"
                " ON CONFLICT DO UPDATE SET value = excluded.value",
                (destination,),
            )
            if row is None:
                return False
            connection.execute("DELETE FROM outbox")
            connection.execute(
                "INSERT INTO outbox (seq, session_id, is_certain, is_released)"
                " SELECT m.seq, m.session_id, 1, 1 FROM messages m"
                " JOIN sessions s ON s.id = m.session_id WHERE NOT s.is_excluded"
            )
            connection.execute("DELETE FROM remote")
            queued = connection.execute("SELECT DISTINCT session_id FROM outbox").fetchall()
            session_writer.mark_due(connection, [row[0] for row in queued], is_released=True)
        return True


def _chosen(session_ids: Sequence[str] | None) -> list[tuple[str, tuple[str, ...]]]:
    if session_ids is None:
        return [("", ())]
    return [(" AND session_id = ?", (session_id,)) for session_id in session_ids]
