"""`stats` and `explain`, as a user calls them."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting.account import Cost, format_cost
from ccsync_watch.cli import main
from ccsync_watch.cli.commands import stats
from ccsync_watch.dashboard.local_time import DATE_RANGES
from ccsync_watch.errors import ConfigError
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


def test_sessions_and_tools(filled: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each on its line; a session that used nothing costs nothing."""
    assert main(["stats", "--by", "session"], filled) == 0
    shown = capsys.readouterr().out
    assert f"{SESSION}  " in shown
    assert "$0.00" in shown
    assert "unpriced" not in shown
    assert main(["stats", "--by", "tool"], filled) == 0
    assert capsys.readouterr().out.startswith("tool")


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
    rows = {row["session_id"]: row["worktree"] for row in json.loads(capsys.readouterr().out)}
    assert rows == {SESSION: None, OTHER: "fix"}
    main(["status"], filled)
    assert " (worktree fix)" in capsys.readouterr().out


def test_json_and_csv_have_every_field(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By the same names, flat in CSV."""
    assert main(["stats", "--by", "model", "--json"], filled) == 0
    (line,) = json.loads(capsys.readouterr().out)
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
    assert main(["stats", "--by", "project"], filled) == 0
    shown = capsys.readouterr().out
    assert "≥ $0.50" in shown
    assert "no known price" in shown


def test_since_is_a_day_or_a_number_of_days() -> None:
    """Anything else is an error that says what to write."""
    assert stats.parse_since(None, 5) is None
    assert stats.parse_since("2d", 500_000_000, is_utc=True) == 4 * 86_400_000
    assert stats.parse_since("2026-01-31", 0, is_utc=True) == 1_769_817_600_000
    assert stats.parse_since("2026-01-31T00:00:00+00:00", 0) == 1_769_817_600_000
    for text in ("d", "-1d", "x", "99999d", "2026-13-01", "0001-01-01"):
        with pytest.raises(ConfigError, match="is not a date: use 2026-01-31, or 7d"):
            stats.parse_since(text, 0)


def test_since_a_number_of_days_is_what_the_dashboard_shows() -> None:
    """The same calendar days, whatever the time of day."""
    now_ms = 1_790_000_000_000
    assert stats.parse_since("7d", now_ms) == DATE_RANGES["7"].start_ms(now_ms)
    assert stats.parse_since("1d", now_ms) == DATE_RANGES["today"].start_ms(now_ms)


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
    """Their ids are whole, as `explain` wants them; columns that do not fit are named below."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["stats", "--by", "session"], filled) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith(SESSION) and line.endswith("$0.50") for line in lines)
    assert any(line.startswith("Not shown here: API, wall") for line in lines)
