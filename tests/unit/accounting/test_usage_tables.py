"""The tables of `stats`: the right sums by every name, and the same total for each table."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.accounting.account import Cost
from ccsync_watch.accounting.activity import ToolLine
from ccsync_watch.accounting.breakdowns import BreakdownLine, model_key
from ccsync_watch.accounting.calendars import UTC_DAYS
from ccsync_watch.accounting.file_usage import FileLine, by_file
from ccsync_watch.accounting.periods import block_starts, block_times, month_of, week_of
from ccsync_watch.accounting.selections import Selection, matches_model, matches_project
from ccsync_watch.accounting.statistics import SessionLine
from ccsync_watch.accounting.table_order import sort_table
from ccsync_watch.accounting.time_windows import ALL_TIME, TimeWindow, read_window
from ccsync_watch.accounting.usage_tables import CALLS, TABLES, UsageTable, load_table
from ccsync_watch.model import Part
from support.accounting_store import DAY_MS, NOON_MS, fill_two_projects
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from ccsync_watch.model import Usage

_HOUR_MS = 3_600_000
_UTC = Selection(calendar=UTC_DAYS)


def _priced(name: str, usd: float, at_ms: int | None, **more: Any) -> Usage:  # noqa: ANN401 - any field
    return usage(name, timestamp_ms=at_ms, cost_usd=usd, **more)


def _table(world: World, by: str, selection: Selection = _UTC) -> UsageTable:
    window = TimeWindow(selection.since_ms, selection.until_ms)
    return load_table(world.database, world.prices, by, selection, window)


def _sums(table: UsageTable) -> dict[str | None, float | None]:
    return {line.key: line.cost.usd for line in table.lines if isinstance(line, BreakdownLine)}


@pytest.fixture
def used(world: World) -> World:
    """Return a store with usage of two sessions on two branches, by clothes of two models."""
    world.ingest(
        message("u1", at_ms=NOON_MS),
        cwd="/work/shop",
        git_branch="main",
        usages=(
            _priced("m1", 1.0, NOON_MS, model="claude-sonnet-4-5-20250929"),
            _priced("m2", 2.0, NOON_MS + 4 * _HOUR_MS, model="anthropic/claude-sonnet-4.5"),
            _priced("m3", 4.0, NOON_MS + 5 * _HOUR_MS, model="claude-sonnet-4-5[1m]"),
            _priced("m4", 8.0, NOON_MS + DAY_MS, model="claude-opus-4-5-20251101"),
        ),
        facts={"pull_requests": [{"url": "https://x/1", "name": "o/r#1"}]},
    )
    world.ingest(
        message("u2", at_ms=NOON_MS + 40 * DAY_MS, session_id=OTHER),
        session_id=OTHER,
        cwd="/work/site",
        git_branch="fix",
        usages=(
            _priced(
                "m5", 16.0, NOON_MS + 40 * DAY_MS, session_id=OTHER,
                model="global.anthropic.claude-sonnet-4-5-20250929-v1:0",
            ),
        ),
    )  # fmt: skip
    return world


def test_by_every_time(used: World) -> None:
    """Hours, days, weeks from Monday, months, and blocks of five hours from a full one."""
    hours = _sums(_table(used, "hour"))
    assert list(hours.values()) == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert all(str(hour).endswith(":00") for hour in hours)
    assert list(_sums(_table(used, "day")).values()) == [7.0, 8.0, 16.0]
    assert math.fsum(usd or 0 for usd in _sums(_table(used, "week")).values()) == 31.0
    assert list(_sums(_table(used, "month")).values()) == [15.0, 16.0]
    assert list(_sums(_table(used, "block")).values()) == [3.0, 4.0, 8.0, 16.0]


def test_a_model_has_one_line_whatever_its_clothes(used: World) -> None:
    """A date, a provider's prefix, the window's size, Bedrock's and Vertex's names."""
    table = _table(used, "model")
    assert _sums(table) == {"claude-sonnet-4-5": 23.0, "claude-opus-4-5": 8.0}
    (sonnet, _opus) = table.lines
    assert isinstance(sonnet, BreakdownLine)
    assert sonnet.sessions == 2
    assert len(sonnet.models[0].names) == 4
    clothes = (
        "claude-sonnet-4-5@20250929", "claude-sonnet-4-5", "vertex_ai/claude-sonnet-4-5@20250929",
        "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "openrouter/anthropic/claude-4.5-sonnet",
        "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    )  # fmt: skip
    assert {model_key(name) for name in clothes} == {"claude-sonnet-4-5"}
    assert model_key(None) is None


def test_by_what_a_session_is_of(used: World) -> None:
    """Its project, branch, machine and pull request."""
    assert _sums(_table(used, "project")) == {"/work/site": 16.0, "/work/shop": 15.0}
    assert _sums(_table(used, "branch")) == {"fix (/work/site)": 16.0, "main (/work/shop)": 15.0}
    assert _sums(_table(used, "pr")) == {None: 16.0, "o/r#1": 15.0}
    assert math.fsum(usd or 0 for usd in _sums(_table(used, "host")).values()) == 31.0


def test_the_models_of_a_line_add_up_to_it(used: World) -> None:
    """In tables of times and of sessions alike."""
    for by in ("hour", "day", "week", "month", "block", "project", "branch", "pr", "host"):
        for line in _table(used, by).lines:
            assert isinstance(line, BreakdownLine)
            assert math.fsum(part.cost.usd or 0 for part in line.models) == line.cost.usd
            assert sum(part.tokens.output for part in line.models) == line.tokens.output


def test_every_table_has_the_same_total(world: World) -> None:
    """With and without a window, also where the client's totals are spread over days."""
    fill_two_projects(world)
    for selection in (
        _UTC,
        Selection(NOON_MS + 1, calendar=UTC_DAYS),
        replace(_UTC, until_ms=NOON_MS + 1),
    ):
        tables = [_table(world, by, selection) for by in TABLES if by not in {*CALLS, "agent"}]
        totals = [table.total for table in tables]
        assert len({total.tokens for total in totals if total}) == 1
        assert len({round(total.cost.usd or 0, 9) for total in totals if total}) == 1


