"""What waits, and when prompts were written."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from ccsync_watch.store import prompt_counts, sync_queues
from support.storing import OTHER, SESSION, World, message

NOW_MS = 1_790_000_000_000
_PRINTED = """
import sys
from pathlib import Path
from ccsync_watch.store import prompt_counts, sync_queues
from ccsync_watch.store.database import Database
database = Database(Path(sys.argv[1]), read_only=True)
print(prompt_counts.prompts_by_hour(database, None), prompt_counts.prompts_by_day(database, 0))
"""


def _hide(world: World, name: str) -> None:
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = ?", (name,))


def test_prompts_count_by_the_local_hour_and_day(world: World) -> None:
    """Copies, answers and what is older do not; Monday is 0."""
    world.ingest(
        message("u1", at_ms=NOW_MS),
        message("u2", at_ms=NOW_MS + 60_000),
        message("a1", at_ms=NOW_MS, kind="answer", role="assistant"),
        message("u3", at_ms=NOW_MS, is_inherited=True),
        message("u4", at_ms=NOW_MS - 90 * 86_400_000),
        message("u5", at_ms=None),
    )
    there = time.localtime(NOW_MS // 1000)
    hours = prompt_counts.prompts_by_hour(world.database, NOW_MS)
    assert hours == {(there.tm_wday, there.tm_hour): 2}
    days = prompt_counts.prompts_by_day(world.database, NOW_MS)
    assert days == {time.strftime("%Y-%m-%d", there): 2}
    assert sum(prompt_counts.prompts_by_hour(world.database, None).values()) == 3


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "{(0, 14): 1} {'2026-09-21': 1}"),
        ("Asia/Kathmandu", "{(0, 19): 1} {'2026-09-21': 1}"),
        ("Pacific/Auckland", "{(1, 2): 1} {'2026-09-22': 1}"),
    ],
)
def test_the_zone_is_that_of_the_machine(world: World, zone: str, expected: str) -> None:
    """Also where it is a quarter of an hour off."""
    world.ingest(message("u1", at_ms=NOW_MS - 10 * 60_000))
    path = world.database.path
    done = subprocess.run(
        [sys.executable, "-c", _PRINTED, str(path)],
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected


def test_excluded_sessions_count_nowhere(world: World) -> None:
    """Not in the hours, the calendar or the list of those that wait."""
    world.ingest(message("u1", at_ms=NOW_MS))
    _hide(world, SESSION)
    assert prompt_counts.prompts_by_hour(world.database, None) == {}
    assert prompt_counts.prompts_by_day(world.database, 0) == {}
    assert sync_queues.unsynced_sessions(world.database) == []


@pytest.mark.parametrize("many", [1, 1000])
def test_sessions_that_wait_are_told_the_latest_first(
    world: World, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """However many there are: they are looked for in two ways."""
    monkeypatch.setattr(sync_queues, "_MANY_SESSIONS", many)
    world.ingest(message("u1", at_ms=NOW_MS), is_released=False)
    later = message("u1", session_id=OTHER, at_ms=NOW_MS + 1)
    world.ingest(later, session_id=OTHER)
    found = sync_queues.unsynced_sessions(world.database)
    assert [row["session_id"] for row in found] == [OTHER, SESSION]
    assert found[1]["rows_held"] == found[1]["rows_pending"]
    assert sync_queues.unsynced_sessions(world.database, limit=1) == found[:1]
    world.drain()
    with world.database.write() as connection:
        connection.execute("DELETE FROM outbox")
    assert sync_queues.unsynced_sessions(world.database) == []
    assert sync_queues.sessions_with_pending_rows(world.database) == set()
