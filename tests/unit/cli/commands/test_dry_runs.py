"""A dry run changes nothing, not even the version of the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli import main
from ccsync_watch.store.database import DATABASE_NAME
from support.older_databases import RELEASED, downgrade
from support.storing import World, message

if TYPE_CHECKING:
    from pathlib import Path

_DRY_RUNS = {"repair": ("--dry-run",), "prune": ("--older-than", "90d", "--dry-run")}


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Return the database of an earlier version, which can still open it."""
    world = World(tmp_path / "state")
    world.ingest(message("u1", "Hello"))
    world.close()
    path = tmp_path / "state" / DATABASE_NAME
    downgrade(path, RELEASED)
    return path


@pytest.mark.parametrize("command", _DRY_RUNS)
def test_an_older_database_is_not_converted(
    env: dict[str, str], older: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """The version that wrote it could not open it from then on."""
    assert main([command, *_DRY_RUNS[command]], env) == 2
    assert "the database is of an earlier version" in capsys.readouterr().err
    with closing(sqlite3.connect(older)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (RELEASED,)


@pytest.mark.parametrize("command", _DRY_RUNS)
def test_a_damaged_database_is_not_replaced(
    env: dict[str, str], older: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """The daemon keeps it under another name, and reads the transcripts again."""
    older.write_bytes(b"damaged" * 1000)
    before = sorted(path.name for path in older.parent.iterdir())
    assert main([command, *_DRY_RUNS[command]], env) == 2
    assert "the database is damaged" in capsys.readouterr().err
    assert older.read_bytes() == b"damaged" * 1000
    assert {*before, "daemon.lock"} >= {path.name for path in older.parent.iterdir()}
