"""The tables, how they came about, and that the hot questions never walk through them."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import StateError
from ccsync_watch.store import (
    conversations,
    session_list,
    session_summaries,
    session_writer,
    stored_messages,
)
from ccsync_watch.store.hand_offs import find_hand_off
from ccsync_watch.store.migrations import MIGRATIONS
from ccsync_watch.store.schema import add_functions, migrate
from ccsync_watch.store.session_list import load_session
from ccsync_watch.store.views import create_views
from support.storing import SESSION, World, message

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
            add_functions(old)
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

    def test_a_new_database_is_never_an_earlier_one(self, tmp_path: Path) -> None:
        """Whoever reads while it is created sees nothing, or all of it."""
        path = tmp_path / "ccsync.db"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = wal")
        reader = sqlite3.connect(path, isolation_level=None)
        versions: set[int] = set()

        def read_version(_statement: str) -> None:
            versions.add(reader.execute("PRAGMA user_version").fetchone()[0])

        connection.set_trace_callback(read_version)
        migrate(connection)
        read_version("")
        assert versions == {0, len(MIGRATIONS)}
        reader.close()
        connection.close()

    def test_triggers_allow_conflicts_whatever_statement_fires_them(self) -> None:
        """In one that an upsert fires, OR IGNORE is an error: see sqlite.org/lang_UPSERT.html."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(connection)
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        inserting = {name: sql for name, sql in triggers if "INSERT" in sql}
        assert len(inserting) >= 8
        assert [
            name for name, sql in inserting.items() if re.search(r"\bOR [A-Z]+ INTO", sql)
        ] == []
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
            ("sent", ["messages_session"]),
            ("call", ["parts_call"]),
            ("pending", ["outbox_session"]),
            ("due_sessions", ["remote_due"]),
            ("live_sessions", ["remote_due"]),
            ("next_due", ["remote_due"]),
            ("summary", ["usage_session", "PRIMARY KEY"]),
            ("remote", ["PRIMARY KEY", "messages_session"]),
            ("waiting", ["outbox_session"]),
            ("rejected", ["outbox_rejected"]),
            ("unsettled", ["PRIMARY KEY"]),
            ("session_rows", ["messages_session"]),
            ("session_row", ["PRIMARY KEY"]),
            ("conversation", ["messages_session"]),
            ("timeline", ["messages_session"]),
            ("hand_off", ["session_facts_continued", "PRIMARY KEY"]),
            ("host", ["sessions_host"]),
        ],
    )
    def test_hot_questions_use_indexes(self, world: World, name: str, indexes: list[str]) -> None:
        """No plan walks through a table, and none sorts."""
        outbox = world.outbox
        questions: dict[str, Callable[[], object]] = {
            "rows": lambda: outbox.rows(SESSION, 1 << 50, 100),
            "sent": lambda: list(outbox.sent_messages(SESSION)),
            "call": lambda: stored_messages.find_call(world.database.read(), SESSION, "toolu_1"),
            "pending": lambda: outbox.count_pending([SESSION], 1 << 50),
            "due_sessions": lambda: outbox.due_sessions(1 << 50, 4),
            "live_sessions": lambda: outbox.live_sessions(1 << 50, 1),
            "next_due": outbox.next_due_ms,
            "summary": lambda: session_summaries.session_summary(world.database, SESSION),
            "remote": lambda: outbox.remote(SESSION),
            "waiting": lambda: outbox.count_sendable([SESSION], 1 << 50),
            "rejected": lambda: outbox.count_rejected([SESSION]),
            "unsettled": lambda: outbox.count_unsettled([SESSION]),
            "session_row": lambda: load_session(world.database, SESSION),
            "conversation": lambda: conversations.conversation_page(world.database, SESSION),
            "timeline": lambda: list(conversations.timeline_steps(world.database, SESSION)),
            "hand_off": lambda: find_hand_off(world.database, SESSION),
            "host": lambda: session_list.count_matching(
                world.database, session_list.SessionFilter(host="laptop"), 100
            ),
            "session_rows": lambda: stored_messages.session_messages(world.database, SESSION),
        }
        plan = _plans(world, questions[name])
        shown = "\n".join(plan)
        # What walks through a co-routine reads the rows that its own search returns.
        inner = {f"SCAN {step.split()[1]}" for step in plan if step.startswith("CO-ROUTINE")}
        scans = {step for step in plan if step.startswith("SCAN") and "INDEX" not in step}
        assert scans <= inner, shown
        assert "TEMP B-TREE" not in shown
        for index in indexes:
            assert any(name in shown for name in index.split("|")), shown

    @pytest.mark.parametrize("column", ["project", "model", "branch", "host"])
    def test_sessions_are_counted_by_an_index_alone(self, world: World, column: str) -> None:
        """Of a frequent model, to read each session would take longer than the rest of a page."""
        session_filter = session_list.SessionFilter(**{column: "x"}, is_conversation=True)  # type: ignore[arg-type] # names of fields
        plan = _plans(world, lambda: session_list.count_matching(world.database, session_filter, 9))
        assert any("COVERING INDEX" in step for step in plan), plan

    def test_excluded_sessions_have_an_index(self, world: World) -> None:
        """Every sum leaves them out: there are few or none, of a hundred thousand."""
        query = "SELECT id FROM sessions WHERE is_excluded"
        plan = _plans(world, lambda: world.database.read().execute(query).fetchall())
        assert any("sessions_excluded" in step for step in plan), plan

    def test_marking_a_session_due_uses_keys(self, world: World) -> None:
        """Every commit does it, for every session it touched."""
        asked: list[str] = []
        with world.database.write() as connection:
            connection.set_trace_callback(asked.append)
            session_writer.mark_due(connection, [SESSION], is_released=True)
            connection.set_trace_callback(None)
            plan = [
                row["detail"]
                for statement in asked
                for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
            ]
        assert plan
        assert [step for step in plan if "SCAN" in step and "CONSTANT" not in step] == []


