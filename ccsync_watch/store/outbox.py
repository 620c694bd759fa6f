"""Messages that the backend has not acknowledged: queued with their rows, deleted only by an ack.

A row is marked uncertain before it is sent, in a commit of its own: a crash between that mark and
the answer leaves it uncertain, and uncertain rows are only ever sent by the path that can send
twice without harm.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ccsync_watch.model import Redacted
from ccsync_watch.outgoing import OutboxRow
from ccsync_watch.store.egress_ledger import LedgerEntry, add_entry
from ccsync_watch.store.id_keys import key_of
from ccsync_watch.store.meta import get_meta, set_meta
from ccsync_watch.store.recall import (
    is_excluded,
    mark_recalled,
    recalled_summary,
    without_content,
)
from ccsync_watch.store.release import Release
from ccsync_watch.store.remote_sessions import RemoteSessions
from ccsync_watch.store.requeueing import requeue, resend_delay_ms
from ccsync_watch.store.sendable_messages import make_sendable, sendable_summary
from ccsync_watch.store.session_writer import mark_due
from ccsync_watch.store.stored_messages import MESSAGE_COLUMNS, MESSAGE_JOINS, read_message

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ccsync_watch.outgoing import SessionSummary, StoredMessage
    from ccsync_watch.store.database import Database

# Most of a session's search text is in its first messages.
_CHUNK_MESSAGES = 50
_HOST_SENT = "is_host_sent"
# Copies without a mark are sent in the session that they were copied from.
_IS_SENT = (
    "m.session_id = ? AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.seq = m.seq)"
    " AND NOT (m.is_inherited AND EXISTS (SELECT 1 FROM sessions s"
    " WHERE s.id = m.session_id AND s.forked_from IS NULL))"
)


class Outbox(RemoteSessions, Release):
    """The queue of messages to send, for the uploader; of its times see `RemoteSessions`.

    `is_host_sent`: the destination also gets the name of this machine and the session's folder.
    """

    def __init__(self, database: Database, *, is_host_sent: bool = False) -> None:
        super().__init__(database)
        self._is_host_sent = is_host_sent

    def rows(self, session_id: str, now_ms: int, limit: int) -> Redacted[list[OutboxRow]]:
        """Return a session's next rows in the order in which they must be sent.

        Those of an excluded session are to be taken back: they have no content.
        """
        read = self._database.read()
        as_sent = self._sendable(read, session_id)
        rows = read.execute(
            f"SELECT {MESSAGE_COLUMNS}, o.version, o.is_certain, o.attempts"  # noqa: S608 - constants
            f" FROM outbox o JOIN messages m USING (seq) {MESSAGE_JOINS}"
            f" WHERE o.session_key = {key_of('?')} AND o.rejected IS NULL AND o.is_released"
            " AND o.not_before_ms <= ? ORDER BY o.seq LIMIT ?",
            (session_id, now_ms, limit),
        ).fetchall()
        return Redacted(
            [
                OutboxRow(
                    message=as_sent(read_message(read, row)),
                    version=row["version"],
                    is_certain=bool(row["is_certain"]),
                    attempts=row["attempts"],
                )
                for row in rows
            ]
        )

    def is_current(self, row: OutboxRow) -> bool:
        """Return whether a row that was read is still to be sent, with the same content."""
        row_now = self._database.read().execute(
            "SELECT 1 FROM outbox WHERE seq = ? AND version = ? AND is_released"
            " AND rejected IS NULL",
            (row.message.seq, row.version),
        )
        return row_now.fetchone() is not None

    def has_rows(self, session_id: str) -> bool:
        """Return whether rows of a session are to be sent, now or later."""
        row = self._database.read().execute(
            f"SELECT 1 FROM outbox WHERE session_key = {key_of('?')}"  # noqa: S608 - a constant
            " AND rejected IS NULL AND is_released",
            (session_id,),
        )
        return row.fetchone() is not None

    def sent_messages(self, session_id: str) -> Iterator[Redacted[StoredMessage]]:
        """Yield the messages of a session that the backend certainly has, in their order."""
        read, seq = self._database.read(), -1
        as_sent = self._sendable(read, session_id)
        while True:
            rows = read.execute(
                f"SELECT {MESSAGE_COLUMNS} FROM messages m {MESSAGE_JOINS}"  # noqa: S608 - constants
                f" WHERE {_IS_SENT} AND m.seq > ? ORDER BY m.seq LIMIT ?",
                (session_id, seq, _CHUNK_MESSAGES),
            ).fetchall()
            for row in rows:
                yield Redacted(as_sent(read_message(read, row)))
            if len(rows) < _CHUNK_MESSAGES:
                return
            seq = rows[-1]["seq"]

    def count_sent(self, session_id: str) -> int:
        """Return how many messages of a session the backend certainly has."""
        query = f"SELECT count(*) FROM messages m WHERE {_IS_SENT}"  # noqa: S608 - a constant
        (count,) = self._database.read().execute(query, (session_id,)).fetchone()
        return int(count)

    def _sendable(
        self, read: sqlite3.Connection, session_id: str
    ) -> Callable[[StoredMessage], StoredMessage]:
        """Return what makes the messages of a session sendable."""
        if is_excluded(read, session_id):
            return without_content
        return partial(make_sendable, read, is_host_sent=self._is_host_sent)

    def update_headers(self, *, now_ms: int, is_released: bool) -> None:
        """Queue the headers that were sent, if it has changed whether they name this machine."""
        with self._database.write() as connection:
            value, before = str(int(self._is_host_sent)), get_meta(connection, _HOST_SENT)
            if before == value:
                return
            set_meta(connection, _HOST_SENT, value)
            if before is None:
                return  # what earlier versions sent stays until it changes
            rows = connection.execute(
                "SELECT m.seq, m.session_id FROM remote r"
                " JOIN messages m ON m.uuid_key = 'session' AND m.session_id = r.session_id"
                "  AND m.kind = 'session'"
                " JOIN sessions s ON s.id = r.session_id"
                " WHERE r.sent IS NOT NULL AND NOT s.is_excluded"
            ).fetchall()
            for seq, session_id in rows:
                requeue(connection, seq, session_id, now_ms=now_ms, is_released=is_released)
                mark_recalled(connection, session_id)
            session_ids = [session_id for _seq, session_id in rows]
            mark_due(connection, session_ids, is_released=is_released)

    def sendable_summary(self, summary: Redacted[SessionSummary]) -> Redacted[SessionSummary]:
        """Return a session's state as it may be sent."""
        return sendable_summary(summary, is_host_sent=self._is_host_sent)

    def recalled_summary(self, session_id: str) -> Redacted[SessionSummary] | None:
        """Return the state of an excluded session that was sent; None for every other session."""
        return recalled_summary(self._database, session_id)

    def mark_uncertain(
        self, session_id: str, seqs: Sequence[int], *, date_floor_ms: int = 0
    ) -> None:
        """Mark rows, before they are sent, as possibly stored at the backend from now on.

        When this returns, the rows themselves are on the disk as well: see `Database.write`.
        `date_floor_ms` raises the session's date floor, see `RemoteState`.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE remote SET dated_ms = max(coalesce(dated_ms, 0), ?) WHERE session_id = ?",
                (date_floor_ms, session_id),
            )
            connection.executemany(
                "UPDATE outbox SET is_certain = 0 WHERE seq = ?", [(seq,) for seq in seqs]
            )

    def restore_certain(self, seqs: Iterable[int]) -> None:
        """Remove the mark of `mark_uncertain`: the backend certainly stored none of these rows."""
        with self._database.write() as connection:
            _restore_certain(connection, seqs)

    def ack(
        self,
        session_id: str,
        rows: Sequence[OutboxRow],
        *,
        host: str,
        size: int,
        now_ms: int,
        at_ms: int,
        date_floor_ms: int = 0,
        removed: Mapping[str, int] | None = None,
        is_search_stale: bool = False,
        unsent: Sequence[int] = (),
    ) -> None:
        """Delete rows that the backend certainly has, and add to the ledger that they were sent.

        A row whose content changed in the meantime stays, to be sent again.
        `date_floor_ms` raises the session's date floor, see `RemoteState`. `is_search_stale`: the
        rows may have been there before. `unsent` rows were marked with these, and are certain as
        before: see `restore_certain`.
        """
        with self._database.write() as connection:
            deleted = connection.executemany(
                "DELETE FROM outbox WHERE seq = ? AND version = ?",
                [(row.message.seq, row.version) for row in rows],
            ).rowcount
            if deleted < len(rows):
                resend_ms = now_ms + resend_delay_ms(connection)
                connection.executemany(
                    "UPDATE outbox SET is_certain = 0, not_before_ms = ? WHERE seq = ?",
                    [(resend_ms, row.message.seq) for row in rows],
                )
            _restore_certain(connection, unsent)
            connection.execute(
                "UPDATE remote SET write_ms = ?1, ack_ms = ?2, error = NULL,"
                " dated_ms = max(coalesce(dated_ms, 0), ?3),"
                " is_search_stale = max(is_search_stale, ?4) WHERE session_id = ?5",
                (now_ms, at_ms, date_floor_ms, is_search_stale, session_id),
            )
            add_entry(
                connection,
                LedgerEntry(at_ms, host, session_id, "messages", len(rows), size, removed or {}),
                [row.message.seq for row in rows],
            )

    def count_attempt(self, row: OutboxRow) -> None:
        """Count an attempt to send this row alone at which the backend failed."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE outbox SET attempts = attempts + 1 WHERE seq = ? AND version = ?",
                (row.message.seq, row.version),
            )

    def reset_attempts(self, row: OutboxRow) -> None:
        """Set a row's failed attempts to zero: the backend fails on other requests as well."""
        with self._database.write() as connection:
            connection.execute("UPDATE outbox SET attempts = 0 WHERE seq = ?", (row.message.seq,))

    def reject(self, row: OutboxRow, reason: str) -> None:
        """Mark a row as rejected: the backend will never accept it. It stays, counted and shown.

        A row whose content changed in the meantime stays queued.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE outbox SET rejected = ? WHERE seq = ? AND version = ?",
                (reason, row.message.seq, row.version),
            )
            connection.execute(
                "UPDATE remote SET error = ? WHERE session_id = ?", (reason, row.message.session_id)
            )


def _restore_certain(connection: sqlite3.Connection, seqs: Iterable[int]) -> None:
    connection.executemany(
        "UPDATE outbox SET is_certain = 1 WHERE seq = ?", [(seq,) for seq in seqs]
    )
