"""Where budgets are shown: `status`, the status line, and `stats --check-budget`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ccsync_watch.cli import main
from ccsync_watch.cli.statusline_figures import figures_of
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.statusline.line import format_line
from support.storing import World, message, usage

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _store_with(env: dict[str, str], folder: Path, budget: object) -> dict[str, str]:
    at_ms = SystemClock().wall_ms()
    world = World(folder / "state")
    used = usage(f"m{at_ms}", timestamp_ms=at_ms, cost_usd=3.0, model=None)
    world.ingest(message(f"u{at_ms}", at_ms=at_ms), usages=(used,))
    world.close()
    load(env).file.write_text(json.dumps({"budget": budget}), encoding="utf-8")
    load(env).file.chmod(0o600)
    return env


def test_a_budget_is_checked(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 1 and the reason if one is exceeded, 2 if there is none."""
    assert main(["stats", "--check-budget"], _store_with(env, tmp_path, {"day": 9})) == 0
    assert capsys.readouterr().out == "ok        $3.00 of $9.00 today (33%)\n"
    _store_with(env, tmp_path, {"day": 2, "month": 900})
    assert main(["stats", "--check-budget"], env) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0] == "exceeded  $6.00 of $2.00 today (300%)"
    assert "budget exceeded: $6.00 of $2.00 today (300%)" in shown.err
    empties: list[dict[str, object]] = [{}, {"projects": {}}, {"projects": {"proj": {}}}]
    for empty in empties:
        _store_with(env, tmp_path, empty)
        assert main(["stats", "--check-budget"], env) == 2
        assert "no budget is set" in capsys.readouterr().err


def test_a_project_of_a_budget_that_is_not_stored_is_named(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake in its name would be a budget that nothing exceeds."""
    world = World(tmp_path / "state")
    world.ingest(message("s1", "Hello"), cwd="/home/user/shop")
    world.close()
    limits = {"shop": {"month": 5}, "shp": {"month": 5, "day": 1}}
    _store_with(env, tmp_path, {"projects": limits})
    assert main(["stats", "--check-budget"], env) == 0
    shown = capsys.readouterr()
    assert shown.err == "ccsync-watch: budget: nothing stored matches shp; did you mean shop?\n"
    assert len(shown.out.splitlines()) == 3


def test_status_and_status_line_show_the_budget(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The status line the most urgent one, and the limit of today."""
    _store_with(env, tmp_path, {"day": 2, "month": 900})
    main(["status"], env)
    assert "  budget       $3.00 of $2.00 today (150%), exceeded\n" in capsys.readouterr().out
    main(["status", "--json"], env)
    day, month = json.loads(capsys.readouterr().out)["budget"]
    assert (day["usd"], day["limit_usd"], day["is_exceeded"]) == (3.0, 2.0, True)
    assert (month["period"], month["is_exceeded"]) == ("month", False)
    figures = figures_of(load(env), SystemClock().wall_ms())
    assert figures["today"] == "$3.00 of $2.00"
    assert figures["budget"] == "budget: $3.00 of $2.00 today (150%)"
    line = format_line({}, figures, "", "", now=0, env={"NO_COLOR": "1"})
    assert line.endswith("· ⚠ budget: $3.00 of $2.00 today (150%)")
