"""What is known of the rows of a file before the next one: their last date and number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

# A timestamp that goes back by less than this is corrected.
REORDER_MS = 60_000


class FileOrder:
    """Keeps messages of one file in its order, by date and by `seq`; `save` it after a batch.

    About one row in sixteen is dated a little before its predecessor, and dashboards sort by date.
    A timestamp that goes back further is meant, and stays as it is. `last_seq` is the highest of
    the rows before.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        transcript_id: int = 0,
        *,
        is_at_start: bool = True,
    ) -> None:
        self.transcript_id = transcript_id
        self._connection = connection
        row = connection.execute(
            "SELECT session_id, last_ms, last_seq FROM transcripts WHERE id = ?", (transcript_id,)
        ).fetchone()
        self.session_id: str | None = row[0] if row else None
        self._last_ms: int | None = None
        self.last_seq = 0
        if row and not is_at_start:
            self._last_ms, self.last_seq = row[1], row[2]

    def next_date(self, timestamp_ms: int | None) -> int | None:
        """Return the date of the file's next row; without a timestamp that of its predecessor."""
        last_ms = self._last_ms
        if timestamp_ms is None or (last_ms and last_ms - REORDER_MS < timestamp_ms < last_ms):
            return last_ms
        self._last_ms = timestamp_ms
        return timestamp_ms

    def save(self) -> None:
        """Save what the file's next batch needs."""
        self._connection.execute(
            "UPDATE transcripts SET last_ms = ?, last_seq = ? WHERE id = ?",
            (self._last_ms, self.last_seq, self.transcript_id),
        )


def last_date(connection: sqlite3.Connection, transcript_id: int) -> int | None:
    """Return the date of the last row that was stored of a transcript, None before the first."""
    query = "SELECT last_ms FROM transcripts WHERE id = ?"
    row = connection.execute(query, (transcript_id,)).fetchone()
    return row[0] if row else None
