"""A supervisor in a thread, whose settings a test changes."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ccsync_watch.clock import SystemClock
from ccsync_watch.config import Settings
from ccsync_watch.control.messages import FlushRequest
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.daemon.supervisor import Supervisor
from ccsync_watch.errors import NotRunning
from ccsync_watch.store.database import open_for_reading
from support.ccsync_program.transcript import Transcript
from support.redaction_corpus.shared import cache_folder
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ccsync_watch.control.messages import FlushAnswer
    from ccsync_watch.daemon.control_service import ControlService
    from ccsync_watch.errors import CcsyncError


class SupervisedDaemon:
    """A supervisor in a thread, whose settings the test changes."""

    def __init__(self, tmp_path: Path) -> None:
        (tmp_path / "claude" / "projects").mkdir(parents=True)
        self.transcript = Transcript(tmp_path / "claude")
        self.file = tmp_path / "settings.json"
        self.settings = Settings(
            claude_dirs=(tmp_path / "claude",),
            state_dir=tmp_path / "state",
            cache_dir=cache_folder(),
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
        wait_until(self._answers, "the daemon answers")

    def _answers(self) -> bool:
        try:
            self.service.status()
        except NotRunning:
            return False  # a first start compiles the rules, which takes long on a busy machine
        return True

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
            assert self.changed.wait_for(lambda: self.started[-1:] == [settings], WAIT_SECONDS)

    def end(self) -> None:
        """Stop, and check that the thread ends."""
        self.supervisor.stop()
        if self.thread.ident is not None:
            self.thread.join(WAIT_SECONDS)
        assert not self.thread.is_alive()
        self.lock.release()
