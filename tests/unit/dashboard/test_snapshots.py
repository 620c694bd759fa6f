"""The overview's figures: those of the statistics, kept, and made beside the pages."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.accounting import statistics
from ccsync_watch.config import Settings
from ccsync_watch.dashboard import formatting
from ccsync_watch.dashboard.cached import Cached, Way
from ccsync_watch.dashboard.snapshots import RANGES, Figures
from ccsync_watch.model import Part
from ccsync_watch.store import prompt_counts
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccsync_watch.dashboard.snapshots import Retention, Snapshot
    from ccsync_watch.model import JsonValue

DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Have a store with sessions of today, of last week, of a fork and of an excluded project."""
    made = World(tmp_path)
    _session(made, SESSION, NOW_MS - 1000)
    _session(made, OTHER, NOW_MS - 20 * DAY_MS)
    _session(made, "fork", NOW_MS - 3 * DAY_MS)
    _session(made, "hidden", NOW_MS - 1000)
    _session(made, "silent", NOW_MS - 2 * DAY_MS, is_used=False)
    made.ingest(
        message("u9", session_id=OTHER, at_ms=NOW_MS - 500),
        session_id=OTHER,
        usages=(usage("late", session_id=OTHER, timestamp_ms=NOW_MS - 400),),
    )
    state: dict[str, JsonValue] = {"inputTokens": 500, "outputTokens": 5, "costUSD": 0.5}
    made.ingest(
        session_id=SESSION,
        facts={"cost_state": {"totalCostUSD": 0.5, "modelUsage": {"claude-opus": state}}},
    )
    with made.database.write() as connection:
        connection.execute("UPDATE sessions SET forked_from = ? WHERE id = 'fork'", (OTHER,))
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = 'hidden'")
    return made


def _session(world: World, name: str, at_ms: int, *, is_used: bool = True) -> None:
    call = Part("tool-call", {"command": "ls"}, tool_use_id=f"{name}-t", tool_name="Bash")
    failed: dict[str, JsonValue] = {"ok": False, "durationMs": 40}
    result = Part("tool-result", failed, tool_use_id=f"{name}-t", tool_name="Bash")
    used = usage(f"{name}-m", session_id=name, timestamp_ms=at_ms, cache_read_tokens=30)
    world.ingest(
        message("u1", session_id=name, at_ms=at_ms),
        message("a1", session_id=name, at_ms=at_ms, kind="answer", role="assistant", parts=(call,)),
        message("u2", session_id=name, at_ms=at_ms, kind="tool_result", parts=(result,)),
        session_id=name,
        usages=(used,) if is_used else (),
        cwd=f"/home/user/{name}",
    )


def _figures(world: World, **more: Any) -> Figures:  # noqa: ANN401 - any setting
    settings = Settings(state_dir=world.folder, **more)
    return Figures(
        world.database,
        world.prices,
        settings=lambda: settings,
        status=lambda: {"is": "told"},
        now_ms=lambda: NOW_MS,
    )


def _snapshot(world: World, choice: str) -> Snapshot:
    figures = _figures(world)
    while True:
        found = figures.overview(choice)
        if found is not None:
            return found


@pytest.mark.parametrize("days", [None, 0, 1, 3, 7, 30])
def test_an_overview_is_all_tables_at_once(world: World, days: int | None) -> None:
    """Its sums are those of the sessions' lines, for any time since."""
    database, prices = world.database, world.prices
    since_ms = None if days is None else NOW_MS - days * DAY_MS
    made = statistics.overview(database, prices, since_ms=since_ms)
    lines = statistics.by_session(database, prices, since_ms=since_ms)
    assert made.sessions == len(lines)
    assert made.prompts == sum(line.activity.prompts for line in lines)
    assert made.tool_calls == sum(line.activity.tool_calls for line in lines)
    assert made.tool_errors == sum(line.activity.tool_errors for line in lines)
    assert made.days == statistics.by_day(database, prices, since_ms=since_ms)
    assert made.models == statistics.by_model(database, prices, since_ms=since_ms)
    assert made.projects == statistics.by_project(database, prices, since_ms=since_ms)
    assert made.tools == statistics.by_tool(database, since_ms=since_ms)


def test_an_overview_gives_way_as_it_goes(world: World) -> None:
    """Once for each session at least."""
    calls: list[None] = []
    statistics.overview(world.database, world.prices, pace=lambda: calls.append(None))
    assert len(calls) >= 3


