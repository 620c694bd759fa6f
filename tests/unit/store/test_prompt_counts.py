"""When prompts were written, in the machine's time zone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from ccsync_watch.store import prompt_counts
from support.storing import SESSION, World, message

NOW_MS = 1_790_000_000_000
_PRINTED = """
import sys
from pathlib import Path
from ccsync_watch.store import prompt_counts
from ccsync_watch.store.database import Database
database = Database(Path(sys.argv[1]), read_only=True)
print(prompt_counts.prompts_by_hour(database, None), prompt_counts.prompts_by_day(database, 0))
"""


def _exclude(world: World, name: str) -> None:
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = ?", (name,))


def test_prompts_count_by_the_local_hour_and_day(world: World) -> None:
    """Copies, answers and older prompts are not counted; Monday is 0."""
    world.ingest(
        message("u1", at_ms=NOW_MS),
        message("u2", at_ms=NOW_MS + 60_000),
        message("a1", at_ms=NOW_MS, kind="answer", role="assistant"),
        message("u3", at_ms=NOW_MS, is_inherited=True),
        message("u4", at_ms=NOW_MS - 90 * 86_400_000),
    )
    local = time.localtime(NOW_MS // 1000)
    hours = prompt_counts.prompts_by_hour(world.database, NOW_MS)
    assert hours == {(local.tm_wday, local.tm_hour): 2}
    days = prompt_counts.prompts_by_day(world.database, NOW_MS)
    assert days == {time.strftime("%Y-%m-%d", local): 2}
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


def test_excluded_sessions_are_not_counted(world: World) -> None:
    """Neither in the hours nor in the calendar."""
    world.ingest(message("u1", at_ms=NOW_MS))
    _exclude(world, SESSION)
    assert prompt_counts.prompts_by_hour(world.database, None) == {}
    assert prompt_counts.prompts_by_day(world.database, 0) == {}
