"""Changed settings restart the daemon; every request is answered, and the end always comes."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.config import DashboardSettings, Secret, Settings
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import FlushRequest
from ccsync_watch.control.pidfile import read_pidfile
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.daemon.supervisor import Supervisor
from ccsync_watch.errors import CcsyncError, ConfigError, NotRunning
from ccsync_watch.store import status_figures
from ccsync_watch.store.database import open_for_reading
from support.ccsync_program.transcript import Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccsync_watch.control.messages import FlushAnswer
    from ccsync_watch.daemon.control_service import ControlService

WAIT = 30.0


class Scene:
    """A supervisor in a thread, whose settings the test changes."""

    def __init__(self, tmp_path: Path) -> None:
        (tmp_path / "claude" / "projects").mkdir(parents=True)
        self.transcript = Transcript(tmp_path / "claude")
        self.file = tmp_path / "settings.json"
        self.settings = Settings(
            claude_dirs=(tmp_path / "claude",),
            state_dir=tmp_path / "state",
            cache_dir=Path(os.environ["XDG_CACHE_HOME"]),
            file=self.file,
        )
        self.load_error: CcsyncError | None = None
        self.started: list[Settings] = []
        self.changed = threading.Condition()
        self.on_start: Callable[[], None] = lambda: None
        self.lock = InstanceLock(self.settings.state_dir)
        self.lock.acquire(0)
        self.supervisor = Supervisor(
            self._load, clock=SystemClock(), lock=self.lock, on_start=self._add_start
        )
        self.thread = threading.Thread(target=self.supervisor.run, name="supervisor")

    @property
    def service(self) -> ControlService:
        """Return what answers other threads."""
        return self.supervisor.service

    def _load(self) -> Settings:
        if self.load_error is not None:
            raise self.load_error
        return self.settings

    def _add_start(self, settings: Settings) -> None:
        with self.changed:
            self.started.append(settings)
            self.changed.notify_all()
        self.on_start()

    def start(self) -> None:
        """Run in the thread, and wait until the daemon answers."""
        self.thread.start()
        self.service.status()

    def status(self) -> dict[str, Any]:
        """Return the status as a client receives it."""
        status: Any = self.service.status()
        return dict(status)

    def problems(self) -> list[tuple[str, str]]:
        """Return the codes and severities of the daemon's problems."""
        return [(problem["code"], problem["severity"]) for problem in self.status()["problems"]]

    def flush(self, session_id: str | None = None, seconds: float = 20) -> FlushAnswer:
        """Flush as a client does."""
        return self.service.flush(FlushRequest(session_id, seconds))

    def stored(self) -> str:
        """Return everything in the store as text."""
        database = open_for_reading(self.settings.state_dir)
        assert database is not None
        text = "\n".join(database.read().iterdump())
        database.close()
        return text

    def change(self, **settings: Any) -> Settings:  # noqa: ANN401 - any setting
        """Change the settings and their file."""
        self.settings = replace(self.settings, **settings)
        self.touch()
        return self.settings

    def touch(self) -> None:
        """Change the file, not the settings."""
        before = self.file.read_text() if self.file.exists() else ""
        self.file.write_text(before + " ")

    def wait_for(self, settings: Settings) -> None:
        """Wait until a daemon has these settings."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.started[-1:] == [settings], WAIT)

    def end(self) -> None:
        """Stop, and check that the thread ends."""
        self.supervisor.stop()
        if self.thread.ident is not None:
            self.thread.join(WAIT)
        assert not self.thread.is_alive()
        self.lock.release()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Return a supervisor that does not run yet, and end it."""
    scene = Scene(tmp_path)
    yield scene
    scene.end()


def test_a_flush_through_the_socket_reads_what_is_on_disk(scene: Scene) -> None:
    """The answer comes after it is in the store."""
    scene.start()
    scene.transcript.turn()
    answer = ControlClient(scene.settings.state_dir).flush(FlushRequest(seconds=20))
    assert answer.is_read
    assert answer.is_local
    status = scene.status()
    assert status["totals"]["messages"] == 2
    assert status["bytes_behind"] == 0


def test_a_flush_of_an_unknown_session_says_so(scene: Scene) -> None:
    """It is not reported as read."""
    scene.start()
    scene.transcript.turn()
    assert scene.flush(scene.transcript.session_id).is_known
    assert not scene.flush("nobody").is_known


def test_changed_settings_start_a_new_daemon(scene: Scene) -> None:
    """Socket and pidfile stay, and the new daemon answers."""
    scene.start()
    pidfile = read_pidfile(scene.settings.state_dir)
    changed = scene.change(convex_url="http://127.0.0.1:9", auto_sync=False)
    status = scene.status()
    assert status["config"]["convex_url"] == "http://127.0.0.1:9"
    assert scene.started[-1] == changed
    assert read_pidfile(scene.settings.state_dir) == pidfile


def test_the_daemon_detects_a_change_by_itself(scene: Scene) -> None:
    """Within about a second, without any request."""
    scene.start()
    scene.wait_for(scene.change(sync_thinking=True))


def test_an_edit_without_a_change_keeps_the_daemon(scene: Scene) -> None:
    """The settings are equal."""
    scene.start()
    scene.touch()
    scene.status()
    assert len(scene.started) == 1


