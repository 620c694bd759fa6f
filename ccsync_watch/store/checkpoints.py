"""Checkpoints of transcripts, for the pump: load them, move them to a new path, mark files missing.

A checkpoint moves forward only in `ingest`, with the rows that were read up to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.model import Checkpoint, Fingerprint
from ccsync_watch.store.titles import list_unread
from ccsync_watch.stream import Stream

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from ccsync_watch.model import Redacted
    from ccsync_watch.store.database import Database


def load_checkpoints(database: Database) -> Iterator[Checkpoint]:
    """Yield every transcript's checkpoint: together they take much memory."""
    return map(_checkpoint, database.read().execute("SELECT * FROM transcripts"))


def _checkpoint(row: sqlite3.Row) -> Checkpoint:
    name, session_id = row["stream"], row["session_id"]
    return Checkpoint(
        path_key=row["path_key"],
        # One text where both are the same: there may be ten thousand.
        stream=Stream(name, name if name == session_id else session_id, row["agent_id"]),
        shown_path=row["shown_path"],
        offset=row["offset"],
        fingerprint=Fingerprint(
            row["device"], row["inode"], row["head"], row["marker"], row["prefix"]
        ),
        size=row["size"],
        mtime_ns=row["mtime_ns"],
        id=row["id"],
        problem=row["problem"],
    )


def load_disclosures(database: Database) -> dict[str, list[tuple[int, int]]]:
    """Return the lines that disclosed secrets, as `(start, end)` by the stream's name.

    By the stream, not by the path's key: the file may have moved since.
    """
    ranges: dict[str, list[tuple[int, int]]] = {}
    rows = database.read().execute(
        "SELECT t.stream, d.start, d.end FROM disclosures d JOIN transcripts t USING (path_key)"
        " ORDER BY d.start"
    )
    for stream, start, end in rows:
        ranges.setdefault(stream, []).append((start, end))
    return ranges


def adopt_path(
    database: Database, checkpoint: Checkpoint, key: bytes, shown: Redacted[str]
) -> None:
    """Set the new path of a checkpoint whose file moved; nothing of the file is read again."""
    with database.write() as connection:
        connection.execute(
            "UPDATE transcripts SET path_key = ?, shown_path = ?, missing_since_ms = NULL"
            " WHERE path_key = ?",
            (key, shown.value, checkpoint.path_key),
        )
        connection.execute(
            "UPDATE OR REPLACE disclosures SET path_key = ? WHERE path_key = ?",
            (key, checkpoint.path_key),
        )


def save_compared(database: Database, checkpoint: Checkpoint) -> None:
    """Store when a file had changed last before it was compared with what was read of it."""
    with database.write() as connection:
        connection.execute(
            "UPDATE transcripts SET mtime_ns = ? WHERE path_key = ? AND offset = ?",
            (checkpoint.mtime_ns, checkpoint.path_key, checkpoint.offset),
        )


def mark_missing(database: Database, present: AbstractSet[bytes], now_ms: int) -> None:
    """Store since when files are missing; their rows and checkpoints stay."""
    rows = database.read().execute("SELECT path_key, missing_since_ms FROM transcripts")
    changed: list[tuple[int | None, bytes]] = [
        (now_ms if since is None else None, key)
        for key, since in rows
        if (since is None) is (key not in present)
    ]
    if changed:
        with database.write() as connection:
            connection.executemany(
                "UPDATE transcripts SET missing_since_ms = ? WHERE path_key = ?", changed
            )
            list_unread(connection, [key for since, key in changed if since is not None])
