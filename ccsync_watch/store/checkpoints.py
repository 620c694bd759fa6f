"""What happens to a transcript's row when its file moves, vanishes or comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.model import Checkpoint, Redacted
    from ccsync_watch.store.database import Database


def adopt_path(
    database: Database, checkpoint: Checkpoint, key: bytes, shown: Redacted[str]
) -> None:
    """Give a checkpoint the new path of its file; nothing of it is read again."""
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


def note_missing(database: Database, present: set[bytes], now_ms: int) -> None:
    """Remember since when files are gone; their rows and checkpoints stay."""
    rows = database.read().execute("SELECT path_key, missing_since_ms FROM transcripts").fetchall()
    changed: list[tuple[int | None, bytes]] = [
        (now_ms, key) for key, since in rows if since is None and key not in present
    ]
    changed += [(None, key) for key, since in rows if since is not None and key in present]
    if changed:
        with database.write() as connection:
            connection.executemany(
                "UPDATE transcripts SET missing_since_ms = ? WHERE path_key = ?", changed
            )
