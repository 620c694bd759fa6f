"""The figures without a daemon."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ccsync_watch.cli.sync_figures import figures_without_daemon
from ccsync_watch.config import load
from ccsync_watch.control.client import still_starting
from ccsync_watch.errors import DaemonUnavailable, NotRunning
from ccsync_watch.store.database import DATABASE_NAME, open_database

STOPPED = NotRunning("ccsync-watch is not running", hint="start it")


@pytest.mark.parametrize(
    ("absence", "is_stop_advised"), [(still_starting(), False), (STOPPED, True)]
)
def test_who_updates_the_database_is_not_to_be_stopped(
    env: dict[str, str], absence: DaemonUnavailable, *, is_stop_advised: bool
) -> None:
    """A daemon that starts does so before it answers."""
    settings = load(env)
    open_database(settings.state_dir, now_ms=1).close()
    with closing(sqlite3.connect(settings.state_dir / DATABASE_NAME)) as connection:
        connection.execute("PRAGMA user_version = 6")
    problems = figures_without_daemon(settings, absence)["problems"]
    hints = [problem["hint"] for problem in problems if problem["code"] == "other-schema"]
    assert [("stop" in hint) for hint in hints] == [is_stop_advised]


@pytest.mark.parametrize("absence", [still_starting(), STOPPED])
def test_a_newer_database_is_not_waited_for(
    env: dict[str, str], absence: DaemonUnavailable
) -> None:
    """No daemon of this version can use it, whatever it is doing."""
    settings = load(env)
    open_database(settings.state_dir, now_ms=1).close()
    with closing(sqlite3.connect(settings.state_dir / DATABASE_NAME)) as connection:
        connection.execute("PRAGMA user_version = 9999")
    first = figures_without_daemon(settings, absence)["problems"][0]
    assert (first["code"], first["title"]) == ("other-schema", "Newer database")
    assert first["hint"].startswith("update ccsync-watch, or call the newer one")
