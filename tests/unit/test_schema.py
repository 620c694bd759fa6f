"""The tables, how they came about, and that the hot questions never walk through them."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import StateError
from ccsync_watch.store import queries, sessions
from ccsync_watch.store.schema import MIGRATIONS, migrate
from storing import SESSION, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {row[0]: row[1] for row in rows}


class TestMigrate:
    """Each version once, in order."""

    def test_every_older_version_becomes_todays(self) -> None:
        """From whichever version, the tables are those of a new database."""
        new = sqlite3.connect(":memory:", isolation_level=None)
        migrate(new)
        assert new.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
        for version in range(len(MIGRATIONS)):
            old = sqlite3.connect(":memory:", isolation_level=None)
            for script in MIGRATIONS[:version]:
                old.executescript(script)
            old.execute(f"PRAGMA user_version = {version}")
            migrate(old)
            assert _tables(old) == _tables(new)
            old.close()
        new.close()

    def test_todays_version_is_left_as_it_is(self) -> None:
        """Nothing is done twice."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(connection)
        before = connection.total_changes
        migrate(connection)
        assert connection.total_changes == before
        connection.close()

    def test_a_newer_version_is_refused(self) -> None:
        """The error says both versions and to update."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.execute("PRAGMA user_version = 99")
        with pytest.raises(StateError, match=r"version 99.*up to \d+.*update"):
            migrate(connection)
        connection.close()


def _plans(world: World, question: Callable[[], object]) -> list[str]:
    """Return the plan of every statement that a question puts to the reading connection."""
    read = world.database.read()
    asked: list[str] = []
    read.set_trace_callback(asked.append)
    question()
    read.set_trace_callback(None)
    return [
        row["detail"]
        for statement in asked
        for row in read.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    ]


class TestPlans:
    """What is asked at every commit and turn must not slow down as the store grows."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        """Have a store with a few rows, and SQLite's statistics of none."""
        world = World(tmp_path)
        world.say("u1")
        return world

    @pytest.mark.parametrize(
        ("name", "indexes"),
        [
            ("rows", ["outbox_session", "sqlite_autoindex_parts_1|PRIMARY KEY"]),
            ("due_sessions", ["remote_due"]),
            ("next_due", ["remote_due"]),
            ("summary", ["usage_session", "PRIMARY KEY"]),
            ("remote", ["PRIMARY KEY", "messages_session"]),
            ("waiting", ["outbox_session"]),
            ("rejected", ["outbox_rejected"]),
            ("unsettled", ["PRIMARY KEY"]),
            ("session_rows", ["messages_session"]),
        ],
    )
    def test_hot_questions_use_indexes(self, world: World, name: str, indexes: list[str]) -> None:
        """No plan walks through a table, and none sorts."""
        outbox = world.outbox
        questions: dict[str, Callable[[], object]] = {
            "rows": lambda: outbox.rows(SESSION, 1 << 50, 100),
            "due_sessions": lambda: outbox.due_sessions(1 << 50, 4),
            "next_due": outbox.next_due_ms,
            "summary": lambda: queries.session_summary(world.database, SESSION),
            "remote": lambda: outbox.remote(SESSION),
            "waiting": lambda: outbox.waiting([SESSION], 1 << 50),
            "rejected": lambda: outbox.rejected([SESSION]),
            "unsettled": lambda: outbox.unsettled([SESSION]),
            "session_rows": lambda: queries.session_rows(world.database, SESSION),
        }
        plan = _plans(world, questions[name])
        shown = "\n".join(plan)
        assert not [step for step in plan if step.startswith("SCAN") and "INDEX" not in step], shown
        assert "TEMP B-TREE" not in shown
        for index in indexes:
            assert any(each in shown for each in index.split("|")), shown

    def test_marking_a_session_due_uses_keys(self, world: World) -> None:
        """Every commit does it, for every session it touched."""
        asked: list[str] = []
        with world.database.write() as connection:
            connection.set_trace_callback(asked.append)
            sessions.mark_due(connection, [SESSION], is_released=True)
            connection.set_trace_callback(None)
            plan = [
                row["detail"]
                for statement in asked
                for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
            ]
        assert plan
        assert [step for step in plan if "SCAN" in step and "CONSTANT" not in step] == []
