"""Changed settings restart the daemon, and the end always comes."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.config import Secret
from ccsync_watch.control.pidfile import read_pidfile
from ccsync_watch.errors import ConfigError, NotRunning, StateError
from ccsync_watch.store import status_figures
from ccsync_watch.store.database import open_for_reading
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from support.supervised_daemon import SupervisedDaemon


def test_changed_settings_start_a_new_daemon(supervised: SupervisedDaemon) -> None:
    """Socket and pidfile stay, and the new daemon answers."""
    supervised.start()
    pidfile = read_pidfile(supervised.settings.state_dir)
    changed = supervised.change(convex_url="http://127.0.0.1:9", auto_sync=False)
    status = supervised.status()
    assert status["config"]["convex_url"] == "http://127.0.0.1:9"
    assert supervised.started[-1] == changed
    assert read_pidfile(supervised.settings.state_dir) == pidfile


def test_the_daemon_detects_a_change_by_itself(supervised: SupervisedDaemon) -> None:
    """Within about a second, without any request."""
    supervised.start()
    supervised.wait_for(supervised.change(sync_thinking=True))


def test_an_edit_without_a_change_keeps_the_daemon(supervised: SupervisedDaemon) -> None:
    """The settings are equal."""
    supervised.start()
    supervised.touch()
    supervised.status()
    assert len(supervised.started) == 1


def test_an_invalid_edit_is_an_error_and_is_not_used(
    supervised: SupervisedDaemon,
) -> None:
    """Until it is corrected."""
    supervised.start()
    supervised.load_error = ConfigError("line 2 is wrong", hint="correct it")
    supervised.touch()
    problem = supervised.service.reload().problem
    assert problem is not None
    assert problem.code == "settings-not-used"
    assert problem.detail == "the new settings are not used: line 2 is wrong"
    assert problem.hint == "correct it"
    status = supervised.status()
    assert any("line 2 is wrong" in problem["detail"] for problem in status["problems"])
    assert ("settings-not-used", "error") in supervised.problems()
    supervised.transcript.turn()
    assert supervised.flush().is_read
    supervised.load_error = None
    supervised.touch()
    assert supervised.service.reload().problem is None
    assert len(supervised.started) == 1


def test_why_there_is_no_daemon_is_said_once_and_to_all_who_ask(
    supervised: SupervisedDaemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk may be full for days, and the daemon is tried again every two seconds."""
    attempts: list[int] = []

    def fail() -> None:
        attempts.append(1)
        raise StateError("the disk is full", hint="free some space", title="Disk full")

    monkeypatch.setattr("ccsync_watch.daemon.supervisor._CHANGE_SECONDS", 0.1)
    monkeypatch.setattr("ccsync_watch.daemon.supervisor._RETRY_SECONDS", 0.05)
    supervised.start()
    supervised.on_start = fail
    supervised.change(sync_thinking=True)
    wait_until(lambda: len(attempts) > 3, "it is tried again")
    with pytest.raises(NotRunning, match="starting again: the disk is full: free some space"):
        supervised.flush()
    assert caplog.text.count("the disk is full") == 1
    failed = len(attempts)
    supervised.on_start = lambda: None
    monkeypatch.undo()
    assert supervised.flush().is_read
    assert len(attempts) <= failed + 1


def test_an_invalid_pattern_is_an_invalid_edit(supervised: SupervisedDaemon) -> None:
    """With it no redactor could be built, and nothing could be read."""
    supervised.start()
    supervised.change(redact=replace(supervised.settings.redact, patterns=("(",)))
    problem = supervised.service.reload().problem
    assert problem is not None
    assert "redact" in problem.detail
    assert len(supervised.started) == 1


def test_a_change_while_the_daemon_is_built_is_not_lost(supervised: SupervisedDaemon) -> None:
    """The daemon that was being built stops at once."""
    supervised.start()
    once = iter([True])

    def change_again() -> None:
        if next(once, False):
            supervised.change(max_output_chars=7)
            supervised.supervisor.reload_if_changed()

    supervised.on_start = change_again
    supervised.change(max_output_chars=5)
    supervised.wait_for(replace(supervised.settings, max_output_chars=7))
    status = supervised.status()
    assert status["daemon"]["running"]
    assert supervised.started[-1].max_output_chars == 7


def test_a_stop_before_the_start_ends_the_run(supervised: SupervisedDaemon) -> None:
    """SIGTERM may come while the database is opened."""
    supervised.supervisor.stop()
    supervised.thread.start()
    supervised.thread.join(WAIT_SECONDS)
    assert not supervised.thread.is_alive()


def test_a_stop_during_a_change_ends_the_run(supervised: SupervisedDaemon) -> None:
    """It is not lost between two daemons."""
    supervised.start()
    supervised.on_start = supervised.supervisor.stop
    supervised.change(sync_thinking=True)
    supervised.thread.join(WAIT_SECONDS)
    assert not supervised.thread.is_alive()


def test_the_last_lines_are_read_at_the_end(supervised: SupervisedDaemon) -> None:
    """What was written a moment before Ctrl+C is in the store."""
    supervised.start()
    supervised.transcript.turn()
    supervised.end()
    database = open_for_reading(supervised.settings.state_dir)
    assert database is not None
    messages = status_figures.totals(database)["messages"]
    database.close()
    assert messages == 2


def test_no_thread_and_no_socket_is_left(supervised: SupervisedDaemon) -> None:
    """After the end the process is as it was before."""
    before = {thread for thread in threading.enumerate() if thread.daemon}
    supervised.start()
    pidfile = read_pidfile(supervised.settings.state_dir)
    supervised.change(convex_url="http://127.0.0.1:9")
    supervised.status()
    supervised.end()
    left = {thread for thread in threading.enumerate() if thread.daemon and thread.is_alive()}
    assert left <= before
    assert pidfile is not None
    assert not (supervised.settings.state_dir / "control.sock").exists()


def test_a_new_api_key_is_a_known_secret_at_once(supervised: SupervisedDaemon) -> None:
    """`login` sets it while the daemon runs; no rule would find it by its form."""
    key = "plum giraffe 7"
    supervised.start()
    supervised.transcript.append(supervised.transcript.writer.prompt(f"Before: {key}."))
    assert supervised.flush().is_read
    assert f"Before: {key}." in supervised.stored()
    supervised.change(api_key=Secret(key))
    assert supervised.service.reload().problem is None
    supervised.transcript.append(supervised.transcript.writer.prompt(f"After: {key}."))
    assert supervised.flush().is_read
    assert "After: [REDACTED:opensync-key:" in supervised.stored()
    assert f"After: {key}" not in supervised.stored()


@pytest.mark.parametrize("next_key", [None, Secret("pear otter 8")], ids=["logout", "login"])
def test_an_earlier_api_key_stays_a_known_secret(
    supervised: SupervisedDaemon, next_key: Secret | None
) -> None:
    """It is still valid after a `logout`, or a `login` with another key."""
    key = "plum giraffe 7"
    supervised.change(api_key=Secret(key))
    supervised.start()
    assert supervised.service.reload().problem is None
    changes: dict[str, Any]
    for changes in ({"api_key": next_key}, {"max_prompt_chars": 900}):
        supervised.change(**changes)
        assert supervised.service.reload().problem is None
        supervised.transcript.append(supervised.transcript.writer.prompt(f"After: {key}."))
        assert supervised.flush().is_read
    assert supervised.stored().count("After: [REDACTED:opensync-key:") >= 2
    assert key not in supervised.stored()
