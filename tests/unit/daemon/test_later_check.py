"""A large database is checked while it is in use, not when it is opened."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.daemon.later_check import LaterCheck
from ccsync_watch.store import full_check
from ccsync_watch.store.damage import CheckLevel
from ccsync_watch.store.database import DATABASE_NAME, Database, open_database
from ccsync_watch.store.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ROWS = 400
_FIRST_UNUSED = 32
"""Where the header names the first unused page."""


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_check, "AT_ONCE_BYTES", 1 << 16)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Return the folder of a database with a damaged page in the middle of a table."""
    database = open_database(tmp_path, now_ms=1)
    with database.write() as connection:
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)", ((f"row {row}", "x" * 900) for row in range(_ROWS))
        )
    database.close()
    path = tmp_path / DATABASE_NAME
    content = bytearray(path.read_bytes())
    page = content.index(b"row 200") // 4096
    content[page * 4096 : page * 4096 + 16] = b"\xff" * 16
    path.write_bytes(content)
    return tmp_path


@pytest.fixture
def opened(damaged: Path) -> Iterator[Database]:
    """Open the damaged database as a daemon does first."""
    database = open_database(damaged, now_ms=2, level=CheckLevel.LATER)
    yield database
    database.close()


def _run(check: LaterCheck) -> None:
    check.turn()
    for thread in threading.enumerate():
        if thread.name == "check":
            thread.join()


def test_a_large_database_is_opened_unchecked(opened: Database) -> None:
    """However large it is, a start takes no longer."""
    assert opened.set_aside is None
    assert opened.damage() is None


def test_damage_of_a_large_database_is_noticed_later(opened: Database) -> None:
    """The daemon that has it open sees it like whatever else met damage."""
    _run(LaterCheck(opened))
    damage = opened.damage()
    assert damage is not None
    assert not damage.is_misplaced


def test_damage_of_unused_pages_is_noticed_later(tmp_path: Path) -> None:
    """Rows that are written into them would be lost, or written over others."""
    database = open_database(tmp_path, now_ms=1)
    with database.write() as connection:
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)", ((f"row {row}", "x" * 900) for row in range(_ROWS))
        )
    with database.write() as connection:
        connection.execute("DELETE FROM meta WHERE name LIKE 'row %'")
    database.close()
    path = tmp_path / DATABASE_NAME
    content = bytearray(path.read_bytes())
    first = int.from_bytes(content[_FIRST_UNUSED : _FIRST_UNUSED + 4], "big")
    content[(first - 1) * 4096 + 4 : (first - 1) * 4096 + 8] = b"\xff" * 4
    path.write_bytes(content)
    database = open_database(tmp_path, now_ms=2, level=CheckLevel.LATER)
    _run(LaterCheck(database))
    assert database.set_aside is None
    assert database.damage() is not None
    database.close()


def test_a_database_is_checked_later_once(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each turn but the first does nothing."""
    check = LaterCheck(opened)
    _run(check)
    monkeypatch.setattr(opened, "read", pytest.fail)
    _run(check)


def test_a_check_after_the_close_notes_nothing(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted check is not a failure."""
    monkeypatch.setattr(opened, "note_failure", pytest.fail)
    opened.close()
    _run(LaterCheck(opened))


def test_a_check_ends_with_the_daemon(opened: Database) -> None:
    """It does not continue with the next table."""
    asked = list[bool]()

    def is_ending() -> bool:
        asked.append(True)
        return True

    full_check.check_pages(opened.read(), is_ending)
    assert asked == [True]


def test_a_healthy_database_passes(tmp_path: Path) -> None:
    """Every table of it is checked, and the schema with the unused pages."""
    database = open_database(tmp_path, now_ms=1)
    asked = list[bool]()

    def is_ending() -> bool:
        asked.append(False)
        return False

    full_check.check_pages(database.read(), is_ending)
    (tables,) = (
        database.read()
        .execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
            " AND sql NOT LIKE 'CREATE VIRTUAL%'"
        )
        .fetchone()
    )
    assert len(asked) == tables + 1
    database.close()


@pytest.mark.parametrize("level", [CheckLevel.QUICK, CheckLevel.FULL, CheckLevel.SHARED])
def test_a_doubtful_database_is_checked_at_once(damaged: Path, level: CheckLevel) -> None:
    """However large it is: something met damage in it, or nothing checks it later."""
    database = open_database(damaged, now_ms=2, level=level)
    assert database.set_aside is not None
    database.close()


def test_a_small_database_is_checked_at_once(
    damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is stored into one that is damaged."""
    monkeypatch.setattr(full_check, "AT_ONCE_BYTES", 1 << 30)
    database = open_database(damaged, now_ms=2, level=CheckLevel.LATER)
    assert database.set_aside is not None
    database.close()


def test_a_database_is_checked_before_its_migration(damaged: Path) -> None:
    """A migration would copy what is damaged."""
    connection = sqlite3.connect(damaged / DATABASE_NAME)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) - 1}")
    connection.close()
    database = open_database(damaged, now_ms=2, level=CheckLevel.LATER)
    assert database.set_aside is not None
    database.close()
