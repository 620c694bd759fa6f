"""How far transcripts were read, for those who compare that with their sizes.

Apart from `checkpoints`: `status` starts faster without what moves them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.store.database import Database


def load_offsets(database: Database) -> dict[bytes, tuple[int, int]]:
    """Return how far each transcript was read, and its size then, by the path's key."""
    rows = database.read().execute("SELECT path_key, offset, size FROM transcripts")
    return {row[0]: (row[1], row[2]) for row in rows}
