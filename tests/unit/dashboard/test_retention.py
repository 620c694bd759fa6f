"""Transcripts that Claude Code deletes before they are uploaded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.config import Settings
from ccsync_watch.dashboard.retention import RetentionRisk, find_retention_risk
from support.storing import SESSION

if TYPE_CHECKING:
    from support.storing import World

NOW_MS = 1_790_000_000_000
AGE_DAYS = 10


@pytest.fixture(autouse=True)
def _pending(world: World) -> None:
    """Store a session with something to upload."""
    world.say("u1")


def _find(world: World, **settings: Any) -> RetentionRisk | None:  # noqa: ANN401 - any setting
    return find_retention_risk(
        world.database, Settings(state_dir=world.folder, **settings), now_ms=NOW_MS
    )


def _find_in(world: World, *periods: str | None) -> RetentionRisk | None:
    """Return the risk for a folder of Claude Code's for each of these settings files."""
    folders = []
    for number, period in enumerate(periods):
        folder = world.folder / f"claude-{number}"
        path = folder / "projects" / "p" / f"{SESSION}.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("{}\n")
        os.utime(path, (NOW_MS / 1000 - AGE_DAYS * 86_400,) * 2)
        if period is not None:
            (folder / "settings.json").write_text(period)
        folders.append(folder)
    return _find(world, claude_dirs=tuple(folders), convex_url="https://x.convex.cloud")


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (None, (20, 30)),
        ('{"cleanupPeriodDays": 90}', (80, 90)),
        ('{"cleanupPeriodDays": 5}', (0, 5)),
        ('{"cleanupPeriodDays": true}', (20, 30)),
        ('{"cleanupPeriodDays": 0}', (20, 30)),
        ('{"cleanupPeriodDays": -3}', (20, 30)),
        ('{"cleanupPeriodDays": "90"}', (20, 30)),
        ("[]", (20, 30)),
        ("{", (20, 30)),
    ],
)
def test_the_period_of_the_folder_counts(
    world: World, period: str | None, expected: tuple[int, int]
) -> None:
    """A value that is not a period leaves the client's default."""
    risk = _find_in(world, period)
    assert risk is not None
    assert (risk.sessions, risk.days_left, risk.period_days) == (1, *expected)


def test_each_folder_has_a_period_of_its_own(world: World) -> None:
    """The first deletion counts."""
    risk = _find_in(world, None, '{"cleanupPeriodDays": 365}')
    assert risk is not None
    assert (risk.days_left, risk.period_days) == (20, 30)


def test_nothing_is_at_risk_when_everything_is_uploaded(world: World) -> None:
    """Or when nothing is to be uploaded."""
    with world.database.write() as connection:
        connection.execute("DELETE FROM outbox")
    assert _find_in(world, None) is None
    assert _find(world) is None
