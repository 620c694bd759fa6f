"""The daemon's loop, driven by a clock that acts instead of waiting."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.config import Settings
from ccsync_watch.daemon.daemon import GATHER_SECONDS, Daemon
from support.ccsync_program.transcript import Transcript
from support.fakes import FakeClock

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from ccsync_watch.daemon.runtime import Runtime


@dataclass
class ActingClock(FakeClock):
    """Runs `idle` actions, one for each wait of the loop that has nothing to do; then `on_end`.

    `resting` runs while the loop lets lines gather. Other waits pass at once.
    """

    idle: list[Callable[[], None]] = field(default_factory=list)
    resting: Callable[[], None] = lambda: None
    on_end: Callable[[], None] = lambda: None
    rests: list[float] = field(default_factory=list)
    daemon: Daemon | None = None

    def __post_init__(self) -> None:
        """Start as the plain one does."""
        super().__init__()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Act."""
        assert self.daemon is not None
        if event is self.daemon._wakeups.event:
            (self.idle.pop(0) if self.idle else self.on_end)()
            return True
        if event is self.daemon._stopping:
            self.rests.append(seconds)
            self.resting()
        return super().wait(event, seconds)


class Scene:
    """A daemon that does not run yet, beside a transcript of one line.

    `read` is how many lines it had read after each commit.
    """

    def __init__(self, tmp_path: Path) -> None:
        claude_dir = tmp_path / "claude"
        self.read: list[int] = []
        self.transcript = Transcript(claude_dir)
        self.transcript.append(self.transcript.writer.prompt("Begin."))
        self.clock = ActingClock()
        settings = Settings(
            claude_dirs=(claude_dir,),
            state_dir=tmp_path / "state",
            cache_dir=Path(os.environ["XDG_CACHE_HOME"]),
        )
        self.daemon = Daemon(settings, clock=self.clock, on_progress=self._note)
        self.clock.daemon = self.daemon
        self.clock.on_end = lambda: self.daemon.stop(is_draining=False)

    def write(self) -> None:
        """Add a line, and announce it as the observer would."""
        self.transcript.append(self.transcript.writer.prompt("Hello."))
        self.daemon._wakeups.add(str(self.transcript.path))

    def _note(self, runtime: Runtime) -> None:
        lines = runtime.pump.progress.lines
        if lines not in self.read:
            self.read.append(lines)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Return the scene, and close its daemon."""
    made = Scene(tmp_path)
    yield made
    made.daemon.close()


def test_lines_in_quick_succession_are_read_together(scene: Scene) -> None:
    """One commit for what comes within moments of the last: the client has the processor."""
    scene.clock.idle = [scene.write]
    scene.clock.resting = lambda: scene.write() if scene.read == [1] else None
    scene.daemon.run()
    assert scene.clock.rests[0] == pytest.approx(GATHER_SECONDS)
    assert scene.read == [1, 3]


def test_the_first_line_after_a_pause_is_read_at_once(scene: Scene) -> None:
    """Live first."""

    def later() -> None:
        scene.clock.advance(1.0)
        scene.write()

    scene.clock.idle = [later, later]
    scene.daemon.run()
    assert scene.read == [1, 2, 3]
    # The end alone came within moments of a line.
    assert len(scene.clock.rests) <= 1
