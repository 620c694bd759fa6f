"""The copy of the database: what it saves, and that no word outlives the database in it."""

from __future__ import annotations

import errno
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.daemon.daily_backup import DailyBackup
from ccsync_watch.errors import StateError
from ccsync_watch.model import Redacted
from ccsync_watch.store import backups, pruned_texts, rewriting, session_policy
from ccsync_watch.store.meta import get_meta
from support.storing import SESSION, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNLIKELY_BYTES = 10**15


def _damage(world: World) -> None:
    """End the program, and damage what it leaves."""
    world.close()
    world.database.path.write_bytes(b"no database" * 100)


@pytest.mark.parametrize("is_deleted", [True, False])
def test_what_no_transcript_has_is_there_again(tmp_path: Path, *, is_deleted: bool) -> None:
    """Whether the database was damaged or deleted; and the backend holds everything once."""
    world = World(tmp_path)
    world.say("u1", "Before")
    world.drain()
    assert backups.write_backup(world.database.read())
    world.say("u2", "After")
    world.drain()
    _damage(world)
    if is_deleted:
        world.database.path.unlink()
    world.open()
    assert (world.database.set_aside is None) == is_deleted
    assert world.database.restoration.written_ms is not None
    assert world.ids() == ["u1", "u2"]
    stored = [row[0] for row in world.database.read().execute("SELECT id FROM messages")]
    assert f"{SESSION}:u1" in stored
    assert f"{SESSION}:u2" not in stored
    world.ends[SESSION] = 100  # the checkpoint in the copy
    world.say("u2", "After")
    world.drain()
    world.assert_complete()
    assert world.ids() == ["u1", "u2"]


def test_rows_that_were_pending_in_the_copy_are_not_doubled(tmp_path: Path) -> None:
    """They were sent after it was written."""
    world = World(tmp_path)
    world.say("u1")
    world.drain()
    world.say("u2")
    assert backups.write_backup(world.database.read())
    world.drain()
    _damage(world)
    world.open()
    world.drain()
    world.assert_complete()
    assert world.ids() == ["u1", "u2"]


def test_a_damaged_copy_is_not_used(tmp_path: Path) -> None:
    """Then the database begins empty, as without a copy."""
    world = World(tmp_path)
    world.say("u1")
    assert backups.write_backup(world.database.read())
    backups.backup_path(world.database.path).write_bytes(b"no database" * 100)
    _damage(world)
    world.open()
    assert world.database.restoration.written_ms is None
    assert world.database.read().execute("SELECT count(*) FROM messages").fetchone()[0] == 0


@pytest.mark.parametrize("is_emptied", [True, False])
def test_the_log_of_a_lost_database_is_not_written_into_the_copy(
    tmp_path: Path, *, is_emptied: bool
) -> None:
    """It belongs to other pages. An interrupted start leaves an empty file."""
    world = World(tmp_path)
    world.say("u1", "Before")
    world.drain()
    assert backups.write_backup(world.database.read())
    for number in range(2, 60):
        world.say(f"u{number}", "After " * 200)
    path = world.database.path
    log = path.with_name("ccsync.db-wal").read_bytes()
    world.close()
    path.unlink()
    if is_emptied:
        path.touch()
    path.with_name("ccsync.db-wal").write_bytes(log)
    world.open()
    assert world.database.restoration.written_ms is not None
    stored = [row[0] for row in world.database.read().execute("SELECT id FROM messages")]
    assert f"{SESSION}:u1" in stored
    assert f"{SESSION}:u59" not in stored
    assert world.database.read().execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.parametrize("is_damaged", [True, False])
def test_a_full_disk_leaves_the_copy_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_damaged: bool
) -> None:
    """An empty database in its place would be used from then on, and replace the copy."""
    world = World(tmp_path)
    world.say("u1")
    world.drain()
    assert backups.write_backup(world.database.read())
    _damage(world)
    if not is_damaged:
        world.database.path.unlink()

    def copy_half(_source: Path, target: Path) -> None:
        target.write_bytes(b"SQLite")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.copyfile", copy_half)
        for _attempt in range(2):
            with pytest.raises(StateError, match="the disk is full"):
                world.open()
    world.open()
    assert world.database.restoration.written_ms is not None
    stored = [row[0] for row in world.database.read().execute("SELECT id FROM messages")]
    assert f"{SESSION}:u1" in stored


