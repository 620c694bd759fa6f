"""The daemon under changing settings: whoever asks gets an answer, and the end comes."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.config import Settings
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
        self.mistake: CcsyncError | None = None
        self.introduced: list[Settings] = []
        self.changed = threading.Condition()
        self.on_change: Callable[[], None] = lambda: None
        self.lock = InstanceLock(self.settings.state_dir)
        self.lock.acquire(0)
        self.supervisor = Supervisor(
            self._load, clock=SystemClock(), lock=self.lock, on_change=self._introduced
        )
        self.thread = threading.Thread(target=self.supervisor.run, name="supervisor")

    def _load(self) -> Settings:
        if self.mistake is not None:
            raise self.mistake
        return self.settings

    def _introduced(self, settings: Settings) -> None:
        with self.changed:
            self.introduced.append(settings)
            self.changed.notify_all()
        self.on_change()

    def start(self) -> None:
        """Run in the thread, and wait until the daemon answers."""
        self.thread.start()
        self.supervisor.status()

    def flush(self, session_id: str | None = None, seconds: float = 20) -> FlushAnswer:
        """Flush as a client does."""
        return self.supervisor.flush(FlushRequest(session_id, seconds))

    def change(self, **more: Any) -> Settings:  # noqa: ANN401 - any setting
        """Change the settings and their file."""
        self.settings = replace(self.settings, **more)
        self.touch()
        return self.settings

    def touch(self) -> None:
        """Change the file's mark only."""
        before = self.file.read_text() if self.file.exists() else ""
        self.file.write_text(before + " ")

    def wait_for(self, settings: Settings) -> None:
        """Wait until a daemon has these settings."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.introduced[-1:] == [settings], WAIT)

    def end(self) -> None:
        """Stop, and see that every thread ends."""
        self.supervisor.stop()
        if self.thread.ident is not None:
            self.thread.join(WAIT)
        assert not self.thread.is_alive()
        self.lock.release()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Return a supervisor that does not run yet, and end it."""
    made = Scene(tmp_path)
    yield made
    made.end()


def test_it_reads_and_answers(scene: Scene) -> None:
    """A flush through the socket brings what is on disk into the store."""
    scene.start()
    scene.transcript.turn()
    answer = ControlClient(scene.settings.state_dir).flush(FlushRequest(seconds=20))
    assert answer.is_read
    assert answer.is_local
    status: Any = scene.supervisor.status()
    assert status["totals"]["messages"] == 2
    assert status["bytes_behind"] == 0


def test_an_unknown_session_is_told(scene: Scene) -> None:
    """Reading it is no success when there is none."""
    scene.start()
    scene.transcript.turn()
    assert scene.flush(scene.transcript.session_id).is_known
    assert not scene.flush("nobody").is_known


def test_changed_settings_make_a_new_daemon(scene: Scene) -> None:
    """The socket and its note stay; whoever asks is answered by the new one."""
    scene.start()
    note = read_pidfile(scene.settings.state_dir)
    changed = scene.change(convex_url="http://127.0.0.1:9", auto_sync=False)
    status: Any = scene.supervisor.status()
    assert status["config"]["convex_url"] == "http://127.0.0.1:9"
    assert scene.introduced[-1] == changed
    assert read_pidfile(scene.settings.state_dir) == note


def test_the_daemon_notices_by_itself(scene: Scene) -> None:
    """Within about a second, also when nobody asks."""
    scene.start()
    scene.wait_for(scene.change(sync_thinking=True))


def test_an_edit_that_changes_nothing_disturbs_nothing(scene: Scene) -> None:
    """Same settings, same daemon."""
    scene.start()
    scene.touch()
    scene.supervisor.status()
    assert len(scene.introduced) == 1


def test_a_broken_edit_keeps_the_old_settings_and_says_so(scene: Scene) -> None:
    """Until it is mended."""
    scene.start()
    scene.mistake = ConfigError("line 2 is wrong", hint="correct it")
    scene.touch()
    problem = scene.supervisor.reload().problem
    assert problem is not None
    assert problem.code == "settings-not-used"
    assert problem.detail == "the new settings are not used: line 2 is wrong"
    assert problem.hint == "correct it"
    status: Any = scene.supervisor.status()
    assert any("line 2 is wrong" in problem["detail"] for problem in status["problems"])
    scene.transcript.turn()
    assert scene.flush().is_read
    scene.mistake = None
    scene.touch()
    assert scene.supervisor.reload().problem is None
    assert len(scene.introduced) == 1


def test_a_pattern_that_is_none_is_a_broken_edit(scene: Scene) -> None:
    """It would stop the redactor, and with it everything."""
    scene.start()
    scene.change(redact=replace(scene.settings.redact, patterns=("(",)))
    problem = scene.supervisor.reload().problem
    assert problem is not None
    assert "redact" in problem.detail
    assert len(scene.introduced) == 1


def test_a_change_while_the_daemon_is_made_is_not_lost(scene: Scene) -> None:
    """The one that was being made never runs."""
    scene.start()
    once = iter([True])

    def change_again() -> None:
        if next(once, False):
            scene.change(max_output_chars=7)
            scene.supervisor.look()

    scene.on_change = change_again
    scene.change(max_output_chars=5)
    scene.wait_for(replace(scene.settings, max_output_chars=7))
    status: Any = scene.supervisor.status()
    assert status["daemon"]["running"]
    assert scene.introduced[-1].max_output_chars == 7


def test_a_flush_survives_a_change_of_settings(scene: Scene) -> None:
    """It is answered by the successor."""
    scene.start()
    results: list[bool] = []
    asking = threading.Thread(target=lambda: results.append(scene.flush().is_read))
    asking.start()
    scene.change(sync_thinking=True)
    scene.supervisor.look()
    asking.join(WAIT)
    assert results == [True]


def test_a_pending_flush_does_not_hang_at_the_end(scene: Scene) -> None:
    """Its caller is told, though it was ready to wait for an hour."""
    scene.start()
    errors: list[str] = []

    def flush() -> None:
        try:
            while True:
                scene.flush(seconds=3600)
        except NotRunning as error:
            errors.append(error.message)

    asking = [threading.Thread(target=flush) for _ in range(3)]
    for thread in asking:
        thread.start()
    scene.end()
    for thread in asking:
        thread.join(WAIT)
    assert len(errors) == 3
    assert all("ccsync-watch is stopping" in error for error in errors)


def test_an_end_before_the_start_is_one(scene: Scene) -> None:
    """SIGTERM may come while the database is opened."""
    scene.supervisor.stop()
    scene.thread.start()
    scene.thread.join(WAIT)
    assert not scene.thread.is_alive()


def test_an_end_during_a_change_is_one(scene: Scene) -> None:
    """It must not be lost between two daemons."""
    scene.start()
    scene.on_change = scene.supervisor.stop
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


def test_no_thread_and_no_file_is_left(scene: Scene) -> None:
    """After the end the process is as it was before."""
    before = {thread for thread in threading.enumerate() if thread.daemon}
    scene.start()
    path = read_pidfile(scene.settings.state_dir)
    scene.change(convex_url="http://127.0.0.1:9")
    scene.supervisor.status()
    scene.end()
    left = {thread for thread in threading.enumerate() if thread.daemon and thread.is_alive()}
    assert left <= before
    assert path is not None
    assert not (scene.settings.state_dir / "control.sock").exists()