def test_two_windows_add_up_to_the_whole(world: World) -> None:
    """What ends where the other begins: nothing twice, nothing lost."""
    fill_two_projects(world)
    whole = _table(world, "day").total
    first = _table(world, "day", replace(_UTC, until_ms=NOON_MS + DAY_MS // 2)).total
    second = _table(world, "day", replace(_UTC, since_ms=NOON_MS + DAY_MS // 2)).total
    assert whole
    assert first
    assert second
    assert first.tokens + second.tokens == whole.tokens
    assert math.isclose((first.cost.usd or 0) + (second.cost.usd or 0), whole.cost.usd or 0)
    assert first.tokens.prompt
    assert second.tokens.prompt


def test_filters(used: World) -> None:
    """By project, host, branch and model, each a name or a glob."""

    def total(**filters: Any) -> float | None:  # noqa: ANN401 - any field
        sums = _table(used, "day", replace(_UTC, **filters)).total
        return sums.cost.usd if sums else None

    assert total(project="shop") == total(project="/work/shop/") == total(branch="main") == 15.0
    assert total(project="/work/*") == 31.0
    assert total(model="opus") == total(model="claude-opus-4.5") == 8.0
    assert total(model="*sonnet*", project="shop") == 7.0
    assert total(branch="nope") == 0.0
    listed = _table(used, "session", replace(_UTC, model="opus")).lines
    assert [line.session_id for line in listed if isinstance(line, SessionLine)] == [SESSION]
    agents = _table(used, "agent", replace(_UTC, model="opus", project="shop")).total
    assert agents
    assert agents.cost.usd == 8.0


def test_the_time_before(used: World) -> None:
    """Is summed by the same filters."""
    now_ms = NOON_MS + DAY_MS + 6 * _HOUR_MS
    window = read_window(UTC_DAYS, now_ms, last="today")
    selection = replace(_UTC, since_ms=window.since_ms, until_ms=window.until_ms, branch="main")
    table = load_table(used.database, used.prices, "day", selection, window)
    assert (table.total and table.total.cost.usd, table.before and table.before.cost.usd) == (
        8.0,
        7.0,
    )
    table = load_table(used.database, used.prices, "day", replace(selection, model="opus"), window)
    assert table.before
    assert table.before.cost.usd == 0.0
    assert load_table(used.database, used.prices, "day", _UTC, ALL_TIME).before is None


def test_files(world: World) -> None:
    """Read and changed ones; a call that failed, and other tools, are in no count."""

    def result(tool: str, path: str, **more: object) -> Part:
        return Part("tool-result", {"ok": True, "path": path, **more}, path + tool, tool)  # type: ignore[dict-item]

    world.ingest(
        message("r1", kind="tool_result", parts=(
            result("Read", "/a"), result("Edit", "/a", lines_added=3, lines_removed=1),
            result("Write", "/b"), result("Edit", "/c", ok=False), result("Grep", "/d"),
        )),
    )  # fmt: skip
    files = [
        (line.path, line.sessions, line.reads, line.edits, line.lines_added)
        for line in by_file(world.database)
    ]
    assert files == [("/a", 1, 1, 1, 3), ("/b", 1, 0, 1, None)]
    assert _table(world, "file", Selection(1 << 50)).lines == []


def test_files_of_results_that_do_not_name_them(world: World) -> None:
    """As those of subagents: the calls name them. What failed is in no count here either."""
    rows = []
    for number, (tool, arguments, is_ok) in enumerate(
        [
            ("Edit", {"file_path": "/a"}, True),
            ("Read", {"file_path": "/a"}, True),
            ("NotebookEdit", {"notebook_path": "/n"}, True),
            ("Edit", {"file_path": "/c"}, False),
            ("Write", {}, True),
        ]
    ):
        called = Part("tool-call", dict(arguments), f"t{number}", tool)
        done = Part("tool-result", {"ok": is_ok, "lines": 1}, f"t{number}", tool)
        rows += [
            message(f"c{number}", agent_id="one", kind="answer", role="assistant", parts=(called,)),
            message(f"r{number}", agent_id="one", kind="tool_result", parts=(done,)),
        ]
    world.ingest(*rows)
    files = [(line.path, line.reads, line.edits) for line in by_file(world.database)]
    assert files == [("/a", 1, 1), ("/n", 0, 1)]


def test_the_order_of_lines(used: World) -> None:
    """By name, time, amounts; the other way around."""

    def keys(by: str, sort: str | None, *, is_reversed: bool = False) -> list[object]:
        lines = sort_table(_table(used, by), sort, is_reversed=is_reversed).lines
        return [getattr(line, "key", None) or getattr(line, "session_id", "") for line in lines]

    assert keys("project", "name") == ["/work/shop", "/work/site"]
    assert keys("project", "cost") == keys("project", None) == ["/work/site", "/work/shop"]
    assert keys("project", "cost", is_reversed=True) == ["/work/shop", "/work/site"]
    assert keys("project", "responses") == ["/work/shop", "/work/site"]
    assert keys("month", "time") == sorted(keys("month", None), reverse=True, key=str)
    assert keys("session", "time") == [OTHER, SESSION]
    assert keys("model", "sessions")[0] == "claude-sonnet-4-5"


def test_tools_and_files_are_sorted_by_their_columns(used: World) -> None:
    """A tool none of whose calls has a result has no time, which is not the shortest."""
    tools = [
        ToolLine("Bash", 3, 3, 0, 1, 100),
        ToolLine("Edit", 2, 2, 2, 0, 900),
        ToolLine("Task", 9, 0, 0, 0, 0),
    ]
    table = replace(_table(used, "tool"), lines=tools)

    def names(sort: str) -> list[str]:
        lines = sort_table(table, sort, is_reversed=False).lines
        return [line.tool for line in lines if isinstance(line, ToolLine)]

    assert names("calls") == ["Task", "Bash", "Edit"]
    assert names("errors") == ["Edit", "Bash", "Task"]
    assert names("denied") == ["Bash", "Edit", "Task"]
    assert names("time") == ["Edit", "Bash", "Task"]
    files = [FileLine("a", 1, 5, 0, None, None), FileLine("b", 2, 0, 3, 1, 1)]
    table = replace(table, lines=files)
    assert sort_table(table, "reads", is_reversed=False).lines == files
    for sort in ("edits", "sessions"):
        assert sort_table(table, sort, is_reversed=False).lines == files[::-1]


def test_a_line_without_the_value_is_last_in_both_orders(used: World) -> None:
    """A cost that nobody knows is not the least."""
    table = _table(used, "model")
    unknown = Cost(None, "unpriced")
    first, *others = table.lines
    assert isinstance(first, BreakdownLine)
    table = replace(table, lines=[replace(first, cost=unknown), *others])
    for is_reversed in (False, True):
        last = sort_table(table, "cost", is_reversed=is_reversed).lines[-1]
        assert getattr(last, "cost", None) == unknown


def test_weeks_months_and_blocks() -> None:
    """A block ends five hours after its first; an hour of silence ends none."""
    assert [week_of(day) for day in ("2026-01-04", "2026-01-05")] == ["2025-12-29", "2026-01-05"]
    assert month_of("2026-01-31") == "2026-01"
    hours = ["2026-01-01T22:00", "2026-01-02T02:00", "2026-01-02T03:00", "2026-01-02T20:00"]
    assert block_starts(hours) == dict(
        zip(hours, (hours[0], hours[0], hours[2], hours[3]), strict=True)
    )
    start_ms, end_ms = block_times("1970-01-01T03:00")
    assert (start_ms, end_ms) == (3 * _HOUR_MS, 8 * _HOUR_MS)


def test_patterns() -> None:
    """A folder and all below it, its name, or a glob; a part of a model's name."""
    assert matches_project("/home/user/shop", "shop")
    assert matches_project("/home/user/shop/api", "/home/user/shop/")
    assert matches_project("/home/user/shop", "/home/user/shop/**")
    assert matches_project("C:\\work\\shop\\api", "c:/Work/shop")
    assert not matches_project("/home/user/shop/api", "shop")
    assert not matches_project("/home/user/shopping", "/home/user/shop")
    assert not matches_project("/home/user/shop", " ")
    assert matches_project("C:\\work\\shop", "shop")
    assert not matches_project("/home/user/workshop", "shop")
    assert not matches_project("/home/user/workshop", ".")
    assert not matches_project("/", "\\")
    assert not matches_project(None, "*")
    assert matches_model("us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5")
    assert not matches_model("claude-haiku-4-5", "opus")
    assert not matches_model(None, "*")
