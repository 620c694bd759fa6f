"""What the dashboard shows of syncing."""

from __future__ import annotations

import pytest

from ccsync_watch.store import sync_queues
from ccsync_watch.store.sync_queues import sessions_with_pending_rows, unsynced_sessions
from support.storing import OTHER, SESSION, World, message

NOW_MS = 1_790_000_000_000


@pytest.mark.parametrize("many", [1, 1000])
def test_unsynced_sessions_are_listed_latest_first(
    world: World, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """However many there are: few and many are read by different queries."""
    monkeypatch.setattr(sync_queues, "_MANY_SESSIONS", many)
    world.ingest(message("u1", at_ms=NOW_MS), is_released=False)
    later = message("u1", session_id=OTHER, at_ms=NOW_MS + 1)
    world.ingest(later, session_id=OTHER)
    rows = unsynced_sessions(world.database)
    assert [row["session_id"] for row in rows] == [OTHER, SESSION]
    assert rows[1]["rows_held"] == rows[1]["rows_pending"]
    assert unsynced_sessions(world.database, limit=1) == rows[:1]
    world.drain()
    with world.database.write() as connection:
        connection.execute("DELETE FROM outbox")
    assert unsynced_sessions(world.database) == []
    assert sessions_with_pending_rows(world.database) == set()


def test_excluded_sessions_are_not_listed(world: World) -> None:
    """Nothing of them is sent."""
    world.ingest(message("u1", at_ms=NOW_MS))
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = ?", (SESSION,))
    assert unsynced_sessions(world.database) == []
