"""A damaged database is restored from its copy, also where the copy cannot be read for a moment."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.errors import NewerSchema
from ccsync_watch.store import backups, session_policy
from ccsync_watch.store.database import Database
from ccsync_watch.store.migrations import MIGRATIONS
from support.fault_cycles import preload
from support.fault_cycles.opening import NOW_MS
from support.storing import SESSION, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    preload.missing() is not None, reason=preload.missing() or "calls can be made to fail"
)

ROW = f"{SESSION}:u1"
NAME = f"ccsync.db.backup.unused-{NOW_MS}"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the compiled library."""
    return preload.compile_to(tmp_path_factory.mktemp("library"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a damaged database with a copy that has a row of a transcript that is gone."""
    world = World(tmp_path / "state")
    world.say("u1", "Before")
    assert backups.write_backup(world.database.read())
    world.close()
    world.database.path.write_bytes(b"no database" * 100)
    return world


def _open(library: Path, folder: Path, fault: str) -> tuple[dict[str, Any], str]:
    """Open it with a fault; return what it has then, and the log."""
    done = subprocess.run(
        [sys.executable, "-m", "support.fault_cycles.opening", str(folder), fault],
        env=preload.environment(library),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["met"], "the fault did not come up"
    return result, done.stderr


def _rows(world: World) -> list[str]:
    rows = world.database.read().execute("SELECT id FROM messages WHERE kind <> 'session'")
    return [row[0] for row in rows]


def _know_a_session(world: World) -> None:
    """Have the new database know a session whose transcript is gone."""
    database = Database(world.database.path)
    world.database = database
    world.say("u9")
    with database.write() as connection:
        connection.execute("UPDATE transcripts SET missing_since_ms = 1")
    database.close()


def _unused(world: World) -> list[str]:
    return [path.name for path in backups.unused_copies(world.database.path)]


@pytest.mark.parametrize(
    "fault",
    [
        "read copy 1 EIO",
        "read copy 1 ended",
        "open copy 1 EIO",
        "pread copy 1 EIO",
        "pread copy 3 EIO",
        "pread copy 1 short",
        "pread copy 2 flipped",
        "fsync copy 1 EIO",
    ],
)
def test_one_failure_with_the_copy_loses_nothing(
    library: Path, world: World, tmp_path: Path, fault: str
) -> None:
    """An empty database in its place would be used from then on."""
    result, _log = _open(library, tmp_path, fault)
    assert result["rows"] == [ROW]
    assert _unused(world) == []


def test_a_copy_that_cannot_take_the_place_is_there_for_later(
    library: Path, world: World, tmp_path: Path
) -> None:
    """The start fails with what the disk says, and the next one has everything."""
    with pytest.raises(AssertionError, match="cannot restore"):
        _open(library, tmp_path, "rename copy 1 EIO")
    world.open()
    assert _rows(world) == [ROW]


def test_a_copy_that_cannot_be_read_is_kept_and_tried_again(
    library: Path, world: World, tmp_path: Path
) -> None:
    """No later copy takes its name, one line says so, and the next start restores it."""
    path = world.database.path
    result, log = _open(library, tmp_path, "read copy 1 EIO lasting")
    assert result["rows"] == []
    assert _unused(world) == [NAME]
    assert f"([Errno 5] Input/output error): it is kept as {NAME}" in log
    for _start in range(8):
        _open(library, tmp_path, "read copy 1 EIO lasting")
        assert _unused(world) == [NAME]
    world.open()
    restoration = world.database.restoration
    assert restoration.written_ms is not None
    assert restoration.replaced is not None
    assert _rows(world) == [ROW]
    assert _unused(world) == []
    assert not backups.backup_path(path).exists()


def test_what_only_the_new_database_knows_is_not_replaced(
    library: Path, world: World, tmp_path: Path
) -> None:
    """Of two that each know something alone, the one that is in use stays; the copy is kept."""
    _open(library, tmp_path, "read copy 1 EIO lasting")
    _know_a_session(world)
    world.open()
    assert _rows(world) == [f"{SESSION}:u9"]
    assert _unused(world) == [NAME]


def test_a_copy_that_stays_unusable_is_not_tried_for_ever(world: World) -> None:
    """Each try copies the file; and of such copies one is kept."""
    path = backups.backup_path(world.database.path)
    for _day in range(3):
        path.write_bytes(b"no database" * 100)
        world.open()
        world.close()
        world.database.path.unlink()
        assert _unused(world) == [f"{path.name}.unused-{world.clock.wall_ms()}"]
        world.clock.advance(86_400)
    (kept,) = _unused(world)
    for day in range(8):
        world.open()
        world.close()
        assert (world.database.restoration.unused is not None) == (day < 6)
        assert _unused(world) == [kept]
        world.clock.advance(86_400)


def test_a_copy_that_was_kept_is_used_where_the_later_one_is_unusable(
    library: Path, world: World, tmp_path: Path
) -> None:
    """Either is better than an empty database."""
    path = world.database.path
    _open(library, tmp_path, "read copy 1 EIO lasting")
    backups.backup_path(path).write_bytes(b"no database" * 100)
    path.unlink()
    world.open()
    assert _rows(world) == [ROW]
    assert _unused(world) == [NAME]
    assert backups.unused_copies(path)[0].read_bytes().startswith(b"no database")


def test_removed_words_leave_a_copy_that_was_kept(
    library: Path, world: World, tmp_path: Path
) -> None:
    """The user had them removed."""
    _open(library, tmp_path, "read copy 1 EIO lasting")
    _know_a_session(world)
    world.open()
    with world.database.write() as connection:
        session_policy.mark_excluded(
            connection, [SESSION], now_ms=world.clock.now_ms, is_released=True
        )
    assert _unused(world) == []


def test_a_newer_versions_copy_is_left_to_that_version(world: World) -> None:
    """Nothing is wrong with it: an empty database in its place would lose what it has."""
    copy = backups.backup_path(world.database.path)
    with contextlib.closing(sqlite3.connect(copy)) as other, other:
        other.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    for _start in range(2):
        with pytest.raises(NewerSchema):
            world.open()
        assert copy.exists()
