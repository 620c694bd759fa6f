"""What the backend has not acknowledged yet: queued with its rows, gone only with an ack.

A row is marked uncertain before it is sent, in a commit of its own: a crash between that mark and
the answer leaves it uncertain, and uncertain rows are only ever sent by the path that can send
twice without harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.model import Redacted
from ccsync_watch.store import egress_ledger, outbox_rows
from ccsync_watch.store.release import Release
from ccsync_watch.store.remote_sessions import RemoteSessions
from ccsync_watch.store.session_writer import SETTLE_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ccsync_watch.model import OutboxRow


class Outbox(RemoteSessions, Release):
    """The uploader's view of the store. All times are wall-clock milliseconds."""

    def rows(self, session_id: str, now_ms: int, limit: int) -> Redacted[list[OutboxRow]]:
        """Return a session's next rows in the order in which they must be sent."""
        return Redacted(
            outbox_rows.rows(
                self._database.read(),
                "o.session_id = ? AND o.rejected IS NULL AND o.is_released"
                " AND o.not_before_ms <= ? ORDER BY o.seq LIMIT ?",
                (session_id, now_ms, limit),
            )
        )

    def mark_uncertain(self, session_id: str, seqs: Sequence[int], *, dated_ms: int = 0) -> None:
        """Note, before a send, that from now on nobody knows whether these rows are stored.

        `dated_ms` is about when the backend will date them, if by its own clock.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE remote SET dated_ms = max(coalesce(dated_ms, 0), ?) WHERE session_id = ?",
                (dated_ms, session_id),
            )
            connection.executemany(
                "UPDATE outbox SET is_certain = 0 WHERE seq = ?", [(seq,) for seq in seqs]
            )

    def restore_certain(self, seqs: Iterable[int]) -> None:
        """Take the mark back: the backend certainly stored none of these rows."""
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE outbox SET is_certain = 1 WHERE seq = ?", [(seq,) for seq in seqs]
            )

    def ack(
        self,
        session_id: str,
        rows: Sequence[OutboxRow],
        *,
        host: str,
        size: int,
        now_ms: int,
        dated_ms: int = 0,
        removed: Mapping[str, int] | None = None,
    ) -> None:
        """Forget rows that the backend certainly holds, and note in the ledger that they left.

        A row whose content changed while it was under way stays, to be sent again. `dated_ms` is
        the latest date that the backend may have given them, if by its own clock.
        """
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM outbox WHERE seq = ? AND version = ?",
                [(row.seq, row.version) for row in rows],
            )
            connection.executemany(
                "UPDATE outbox SET is_certain = 0, not_before_ms = ? WHERE seq = ?",
                [(now_ms + SETTLE_MS, row.seq) for row in rows],
            )
            connection.execute(
                "UPDATE remote SET write_ms = ?1, ack_ms = ?1, error = NULL,"
                " dated_ms = max(coalesce(dated_ms, 0), ?2) WHERE session_id = ?3",
                (now_ms, dated_ms, session_id),
            )
            egress_ledger.note(
                connection,
                egress_ledger.Entry(
                    now_ms, host, session_id, "messages", len(rows), size, removed or {}
                ),
            )

    def note_attempt(self, row: OutboxRow) -> None:
        """Count an attempt that the backend failed on with this row alone."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE outbox SET attempts = attempts + 1 WHERE seq = ? AND version = ?",
                (row.seq, row.version),
            )

    def reset_attempts(self, row: OutboxRow) -> None:
        """Forget a row's failed attempts: the backend failed on other things as well."""
        with self._database.write() as connection:
            connection.execute("UPDATE outbox SET attempts = 0 WHERE seq = ?", (row.seq,))

    def reject(self, row: OutboxRow, reason: str) -> None:
        """Park a row that the backend never will take; it stays, counted and shown.

        One whose content changed while it was under way gets another chance.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE outbox SET rejected = ? WHERE seq = ? AND version = ?",
                (reason, row.seq, row.version),
            )
            connection.execute(
                "UPDATE remote SET error = ? WHERE session_id = ?", (reason, row.session_id)
            )