def test_a_copy_in_which_answers_were_not_forgotten_is_never_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program is killed between the two: what was sent since the copy would be sent as new."""
    world = World(tmp_path)
    world.say("u1")
    assert backups.write_backup(world.database.read())
    world.drain()
    _damage(world)

    def kill(_connection: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ccsync_watch.store.database.forget_answers", kill)
        with pytest.raises(KeyboardInterrupt):
            world.open()
    world.open()
    assert world.database.restoration.written_ms is not None
    certain = world.database.read().execute("SELECT count(*) FROM outbox WHERE is_certain")
    assert certain.fetchone()[0] == 0
    assert not backups.restored_path(world.database.path).exists()


def test_the_copy_is_the_users_alone_and_replaces_the_last(tmp_path: Path) -> None:
    """Nothing else is left beside it, also by one that was killed."""
    world = World(tmp_path)
    path = backups.backup_path(world.database.path)
    path.with_name(path.name + ".new").write_bytes(b"left")
    for name in ("u1", "u2"):
        world.say(name)
        assert backups.write_backup(world.database.read())
        assert path.stat().st_mode & 0o777 == 0o600
    names = {file.name for file in path.parent.iterdir()}
    assert {name for name in names if "backup" in name} == {path.name}


def test_without_room_there_is_no_copy(tmp_path: Path) -> None:
    """A full disk would stop everything else."""
    world = World(tmp_path)
    size = world.database.path.stat().st_size
    assert not backups.write_backup(world.database.read(), lambda _folder: 2 * size - 1)
    assert backups.age_ms(world.database.path, world.clock.wall_ms()) is None
    assert backups.write_backup(world.database.read(), lambda _folder: UNLIKELY_BYTES)


def test_a_copy_from_the_future_has_no_age(tmp_path: Path) -> None:
    """A clock that was a year ahead must not end the daily copies for a year."""
    world = World(tmp_path)
    assert backups.write_backup(world.database.read(), lambda _folder: UNLIKELY_BYTES)
    path = backups.backup_path(world.database.path)
    now_ms = world.clock.wall_ms()
    for ahead_ms, age_ms in ((365 * 86_400_000, None), (-5_000, 5_000), (1_000, -1_000)):
        os.utime(path, ns=((now_ms + ahead_ms) * 1_000_000,) * 2)
        assert backups.age_ms(world.database.path, now_ms) == age_ms


def test_a_copy_is_needed_for_what_only_the_database_knows(tmp_path: Path) -> None:
    """Of a transcript that is gone, and of what was sent."""
    world = World(tmp_path)
    world.say("u1")
    assert not backups.is_needed(world.database.read())
    world.drain()
    assert backups.is_needed(world.database.read())


def _rewrite(world: World) -> None:
    changed = [
        item
        for item in rewriting.messages_after(world.database, -1, 10)
        if item.message.kind == "prompt"
    ]
    rewriting.rewrite_messages(
        world.database, Redacted(changed), now_ms=world.clock.now_ms, is_released=True
    )


def _rewrite_rows(world: World) -> None:
    rows = next(rewriting.other_rows(world.database, 10))
    rewriting.rewrite_rows(world.database, Redacted(rows), is_released=True)


def _exclude(world: World) -> None:
    with world.database.write() as connection:
        session_policy.mark_excluded(
            connection, [SESSION], now_ms=world.clock.now_ms, is_released=True
        )


def _keep_metadata(world: World) -> None:
    with world.database.write() as connection:
        session_policy.mark_metadata_only(connection, [SESSION])


def _prune(world: World) -> None:
    (session,) = pruned_texts.prunable_sessions(
        world.database, before_ms=world.clock.now_ms + 1, has_backend=False
    )
    step = pruned_texts.prune_step(
        world.database,
        session,
        lambda _kind, _part: Redacted(None),
        after_seq=-1,
        now_ms=world.clock.now_ms,
        has_backend=False,
    )
    assert step is not None


@pytest.mark.parametrize(
    "remove",
    [_rewrite, _rewrite_rows, _exclude, _keep_metadata, _prune],
    ids=lambda way: way.__name__,
)
def test_words_that_are_removed_leave_the_copy(
    tmp_path: Path, remove: Callable[[World], None]
) -> None:
    """And each way counts that in the database, so that a copy under way is not kept."""
    world = World(tmp_path)
    world.say("u1", "a word that must go")
    path = backups.backup_path(world.database.path)
    assert backups.write_backup(world.database.read())
    assert b"a word that must go" in path.read_bytes()
    count = get_meta(world.database.read(), "rewritten")
    remove(world)
    assert not path.exists()
    assert get_meta(world.database.read(), "rewritten") != count


def test_a_failure_to_copy_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried every hour; only another outcome is worth a further line."""
    world = World(tmp_path)
    world.say("u1")
    world.drain()
    daily = DailyBackup(world.database, world.clock)
    caplog.set_level("INFO")
    outcomes = iter(["full", "full", "error", "error", "full", "written"])

    def write(_source: object) -> bool:
        outcome = next(outcomes)
        if outcome == "error":
            raise OSError("no")
        return outcome == "written"

    monkeypatch.setattr(backups, "write_backup", write)
    for _hour in range(6):
        world.clock.advance(3600)
        daily.turn()
        daily.stop()
    no_room = "no copy of the database is kept: its disk has no room for one"
    assert caplog.messages == [
        no_room,
        "the database could not be copied: no",
        no_room,
        "the database is copied again",
    ]


def test_a_copy_is_written_once_a_day_where_it_is_needed(tmp_path: Path) -> None:
    """And not while the daemon starts."""
    world = World(tmp_path)
    world.say("u1")
    path = backups.backup_path(world.database.path)
    daily = DailyBackup(world.database, world.clock)

    def is_written(seconds: float) -> bool:
        before = path.stat().st_mtime_ns if path.exists() else None
        world.clock.advance(seconds)
        daily.turn()
        daily.stop()
        after = path.stat().st_mtime_ns if path.exists() else None
        if after is not None and after != before:
            now = world.clock.now_ms / 1000
            os.utime(path, (now, now))
        return after != before

    assert not is_written(3600), "nothing was sent yet"
    world.drain()
    assert is_written(3600)
    assert not is_written(3600)
    assert is_written(86_400)


def test_a_database_that_cannot_be_read_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The daemon's loop asks for the copy, and nothing there waits for an error."""
    world = World(tmp_path)
    daily = DailyBackup(world.database, world.clock)

    def fail(_read: object) -> bool:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(backups, "is_needed", fail)
    world.clock.advance(3600)
    daily.turn()
    daily.stop()
    assert caplog.messages == ["the database could not be copied: disk I/O error"]
