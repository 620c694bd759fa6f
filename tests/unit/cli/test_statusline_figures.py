"""The process that computes the status line's figures."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.cli import main
from ccsync_watch.cli.statusline_figures import FiguresProcess
from ccsync_watch.config import load
from ccsync_watch.statusline.figures_file import LOCK_NAME, holds, read_figures
from ccsync_watch.store.database import DATABASE_NAME
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def turn(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Callable[[], None]:
    """Return a function that has another turn stored."""
    transcript = Transcript(Path(env["HOME"]) / ".claude")

    numbers = itertools.count(1)

    def store() -> None:
        transcript.turn(next(numbers))
        assert main(["sync-now"], env) == 0
        capsys.readouterr()

    store()
    return store


@pytest.fixture
def process(env: dict[str, str]) -> FiguresProcess:
    """Return the process, which has not begun."""
    return FiguresProcess(load(env).state_dir, env)


def figures_in(env: dict[str, str]) -> dict[str, Any]:
    """Return what the file has."""
    figures = read_figures(env["CCSYNC_WATCH_HOME"])
    assert figures is not None
    return figures


def session_cost(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the cost that `stats` prints."""
    assert main(["stats", "--by", "session"], env) == 0
    return capsys.readouterr().out.splitlines()[2].split()[-1]


def test_figures_follow_the_store(
    env: dict[str, str],
    turn: Callable[[], None],
    process: FiguresProcess,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They hold until something is stored, and then they are those of `stats` again."""
    process.turn()
    first = figures_in(env)
    assert first["sessions"] == {SESSION: session_cost(env, capsys)}
    assert holds(first, first["at"])
    process.turn()
    assert figures_in(env) == first, "nothing changed"
    turn()
    assert not holds(first, first["at"])
    process.turn()
    assert figures_in(env)["sessions"] == {SESSION: session_cost(env, capsys)}
    assert figures_in(env)["sessions"] != first["sessions"]


def test_rows_are_pending_where_there_is_a_backend(
    env: dict[str, str], turn: Callable[[], None], process: FiguresProcess
) -> None:
    """Without one they stay here."""
    turn()
    process.turn()
    assert figures_in(env)["pending"] == "local only"
    settings = {"convex_url": "http://127.0.0.1:9", "api_key": "osk_0123456789abcdef"}
    (Path(env["HOME"]) / ".claude-code-sync.json").write_text(json.dumps(settings))
    process.turn()
    assert figures_in(env)["pending"].endswith(" rows pending")
    assert figures_in(env)["pending"] != "0 rows pending"


def test_the_file_is_this_users_own(
    env: dict[str, str], turn: Callable[[], None], process: FiguresProcess
) -> None:
    """It says what the work costs; nothing else is left in the folder."""
    turn()
    state = Path(env["CCSYNC_WATCH_HOME"])
    (state / "statusline.json.new").write_text("left by one that was killed")
    process.turn()
    assert (state / "statusline.json").stat().st_mode & 0o777 == 0o600
    assert not (state / "statusline.json.new").exists()


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        ("settings", "mistake in the settings"),
        ("newer", "store of another version"),
        ("older", "store of another version"),
        ("damaged", "store cannot be read"),
        ("locked", "store cannot be read"),
    ],
)
def test_what_prevents_figures_is_the_problem(
    env: dict[str, str],
    turn: Callable[[], None],
    process: FiguresProcess,
    spoil: str,
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Costs are not known then: they are left out."""
    turn()
    state = Path(env["CCSYNC_WATCH_HOME"])
    database = sqlite3.connect(state / DATABASE_NAME, isolation_level=None)
    if spoil == "settings":
        (Path(env["HOME"]) / ".claude-code-sync.json").write_text('{"auto_sync": "maybe"}')
    elif spoil == "damaged":
        (state / DATABASE_NAME).write_bytes(b"not a database" * 1000)
    elif spoil == "locked":
        monkeypatch.setattr("ccsync_watch.store.pragmas.BUSY_MS", 1)
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        database.execute("UPDATE sessions SET id = id")
    else:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute(f"PRAGMA user_version = {version + (1 if spoil == 'newer' else -1)}")
    if spoil != "locked":
        database.close()
    process.turn()
    database.close()
    figures = figures_in(env)
    assert (figures["problem"], figures["today"], figures["sessions"]) == (problem, "", {})
    # What was wrong is not asked for again until something changes.
    assert spoil == "locked" or holds(figures, figures["at"])


def test_it_ends_when_nobody_asks_for_a_line(process: FiguresProcess, env: dict[str, str]) -> None:
    """A minute after the last one, or with its folder; a clock set back does not keep it alive."""
    state = Path(env["CCSYNC_WATCH_HOME"])
    assert not process.is_used()
    state.mkdir()
    lock = state / LOCK_NAME
    lock.touch()
    assert process.is_used()
    for seconds in (-61, 61):
        at = lock.stat().st_mtime + seconds
        os.utime(lock, (at, at))
        assert not process.is_used()
        lock.touch()
    lock.unlink()
    process.run()