class TestCounts:
    """The sums that triggers keep are what a count over the tables gives."""

    def test_they_follow_every_change(self, tmp_path: Path) -> None:
        """Rows that come, change their kind, are sent, held, refused, or removed."""
        world = World(tmp_path)
        world.ingest(
            message("u1"), message("u2", is_inherited=True), message("a1", kind="answer"),
        )  # fmt: skip
        world.say("u1", session_id="held", is_released=False)
        _assert_counted(world)
        world.ingest(message("u1", "Another text", kind="command"))
        world.outbox.reject(world.outbox.rows(SESSION, 1 << 50, 1).value[0], "odd")
        _assert_counted(world)
        world.outbox.release(["held"])
        world.outbox.retry_rejected(is_released=False)
        _assert_counted(world)
        world.outbox.release(None)
        world.drain()
        _assert_counted(world)
        with world.database.write() as connection:
            connection.execute("UPDATE compact_messages SET is_inherited = 1 - is_inherited")
        _assert_counted(world)
        with world.database.write() as connection:
            connection.execute("DELETE FROM compact_messages WHERE seq % 2")
        _assert_counted(world)

    def test_an_older_database_is_counted_when_it_is_migrated(self) -> None:
        """What it held before counts as what comes after."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.executescript(MIGRATIONS[0])
        connection.execute("PRAGMA user_version = 1")
        row = "(?, ?, 's', NULL, 'u', NULL, 1, 0, 'user', ?, 1, 1, NULL, 'm', 0, '{}', x'')"
        for seq, kind in enumerate(["session", "prompt", "answer"]):
            connection.execute(f"INSERT INTO messages VALUES {row}", (seq, f"i{seq}", kind))  # noqa: S608 - constants
        connection.execute("INSERT INTO outbox VALUES (1, 's', 0, 1, 0, 0, 0, NULL)")
        connection.execute(
            "INSERT INTO usage VALUES ('m', 's', NULL, 'opus', 1, 1, 2, 3, 4, 5, 0, NULL, 1, NULL)"
        )
        connection.execute("INSERT INTO session_facts VALUES ('s', 'cost_state', '{}')")
        migrate(connection)
        create_views(connection)
        counts = connection.execute("SELECT * FROM session_counts").fetchall()
        assert counts == [("s", 2, 1, 1, 1, 0)]
        rows = connection.execute("SELECT usage_id, owner, prompt_tokens FROM usage_rows")
        assert rows.fetchall() == [("m", "s", 13)]
        assert connection.execute("SELECT count(*) FROM cost_states").fetchone() == (1,)
        connection.close()


def _assert_counted(world: World) -> None:
    read = world.database.read()
    kept = read.execute(
        "SELECT session_id, messages, prompts, pending, held, rejected FROM session_counts"
        " WHERE messages OR pending OR rejected ORDER BY 1"
    ).fetchall()
    counted = read.execute(
        "SELECT m.session_id, sum(m.kind <> 'session'),"
        " sum(m.kind = 'prompt' AND NOT m.is_inherited), count(o.seq) - count(o.rejected),"
        " coalesce(sum(o.rejected IS NULL AND NOT o.is_released), 0), count(o.rejected)"
        " FROM messages m LEFT JOIN outbox o USING (seq) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert [tuple(row) for row in kept] == [tuple(row) for row in counted]