def test_an_invalid_edit_is_an_error_and_keeps_the_old_settings(scene: Scene) -> None:
    """Until it is corrected."""
    scene.start()
    scene.load_error = ConfigError("line 2 is wrong", hint="correct it")
    scene.touch()
    problem = scene.service.reload().problem
    assert problem is not None
    assert problem.code == "settings-not-used"
    assert problem.detail == "the new settings are not used: line 2 is wrong"
    assert problem.hint == "correct it"
    status = scene.status()
    assert any("line 2 is wrong" in problem["detail"] for problem in status["problems"])
    assert ("settings-not-used", "error") in scene.problems()
    scene.transcript.turn()
    assert scene.flush().is_read
    scene.load_error = None
    scene.touch()
    assert scene.service.reload().problem is None
    assert len(scene.started) == 1


def test_an_invalid_pattern_is_an_invalid_edit(scene: Scene) -> None:
    """With it no redactor could be built, and nothing could be read."""
    scene.start()
    scene.change(redact=replace(scene.settings.redact, patterns=("(",)))
    problem = scene.service.reload().problem
    assert problem is not None
    assert "redact" in problem.detail
    assert len(scene.started) == 1


def test_a_change_while_the_daemon_is_built_is_not_lost(scene: Scene) -> None:
    """The daemon that was being built stops at once."""
    scene.start()
    once = iter([True])

    def change_again() -> None:
        if next(once, False):
            scene.change(max_output_chars=7)
            scene.supervisor.reload_if_changed()

    scene.on_start = change_again
    scene.change(max_output_chars=5)
    scene.wait_for(replace(scene.settings, max_output_chars=7))
    status = scene.status()
    assert status["daemon"]["running"]
    assert scene.started[-1].max_output_chars == 7


def test_a_flush_survives_a_change_of_settings(scene: Scene) -> None:
    """The next daemon answers it."""
    scene.start()
    results: list[bool] = []
    client = threading.Thread(target=lambda: results.append(scene.flush().is_read))
    client.start()
    scene.change(sync_thinking=True)
    scene.supervisor.reload_if_changed()
    client.join(WAIT)
    assert results == [True]


def test_a_pending_flush_ends_with_the_program(scene: Scene) -> None:
    """Its caller gets an error, although it would have waited for an hour."""
    scene.start()
    errors: list[str] = []

    def flush() -> None:
        try:
            while True:
                scene.flush(seconds=3600)
        except NotRunning as error:
            errors.append(error.message)

    clients = [threading.Thread(target=flush) for _ in range(3)]
    for thread in clients:
        thread.start()
    scene.end()
    for thread in clients:
        thread.join(WAIT)
    assert len(errors) == 3
    assert all("ccsync-watch is stopping" in error for error in errors)


def test_a_stop_before_the_start_ends_the_run(scene: Scene) -> None:
    """SIGTERM may come while the database is opened."""
    scene.supervisor.stop()
    scene.thread.start()
    scene.thread.join(WAIT)
    assert not scene.thread.is_alive()


def test_a_stop_during_a_change_ends_the_run(scene: Scene) -> None:
    """It is not lost between two daemons."""
    scene.start()
    scene.on_start = scene.supervisor.stop
    scene.change(sync_thinking=True)
    scene.thread.join(WAIT)
    assert not scene.thread.is_alive()


def test_the_last_lines_are_read_at_the_end(scene: Scene) -> None:
    """What was written a moment before Ctrl+C is in the store."""
    scene.start()
    scene.transcript.turn()
    scene.end()
    database = open_for_reading(scene.settings.state_dir)
    assert database is not None
    messages = status_figures.totals(database)["messages"]
    database.close()
    assert messages == 2


def test_no_thread_and_no_socket_is_left(scene: Scene) -> None:
    """After the end the process is as it was before."""
    before = {thread for thread in threading.enumerate() if thread.daemon}
    scene.start()
    pidfile = read_pidfile(scene.settings.state_dir)
    scene.change(convex_url="http://127.0.0.1:9")
    scene.status()
    scene.end()
    left = {thread for thread in threading.enumerate() if thread.daemon and thread.is_alive()}
    assert left <= before
    assert pidfile is not None
    assert not (scene.settings.state_dir / "control.sock").exists()


def test_a_new_api_key_is_a_known_secret_at_once(scene: Scene) -> None:
    """`login` sets it while the daemon runs; no rule would find it by its form."""
    key = "plum giraffe 7"
    scene.start()
    scene.transcript.append(scene.transcript.writer.prompt(f"Before: {key}."))
    assert scene.flush().is_read
    assert f"Before: {key}." in scene.stored()
    scene.change(api_key=Secret(key))
    assert scene.service.reload().problem is None
    scene.transcript.append(scene.transcript.writer.prompt(f"After: {key}."))
    assert scene.flush().is_read
    assert "After: [REDACTED:opensync-key:" in scene.stored()
    assert f"After: {key}" not in scene.stored()


def test_a_taken_dashboard_port_is_a_warning(scene: Scene) -> None:
    """Everything else works; the link says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        scene.settings = replace(scene.settings, dashboard=DashboardSettings(port=port))
        scene.touch()
        scene.start()
        assert ("dashboard-port-taken", "warning") in scene.problems()
        answer = scene.service.dashboard()
    assert answer.url is None
    assert answer.problem is not None
    assert str(port) in answer.problem.detail
    assert answer.problem.hint == "set dashboard.port to another"
    assert scene.flush().is_read


def test_a_disabled_dashboard_is_not_a_problem(scene: Scene) -> None:
    """Only a request for its link says that it is off."""
    scene.settings = replace(scene.settings, dashboard=DashboardSettings(enabled=False))
    scene.touch()
    scene.start()
    assert not [code for code, _severity in scene.problems() if code.startswith("dashboard")]
    problem = scene.service.dashboard().problem
    assert problem is not None
    assert (problem.code, problem.severity) == ("dashboard-off", "info")
