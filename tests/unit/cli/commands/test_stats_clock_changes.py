"""`stats` over the days on which clocks are put forward and back."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from ccsync_watch.cli import main
from support.storing import World, message, usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# By an hour in the night, in Lord Howe by half of one; Santiago has no midnight in spring.
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago")
_HALF_HOUR = timedelta(minutes=30)
_STEPS = 3 * 48


def _changes(zone: ZoneInfo) -> list[datetime]:
    """Return the hours of 2026 in UTC before which a zone's clocks show another offset."""
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    changes = []
    while moment.year == 2026:
        if (
            moment.astimezone(zone).utcoffset()
            != (moment - _HALF_HOUR).astimezone(zone).utcoffset()
        ):
            changes.append(moment)
        moment += _HALF_HOUR
    return changes


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> ZoneInfo:
    """Return a zone whose clocks change twice a year."""
    return ZoneInfo(request.param)


@pytest.fixture
def moments(zone: ZoneInfo, env: dict[str, str], tmp_path: Path) -> list[datetime]:
    """Return when a store has usage of one token each: every half hour around each change."""
    moments = [
        change + _HALF_HOUR * step + timedelta(seconds=1)
        for change in _changes(zone)
        for step in range(-_STEPS // 2, _STEPS // 2)
    ]
    assert len(moments) == 2 * _STEPS
    world = World(tmp_path / "state")
    row = usage("m", tokens_out=1, model=None, cost_usd=0.25)
    world.ingest(
        message("a1", "Hello"),
        usages=tuple(
            replace(
                row,
                id=f"m{number}",
                uuid=f"m{number}",
                timestamp_ms=round(moment.timestamp() * 1000),
            )
            for number, moment in enumerate(moments)
        ),
    )
    world.close()
    assert env["CCSYNC_WATCH_HOME"] == str(tmp_path / "state")
    return moments


@pytest.fixture(params=[False, True], ids=["named", "own"])
def options(
    request: pytest.FixtureRequest, zone: ZoneInfo, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """Return what has `stats` use the zone: by its name, or as that of this machine."""
    if not request.param:
        yield ["--timezone", zone.key]
        return
    monkeypatch.setenv("TZ", zone.key)
    time.tzset()
    yield []
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("by", "form"), [("day", "%Y-%m-%d"), ("hour", "%Y-%m-%dT%H:00")])
def test_everything_is_in_the_hour_and_day_of_the_zone(
    by: str,
    form: str,
    zone: ZoneInfo,
    moments: list[datetime],
    options: list[str],
    env: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A day has 23 to 25 hours, an hour that comes twice is one line, and nothing is lost."""
    expected = Counter(moment.astimezone(zone).strftime(form) for moment in moments)
    assert main(["stats", "--by", by, "--json", *options], env) == 0
    document = json.loads(capsys.readouterr().out)
    assert {line["key"]: line["tokens"]["output"] for line in document["lines"]} == expected
    assert document["total"]["tokens"]["output"] == len(moments)
    is_half = "Howe" in zone.key
    longest = {"day": 49 if is_half else 50, "hour": 3 if is_half else 4}
    assert max(expected.values()) == longest[by]


def test_a_day_that_is_asked_for_is_whole(
    zone: ZoneInfo,
    moments: list[datetime],
    options: list[str],
    env: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`--since` and `--until` begin and end with the zone's day, however long it is."""
    days = Counter(f"{moment.astimezone(zone):%Y-%m-%d}" for moment in moments)
    for day, count in days.items():
        words = ["stats", "--since", day, "--until", day, "--json", *options]
        assert main(words, env) == 0
        document = json.loads(capsys.readouterr().out)
        assert [line["key"] for line in document["lines"]] == [day]
        assert document["total"]["tokens"]["output"] == count, day
