"""`stats` and `explain`, as a user calls them."""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from ccsync_watch.accounting.account import Cost, format_cost
from ccsync_watch.accounting.usage_tables import TABLES
from ccsync_watch.cli import main
from ccsync_watch.cli.json_schemas import schema_file
from ccsync_watch.clock import SystemClock
from ccsync_watch.model import Part
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.model import JsonValue

# Priced by the row itself, so that no test looks up prices.
_USED = usage("m1", tokens_in=100, tokens_out=20, model=None, cost_usd=0.5)


@pytest.fixture
def filled(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return an environment whose store has two sessions."""
    world = World(tmp_path / "state")
    world.ingest(message("a1", "Hello"), usages=(_USED,))
    world.ingest(message("b1", session_id=OTHER), session_id=OTHER)
    world.close()
    return env


@pytest.mark.parametrize("by", ["day", "model", "project"])
def test_a_table_has_a_total(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], by: str
) -> None:
    """In plain text."""
    assert main(["stats", "--by", by], filled) == 0
    *_others, last = capsys.readouterr().out.strip().splitlines()
    assert last.split() == ["total", "1", "100", "0", "0", "20", "$0.50"]


@pytest.mark.parametrize(
    ("option", "pattern", "meant"),
    [
        ("project", "projecct", "project"),
        ("project", "/home/user/Projekt", "/home/user/project"),
        ("model", "opuss", "opus"),
        ("model", "claude-opus-45", "claude-opus-4-5"),
        ("branch", "mainn", "main"),
        ("host", "\x1b[31m", None),
    ],
)
def test_a_filter_that_matches_nothing_is_named(
    env: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    pattern: str,
    meant: str | None,
) -> None:
    """With the names that are meant; one that matches at another time is not."""
    world = World(tmp_path / "state")
    used = usage("m1", tokens_in=1, model="claude-opus-4-5-20251101", cost_usd=0.5)
    world.ingest(message("a1", "Hello"), usages=(used,), git_branch="main")
    world.close()
    assert main(["stats", f"--{option}", pattern, "--json"], env) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["lines"] == []
    shown = pattern.replace("\x1b", "\ufffd")
    suggestion = f"; did you mean {meant}?" if meant else ""
    assert output.err == (f"ccsync-watch: --{option}: nothing stored matches {shown}{suggestion}\n")
    if meant is not None:
        assert main(["stats", f"--{option}", meant, "--last", "2001-01"], env) == 0
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("by", "sort", "orders"),
    [
        ("tool", "cost", "name, calls, errors, denied, time"),
        ("file", "time", "name, sessions, reads, edits"),
        ("day", "calls", "name, time, cost, tokens, output, responses, sessions"),
    ],
)
def test_a_table_is_sorted_by_what_it_has(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], by: str, sort: str, orders: str
) -> None:
    """Another order is an error that names these, instead of one that nobody asked for."""
    assert main(["stats", "--by", by, "--sort", sort], filled) == 2
    expected = f"--by {by} cannot be sorted by {sort}: sort by {orders}"
    assert expected in capsys.readouterr().err
    for order in orders.split(", "):
        assert main(["stats", "--by", by, "--sort", order], filled) == 0


def test_sessions_and_tools(filled: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each on its line; a session that used nothing costs nothing."""
    assert main(["stats", "--by", "session"], filled) == 0
    shown = capsys.readouterr().out
    assert f"{SESSION}  " in shown
    assert "$0.00" in shown
    assert "unpriced" not in shown
    assert main(["stats", "--by", "tool"], filled) == 0
    assert capsys.readouterr().out == "No tool was called.\n"
    assert main(["stats", "--by", "file"], filled) == 0
    assert capsys.readouterr().out == "No file was read or edited.\n"


def test_a_session_in_a_worktree_says_so(
    filled: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the table only where there is one, as JSON always; and so does `status`."""
    assert main(["stats", "--by", "session"], filled) == 0
    assert "worktree" not in capsys.readouterr().out
    world = World(tmp_path / "state")
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET worktree = 'fix' WHERE id = ?", (OTHER,))
    world.close()
    assert main(["stats", "--by", "session"], filled) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.endswith("worktree")
    assert [line.endswith("fix") for line in lines if OTHER in line] == [True]
    assert main(["stats", "--by", "session", "--json"], filled) == 0
    lines = json.loads(capsys.readouterr().out)["lines"]
    rows = {row["session_id"]: row["worktree"] for row in lines}
    assert rows == {SESSION: None, OTHER: "fix"}
    main(["status"], filled)
    assert " (worktree fix)" in capsys.readouterr().out


def test_json_and_csv_have_every_field(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By the same names, flat in CSV."""
    assert main(["stats", "--by", "model", "--json"], filled) == 0
    (line,) = json.loads(capsys.readouterr().out)["lines"]
    assert (line["tokens"]["input"], line["cost"]) == (100, {"usd": 0.5, "provenance": "client"})
    assert main(["stats", "--by", "session", "--csv"], filled) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert {row["session_id"]: row["account_cost_usd"] for row in rows} == {
        SESSION: "0.5",
        OTHER: "0.0",
    }
    assert main(["stats", "--by", "tool", "--csv"], filled) == 0
    assert capsys.readouterr().out == ""


def test_a_session_is_explained(filled: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """By its id, or the beginning of it."""
    assert main(["explain", SESSION[:6]], filled) == 0
    shown = capsys.readouterr().out
    assert "$0.50, reported: Claude Code's own figure" in shown
    assert "1 row reports usage, of 1 response" in shown
    assert main(["explain", SESSION, "--json"], filled) == 0
    assert json.loads(capsys.readouterr().out)["naive_prompt"] == 100


def test_an_explanation_covers_copies_subagents_and_totals(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Rows that count once, copies, subagents, the client's total and what no row reports."""
    world = World(tmp_path / "state")
    rows = [replace(_USED, id=f"m{n}", uuid=f"{n}-{m}") for n in range(30) for m in range(2)]
    state: JsonValue = {
        "totalCostUSD": 20.0,
        "modelUsage": {"": {"inputTokens": 4000, "outputTokens": 700, "costUSD": 20.0}},
    }
    world.ingest(
        message("a1"),
        usages=(
            *rows,
            replace(_USED, id="below", agent_id="a1b2c3d4e5", uuid="x"),
            replace(_USED, id="copied", session_id=OTHER, is_marked=True, uuid="y"),
        ),
        facts={"cost_state": state},
    )
    world.close()
    assert main(["explain", SESSION], env) == 0
    shown = capsys.readouterr().out
    assert "$20.00, reported: Claude Code's own figure" in shown
    assert "900 prompt and 80 output tokens that no row of the transcripts reports" in shown
    assert "note        Claude Code counted requests that left no row" in shown
    assert "counted once instead of for every row   30 rows" in shown
    assert "a naive sum would be 6,200 prompt and 1,240 output: +3,100 and +620" in shown
    assert "a1b2c3d4e5" in shown
    assert "and 12 responses more (--all lists them)" in shown
    assert main(["explain", SESSION, "--all"], env) == 0
    shown = capsys.readouterr().out
    assert f"for {OTHER[:8]}" in shown
    assert "--all" not in shown


def test_a_partial_sum_is_explained(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Under the table, once."""
    world = World(tmp_path / "state")
    world.ingest(message("a2"), usages=(replace(_USED, id="m2", uuid="z", cost_usd=None),))
    world.close()
    for by in ("project", "session"):
        assert main(["stats", "--by", by], filled) == 0
        shown = capsys.readouterr().out
        assert "≥ $0.50" in shown
        assert shown.count("no known price") == 1


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        (Cost(1234.5, "client"), "$1,234.50"),
        (Cost(0.05, "computed"), "$0.0500"),
        (Cost(0.00001, "computed"), "$0.000010"),
        (Cost(2.0, "partial"), "≥ $2.00"),
        (Cost(0.0, "client"), "$0.00"),
        (Cost(None, "unpriced"), "unpriced"),
    ],
)
def test_an_unknown_cost_is_never_zero(cost: Cost, shown: str) -> None:
    """And a partial one is marked."""
    assert format_cost(cost) == shown


def test_sessions_fit_in_a_terminal_of_80_columns(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as much of their ids as `explain` wants; columns that do not fit are named below."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["stats", "--by", "session"], filled) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith(f"{SESSION[:8]} Hello") and line.endswith("$0.50") for line in lines)
    assert any(line.startswith("Not shown here: API time, wall time") for line in lines)


@pytest.mark.parametrize("by", ["session", "block", "model", "project", "day"])
def test_tables_fit_in_a_terminal_of_40_columns(
    by: str,
    filled: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half of a split screen: what is asked for least is left out, and named below."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["stats", "--by", by], filled) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2
    assert [line for line in lines if len(line) > 40] == []


def test_an_explanation_fits_in_a_terminal_of_60_columns(
    env: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the ids of responses and the names of subagents that clients write."""
    world = World(tmp_path / "state")
    model = "claude-sonnet-4-5-20250929"
    rows = [replace(_USED, id=f"msg_01{'A' * 20}{n}", uuid=f"{n}", model=model) for n in range(3)]
    rows.append(replace(rows[0], id="below", agent_id="a1b2c3d4e5f6a7b8c", uuid="x"))
    world.ingest(message("a1"), usages=tuple(rows))
    world.close()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["explain", SESSION], env) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 60] == []
    assert any(line.startswith(rows[0].id) for line in lines)


def test_tokens_that_cannot_be_read_have_no_cost(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which is said once, and not as if the price were unknown."""
    world = World(tmp_path / "state")
    world.ingest(message("a1"), usages=(replace(_USED, cost_usd=None),))
    world.close()
    assert main(["explain", SESSION], env) == 0
    assert "cost        unpriced: no price is known, or" in capsys.readouterr().out


def test_the_json_is_what_the_schema_says(
    filled: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By everything, with calls and files, and with a time before."""
    world = World(tmp_path / "state")
    call = Part("tool-result", {"ok": True, "path": "/a", "lines_added": 2}, "t1", "Edit")
    world.ingest(message("r1", kind="tool_result", parts=(call,)))
    world.close()
    schema = json.loads(schema_file("stats").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    for by in TABLES:
        for more in ([], ["--last", "3m"], ["--timezone", "Asia/Kolkata", "--until", "2030-01"]):
            assert main(["stats", "--by", by, "--json", *more], filled) == 0
            document = json.loads(capsys.readouterr().out)
            assert [error.message for error in validator.iter_errors(document)] == []
            assert document["by"] == by
            assert document["lines"] or more


def test_options_that_exclude_each_other(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Are wrong usage, and say what to do."""
    for words in (
        ["--last", "7d", "--since", "today"], ["--by", "tool", "--model", "opus"],
        ["--by", "file", "--breakdown"], ["--timezone", "Nowhere"],
    ):  # fmt: skip
        assert main(["stats", *words], filled) == 2
    assert "leave --model and --breakdown out" in capsys.readouterr().err


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_csv_heads_are_no_formulas(
    filled: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], start: str
) -> None:
    """A gateway's name of a model is anybody's text as well."""
    world = World(tmp_path / "state")
    used = usage("m9", tokens_in=1, model=f"{start}1+1")
    world.ingest(message("z1", session_id=OTHER), usages=(used,), session_id=OTHER)
    world.close()
    assert main(["stats", "--csv", "--breakdown"], filled) == 0
    (heads, *_) = csv.reader(io.StringIO(capsys.readouterr().out))
    assert [head for head in heads if head.endswith("1+1 tokens")] == [f"'{start}1+1 tokens"]
    assert not any(head.startswith(start) for head in heads)


def test_csv_cells_are_no_formulas(
    filled: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A title is anybody's text; times are ISO, and models have columns."""
    world = World(tmp_path / "state")
    for number, start in enumerate("=+-@\t\r"):
        name = OTHER[:-1] + str(number)
        world.ingest(message(f"c{number}", session_id=name), session_id=name)
        with world.database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO session_facts VALUES (?, 'custom_title', ?)",
                (name, json.dumps(f"{start}cmd|'/C calc'!A0")),
            )
    world.close()
    words = ["--by", "session", "--csv", "--breakdown", "--timezone", "utc"]
    assert main(["stats", *words], filled) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    titles = [row["title"] for row in rows if "calc" in row["title"]]
    assert len(titles) >= 4
    assert all(not title.startswith(tuple("=+-@\t\r")) for title in titles)
    (used,) = [row for row in rows if row["unknown cost_usd"]]
    assert (used["unknown cost_usd"], used["unknown tokens"]) == ("0.5", "120")
    assert used["updated"] == "2026-09-21T14:13:20+00:00"
    assert "updated_ms" not in used


def test_a_breakdown_and_the_time_before(
    filled: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Models below their line, and what has changed, in 60 columns too."""
    now_ms = SystemClock().wall_ms()
    world = World(tmp_path / "state")
    for number, days in enumerate((0, 1, 1)):
        at_ms = now_ms - days * 86_400_000
        row = replace(_USED, id=f"n{number}", uuid=f"n{number}", model="claude-opus-4-5")
        world.ingest(message(f"n{number}", at_ms=at_ms), usages=(replace(row, timestamp_ms=at_ms),))
    world.close()
    assert main(["stats", "--last", "today", "--breakdown", "--utc"], filled) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].split()[0] == "claude-opus-4-5"
    assert lines[3].endswith("$0.50")
    assert any(
        "$1.00, 240 tokens): cost down by $0.50 (50%), tokens down" in line for line in lines
    )
    world = World(tmp_path / "state")
    unpriced = replace(_USED, id="u", uuid="u", timestamp_ms=now_ms, cost_usd=None)
    world.ingest(message("u", at_ms=now_ms), usages=(unpriced,))
    world.close()
    assert main(["stats", "--last", "today", "--utc"], filled) == 0
    assert "known cost down by $0.50" in capsys.readouterr().out  # the whole one may be higher
    assert main(["stats", "--last", "1d", "--utc", "--branch", "none"], filled) == 0
    assert "Compared" not in capsys.readouterr().out
    assert main(["stats", "--last", "2d", "--utc"], filled) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("In the time before (")
    assert last.endswith("), nothing was used.")


def test_calls_that_are_not_stored_are_not_shown_as_none(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With sync_tool_calls off: no column, a line that says so, null in JSON."""
    env = {**filled, "CLAUDE_SYNC_TOOL_CALLS": "false"}
    assert main(["stats", "--by", "session"], env) == 0
    shown = capsys.readouterr().out
    assert "tools" not in shown.splitlines()[0].split()
    assert "Tool calls are not stored: sync_tool_calls is off." in shown
    assert main(["stats", "--by", "tool"], env) == 0
    assert capsys.readouterr().out == "Tool calls are not stored: sync_tool_calls is off.\n"
    assert main(["stats", "--by", "session", "--json"], env) == 0
    (first, *_others) = json.loads(capsys.readouterr().out)["lines"]
    assert first["activity"]["tool_calls"] is None
    assert main(["stats", "--by", "tool"], filled) == 0
    assert capsys.readouterr().out == "No tool was called.\n"