@pytest.mark.parametrize("choice", RANGES)
def test_figures_are_those_of_the_statistics(world: World, choice: str) -> None:
    """As `stats` prints them, for every range."""
    made = _snapshot(world, choice)
    since_ms = formatting.since(choice, NOW_MS)
    known = statistics.overview(world.database, world.prices, since_ms=since_ms)
    total = statistics.total(known.days)
    assert (made.sessions, made.prompts) == (known.sessions, known.prompts)
    assert (made.tokens, made.cost) == (total.tokens, total.cost)
    assert made.models == known.models
    assert made.tools == known.tools
    assert [project.key for project in made.projects] == [project.key for project in known.projects]
    assert made.hours == prompt_counts.prompts_by_hour(world.database, since_ms)
    assert sum(made.day_tokens["output"]) == total.tokens.output
    assert "hidden" not in {project.name for project in made.projects}


def test_an_empty_store_has_empty_figures(tmp_path: Path) -> None:
    """And no share of nothing."""
    made = _snapshot(World(tmp_path), "all")
    assert made.is_empty
    assert made.cached_share is None
    assert len(made.days) == 1


def test_the_status_is_the_daemons(world: World) -> None:
    """Waited for the first time."""
    assert _figures(world).status() == {"is": "told"}


class TestRetention:
    """What Claude Code deletes before it is uploaded."""

    def _at_risk(self, world: World, *periods: str | None, age_days: int = 10) -> Retention | None:
        folders = []
        for number, period in enumerate(periods):
            folder = world.folder / f"claude-{number}"
            path = folder / "projects" / "p" / f"{SESSION}.jsonl"
            path.parent.mkdir(parents=True)
            path.write_text("{}\n")
            os.utime(path, (NOW_MS / 1000 - age_days * 86_400,) * 2)
            if period is not None:
                (folder / "settings.json").write_text(period)
            folders.append(folder)
        figures = _figures(world, claude_dirs=tuple(folders), convex_url="https://x.convex.cloud")
        return figures._at_risk()

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
    def test_the_folders_own_period_counts(
        self, world: World, period: str | None, expected: tuple[int, int]
    ) -> None:
        """What is no period leaves the client's default."""
        found = self._at_risk(world, period)
        assert found is not None
        assert (found.sessions, found.days_left, found.period_days) == (1, *expected)

    def test_each_folder_has_a_period_of_its_own(self, world: World) -> None:
        """The first to go counts."""
        found = self._at_risk(world, None, '{"cleanupPeriodDays": 365}')
        assert found is not None
        assert (found.days_left, found.period_days) == (20, 30)

    def test_nothing_is_at_risk_when_all_is_sent(self, world: World) -> None:
        """Or when nothing is to be sent."""
        with world.database.write() as connection:
            connection.execute("DELETE FROM outbox")
        assert self._at_risk(world, None) is None
        assert _figures(world)._at_risk() is None


class TestKept:
    """The last value while the next one is made."""

    def test_the_last_value_is_given_while_the_next_is_made(self) -> None:
        """Nobody waits for longer than asked for."""
        go, made = threading.Event(), iter(range(9))

        def make() -> int:
            value = next(made)
            if value:
                go.wait(10)
            return value

        with ThreadPoolExecutor(1) as threads:
            kept = Cached(make, threads, seconds=0.0)
            assert kept.get(10) == 0
            kept.expire()
            assert kept.get(0) == 0
            go.set()
            assert kept.get(10) == 1

    def test_what_fails_is_raised_and_tried_again(self) -> None:
        """A failure is no value."""
        answers: Iterator[int | ValueError] = iter([ValueError("no"), 5])

        def make() -> int:
            answer = next(answers)
            if isinstance(answer, ValueError):
                raise answer
            return answer

        with ThreadPoolExecutor(1) as threads:
            kept = Cached(make, threads, seconds=0.0)
            with pytest.raises(ValueError, match="no"):
                kept.get(10)
            kept.expire()
            assert kept.get(10) == 5

    def test_whoever_counts_waits_for_the_page(self) -> None:
        """And goes on when it is made."""
        way, passed = Way(), threading.Event()

        def count() -> None:
            way.give()
            passed.set()

        with way.page(), way.page():
            pass
        count()
        assert passed.is_set()
        passed.clear()
        with ThreadPoolExecutor(1) as threads:
            with way.page():
                work = threads.submit(count)
            work.result(10)
        assert passed.is_set()
