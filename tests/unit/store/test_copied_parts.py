"""The table of parts is copied in steps that survive a crash, and its space is given back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ccsync_watch import units
from ccsync_watch.errors import OtherSchema, StateError
from ccsync_watch.store import copied_parts
from ccsync_watch.store.database import DATABASE_NAME, open_database, open_for_reading
from ccsync_watch.store.migrations import MIGRATIONS
from ccsync_watch.store.packed_texts import DAMAGED, unpack
from ccsync_watch.store.schema import add_functions, migrate

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = 4500  # two parts each: more than a step
OLD = copied_parts.VERSION - 1
PLENTY = 1 << 60


def _content(seq: int, position: int) -> str:
    return f'"{seq}.{position} ' + "a line of some length\\n" * (seq % 90) + '"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a database as earlier versions made it."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    with closing(_connect(folder)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for script in MIGRATIONS[:OLD]:
            connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {OLD}")
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO parts VALUES (?, ?, 'text', NULL, NULL, ?, NULL)",
            [(seq, at, _content(seq, at)) for seq in range(1, MESSAGES + 1) for at in (0, 1)],
        )
        connection.execute("COMMIT")
    return folder


def _connect(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)
    add_functions(connection)
    return connection


def _parts(folder: Path) -> list[tuple[int, int, str]]:
    with closing(_connect(folder)) as connection:
        rows = connection.execute(
            "SELECT message_seq, position, content FROM parts ORDER BY 1, 2"
        ).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    return [(seq, position, unpack(content)) for seq, position, content in rows]


def _tables(folder: Path) -> set[str]:
    with closing(_connect(folder)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def test_what_a_crash_leaves_is_continued(folder: Path, tmp_path: Path) -> None:
    """Whichever step was the last: nothing is lost, and what was copied stays copied."""
    before = _parts(folder)
    left: list[tuple[int, Path]] = []

    def crash(done: int, _total: int) -> None:
        copy = tmp_path / f"crash-{len(left)}"
        shutil.copytree(folder, copy)  # what is on the disk if the process is killed now
        left.append((done, copy))

    with closing(open_database(folder, now_ms=1, on_progress=crash)):
        pass
    assert len(left) > 4
    for done, copy in left:
        assert _parts(copy) == before
        progress: list[tuple[int, int]] = []
        with closing(open_database(copy, now_ms=1, on_progress=lambda *at: progress.append(at))):  # noqa: B023 - called here only
            pass
        assert progress[0] == (done, MESSAGES)
        assert _parts(copy) == before
    assert _parts(folder) == before
    assert {name for name in _tables(folder) if "new" in name or name.endswith("since")} == set()


def test_what_an_earlier_version_changes_meanwhile_is_copied_again(folder: Path) -> None:
    """Somebody may go back to it while only a part is copied."""

    def stop(done: int, _total: int) -> None:
        if done > MESSAGES // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_database(folder, now_ms=1, on_progress=stop)
    with closing(_connect(folder)) as connection:
        connection.execute("UPDATE parts SET content = '\"changed\"' WHERE message_seq = 900")
        connection.execute("DELETE FROM parts WHERE message_seq = 1000")
        connection.execute("UPDATE parts SET message_seq = 9000 WHERE message_seq = 1100")
        connection.execute("INSERT INTO parts VALUES (9001, 0, 'text', NULL, NULL, '1', NULL)")
        connection.execute("INSERT INTO parts VALUES (1200, 2, 'text', NULL, NULL, '2', NULL)")
    before = _parts(folder)
    with closing(open_database(folder, now_ms=1)):
        pass
    assert _parts(folder) == before
    assert (900, 0, '"changed"') in before


def test_a_full_disk_is_said_before_anything_is_changed(folder: Path) -> None:
    """The message says how much is needed."""
    before = (folder / DATABASE_NAME).read_bytes()
    needed = units.size(len(before) * 1.5)
    with closing(_connect(folder)) as connection:
        with pytest.raises(StateError, match=f"needs {needed} .* 1.0 MiB are free"):
            migrate(connection, free_bytes=lambda _folder: 1 << 20)
        assert connection.execute("PRAGMA user_version").fetchone()[0] == OLD
    assert (folder / DATABASE_NAME).read_bytes() == before


def test_an_interrupted_copy_asks_for_less_space(folder: Path) -> None:
    """What it copied is in the file already."""

    def stop(done: int, _total: int) -> None:
        if done > MESSAGES // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_database(folder, now_ms=1, on_progress=stop)
    size = (folder / DATABASE_NAME).stat().st_size
    with closing(_connect(folder)) as connection:
        with pytest.raises(StateError, match="of disk space"):
            migrate(connection, free_bytes=lambda _folder: size - 4096)
        migrate(connection, free_bytes=lambda _folder: size)
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)


def test_the_space_of_the_old_table_is_given_back(folder: Path) -> None:
    """At once, or at a later start if the disk is too full for that."""
    size = (folder / DATABASE_NAME).stat().st_size
    with closing(_connect(folder)) as connection:
        free = iter([PLENTY, 0])
        migrate(connection, free_bytes=lambda _folder: next(free))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert (folder / DATABASE_NAME).stat().st_size >= size
    before = _parts(folder)
    with closing(open_database(folder, now_ms=1)):
        pass
    assert (folder / DATABASE_NAME).stat().st_size < size / 4
    assert _parts(folder) == before


def test_few_unused_pages_are_left_as_they_are(folder: Path) -> None:
    """Rewriting the whole file for them does not pay."""
    with closing(open_database(folder, now_ms=1)), closing(_connect(folder)) as connection:
        assert not copied_parts.shrink(connection, lambda _folder: PLENTY)


def test_a_text_that_is_damaged_does_not_keep_the_others_from_being_copied(folder: Path) -> None:
    """A daemon starts in spite of one wrong byte in an old row."""
    with closing(_connect(folder)) as connection:
        connection.execute(
            "UPDATE parts SET content = CAST(CAST(content AS BLOB) || x'ff' AS TEXT)"
            " WHERE message_seq = 80"
        )
        before = connection.execute(
            "SELECT message_seq, position, content FROM parts WHERE message_seq <> 80 ORDER BY 1, 2"
        ).fetchall()
    with closing(open_database(folder, now_ms=1)) as database:
        assert database.set_aside is None
    after = _parts(folder)
    assert [row for row in after if row[0] != 80] == before
    assert [text for seq, _at, text in after if seq == 80] == [DAMAGED] * 2


def test_a_reader_meanwhile_gets_no_advice_to_stop_the_update(folder: Path) -> None:
    """Other commands say what happens."""
    errors: list[str] = []

    def look(_done: int, _total: int) -> None:
        with pytest.raises(OtherSchema) as raised:
            open_for_reading(folder)
        errors.append(str(raised.value))

    with closing(open_database(folder, now_ms=1, on_progress=look)):
        pass
    assert len(errors) > 3
    assert all("still being updated" in text and "stop" not in text for text in errors)
