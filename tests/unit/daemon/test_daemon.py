"""The daemon's main loop, driven by a clock that acts instead of waiting."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.config import RetentionSettings, Settings
from ccsync_watch.daemon.daemon import GATHER_SECONDS, PAUSE_SECONDS, Daemon
from ccsync_watch.errors import StateError
from ccsync_watch.privacy import Redactor
from ccsync_watch.store.session_list import load_session
from support.ccsync_program.transcript import Transcript
from support.fakes import FakeClock
from support.redaction_corpus.shared import cache_folder

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.daemon.runtime import Runtime
    from ccsync_watch.model import JsonValue


@dataclass
class ActingClock(FakeClock):
    """Runs an `idle` action for each wait of the idle loop, then `on_end`.

    `gathering` runs while the loop waits for more lines. Other waits pass at once.
    """

    idle: list[Callable[[], None]] = field(default_factory=list)
    gathering: Callable[[], None] = lambda: None
    on_end: Callable[[], None] = lambda: None
    gather_waits: list[float] = field(default_factory=list)
    daemon: Daemon | None = None

    def __post_init__(self) -> None:
        """Start as a plain FakeClock does."""
        super().__init__()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Run the next action."""
        assert self.daemon is not None
        if event is self.daemon._wakeups.event:
            (self.idle.pop(0) if self.idle else self.on_end)()
            return True
        if event is self.daemon.stopping:
            self.gather_waits.append(seconds)
            self.gathering()
        return super().wait(event, seconds)


class Scene:
    """A daemon that does not run yet, and a transcript of one line.

    `read` is how many lines it had read after each commit.
    """

    def __init__(
        self,
        tmp_path: Path,
        redactor: Redactor | None = None,
        *,
        retention: RetentionSettings | None = None,
    ) -> None:
        claude_dir = tmp_path / "claude"
        self.read: list[int] = []
        self.transcript = Transcript(claude_dir)
        self.transcript.append(self.transcript.writer.prompt("Begin."))
        self.clock = ActingClock()
        settings = Settings(
            claude_dirs=(claude_dir,),
            state_dir=tmp_path / "state",
            cache_dir=cache_folder(),
            retention=retention,
        )
        self.daemon = Daemon(settings, clock=self.clock, redactor=redactor, on_progress=self._note)
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
    scene = Scene(tmp_path)
    yield scene
    scene.daemon.close()


def test_lines_in_quick_succession_are_read_together(scene: Scene) -> None:
    """One commit for what comes shortly after the last line: the client needs the processor."""
    scene.clock.idle = [scene.write]
    scene.clock.gathering = lambda: scene.write() if scene.read == [1] else None
    scene.daemon.run()
    assert scene.clock.gather_waits[0] == pytest.approx(GATHER_SECONDS)
    assert scene.read == [1, 3]


def test_the_first_line_after_a_pause_is_read_at_once(scene: Scene) -> None:
    """Live first."""

    def write_later() -> None:
        scene.clock.advance(1.0)
        scene.write()

    scene.clock.idle = [write_later, write_later]
    scene.daemon.run()
    assert scene.read == [1, 2, 3]
    # Only the end came shortly after a line.
    assert len(scene.clock.gather_waits) <= 1


def test_a_failure_of_the_store_is_a_problem_until_reading_works_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, however often it is tried, and nothing is lost."""
    pump, problems = scene.daemon.runtime.pump, list[list[str]]()
    read, failures = pump.step, iter(range(3))

    def fail_at_first() -> bool:
        problems.append([problem.code for problem in scene.daemon.problems()])
        if next(failures, None) is not None:
            raise StateError("the disk is full", hint="free some space")
        return read()

    monkeypatch.setattr(pump, "step", fail_at_first)
    with caplog.at_level(logging.INFO):
        scene.daemon.run()
    assert problems[:4] == [[], *[["reading-failed"]] * 3]
    assert scene.daemon.problems() == []
    assert scene.read[-1] == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the disk is full: free some space",
        "reading works again",
    ]


def test_a_defect_does_not_end_the_loop(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its traceback is logged once."""
    pump, failures = scene.daemon.runtime.pump, iter(range(3))
    read = pump.step

    def fail_at_first() -> bool:
        if next(failures, None) is not None:
            raise KeyError("row")
        return read()

    monkeypatch.setattr(pump, "step", fail_at_first)
    scene.daemon.run()
    assert scene.read[-1] == 1
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_problems_of_the_parts_have_codes_of_their_own(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing file events are a warning: rescans replace them."""
    scene.daemon.runtime.pump.problems.record("/p/a.jsonl", "cannot be read: no")
    monkeypatch.setitem(scene.daemon._observer._problems, "/p", "cannot watch /p: no space")
    problems = [(problem.code, problem.severity) for problem in scene.daemon.problems()]
    assert problems == [("events-unavailable", "warning"), ("transcripts-unreadable", "error")]


def test_the_retention_is_applied_while_nothing_is_to_be_read(tmp_path: Path) -> None:
    """Once, and after what there was to read; a daemon without the setting removes nothing."""
    for retention, is_pruned in ((None, False), (RetentionSettings(max_age_days=30), True)):
        scene = Scene(tmp_path, retention=retention)
        os.utime(scene.transcript.path, (1, 1))
        scene.clock.now_ms += 365 * 86_400_000
        scene.daemon.run()
        session = load_session(scene.daemon.runtime.database, scene.transcript.session_id)
        scene.daemon.close()
        assert session is not None
        assert (session.pruned is not None) is is_pruned


class SlowRedactor(Redactor):
    """Does `work` before it redacts a row that says `slow`."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(key=b"k" * 32, cache=cache_folder())
        self._work = work

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Work for a long time, with pauses, and return the value without secrets."""
        if "slow" in str(obj):
            self._work()
        return super().redact_value(obj)


def test_a_slow_row_does_not_delay_other_sessions(tmp_path: Path) -> None:
    """What they write is read in the redactor's next pause, also where two rows are slow."""
    lines: list[int] = []

    def work() -> None:
        number = len(lines)
        lines.append(0)
        other = Transcript(tmp_path / "claude", session_id=f"other-{number}")
        scene.clock.advance(10 * PAUSE_SECONDS)
        other.append(other.writer.prompt("slow" if number == 0 else "fast"))
        scene.daemon._wakeups.add(str(other.path))
        redactor._finder.pause()
        lines[number] = scene.daemon.runtime.pump.progress.lines

    redactor = SlowRedactor(work)
    scene = Scene(tmp_path, redactor=redactor)
    scene.transcript.append(scene.transcript.writer.prompt("slow"))
    try:
        scene.daemon.run()
    finally:
        scene.daemon.close()
    assert lines == [2, 1]
    assert scene.read[-1] == 4
