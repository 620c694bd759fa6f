"""What the daemon does with a signal: keep it, clean, once; flush its session; look again."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, cast

import pytest

from ccsync_watch.config import Settings
from ccsync_watch.daemon.flushes import Flushes
from ccsync_watch.daemon.hook_event_intake import (
    LOOK_SECONDS,
    MAX_SINGLE,
    SECOND_LOOK_SECONDS,
    HookEventIntake,
)
from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.hook_events import Spool
from ccsync_watch.privacy import Redactor
from ccsync_watch.store.outbox import Outbox
from support.lines import OTHER, SESSION, START_MS, Writer, text
from support.pumping import Bench, PassingRedactor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.uploader import Uploader

TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"


class UploaderDouble:
    """Counts how often it was woken."""

    def __init__(self) -> None:
        self.wakes = 0

    def wake_all(self) -> None:
        """Count."""
        self.wakes += 1


class Scene:
    """A spool, a real pump and store, and the intake between them."""

    def __init__(
        self,
        tmp_path: Path,
        redactor: TrackingRedactor | None = None,
        **settings: Any,  # noqa: ANN401 - any setting
    ) -> None:
        self.redactor = redactor or PassingRedactor()
        self.bench = Bench(tmp_path, redactor=self.redactor)
        self.clock = self.bench.clock
        self.settings = Settings(
            claude_dirs=(self.bench.root.parent,), state_dir=self.bench.state, **settings
        )
        self.spool = Spool(self.settings.state_dir, self.settings.claude_dirs)
        self.spool.prepare()
        self.outbox = Outbox(self.bench.database)
        self.uploader = UploaderDouble()
        self.flushes = Flushes(self.bench.pump, self.clock)
        self.intake = HookEventIntake(
            self.spool,
            self.settings,
            database=self.bench.database,
            outbox=self.outbox,
            uploader=cast("Uploader", self.uploader),
            flushes=self.flushes,
            redactor=self.redactor,
            clock=self.clock,
        )

    def signal(self, event: str, session_id: str = SESSION, **more: object) -> Path:
        """Write a signal as a hook does."""
        fields = {"hook_event_name": event, "session_id": session_id, **more}
        path = self.spool.folder / f"{event}.{session_id}.1"
        path.write_text(f"{json.dumps(fields)}\n")
        return path

    def turn(self, seconds: float = 0.0) -> None:
        """Let the daemon's loop go round for so long."""
        until = self.clock.monotonic() + seconds
        while True:
            self.intake.turn()
            self.flushes.serve()
            self.bench.drain()
            if self.clock.monotonic() >= until:
                return
            self.clock.advance(0.05)

    def kept(self) -> list[tuple[str, str, dict[str, str]]]:
        """Return the signals in the store."""
        rows = self.bench.select("SELECT name, session_id, detail FROM hook_events ORDER BY id")
        return [(name, session_id, json.loads(detail)) for name, session_id, detail in rows]

    def talk(self, session_id: str = SESSION) -> None:
        """Write a prompt and its answer into the session's transcript."""
        writer = Writer(session_id=session_id)
        self.bench.append(
            self.bench.path(session_id), writer.prompt("Q?"), writer.answer(text("A."))
        )

    def header(self) -> str:
        """Return the session's first message."""
        ((content,),) = self.bench.select(
            "SELECT p.content FROM parts p JOIN messages m ON m.seq = p.message_seq"
            " WHERE m.kind = 'session'"
        )
        return str(json.loads(content))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Return an idle daemon's parts."""
    made = Scene(tmp_path)
    yield made
    made.bench.close()


def test_starts_and_ends_are_kept(scene: Scene) -> None:
    """Pauses are not: they merely say that now is the time."""
    scene.signal("SessionStart", source="startup", model="claude-x", cwd="/w")
    scene.signal("Stop")
    scene.signal("SessionEnd", reason="other")
    scene.turn()
    assert sorted(scene.kept()) == [
        ("SessionEnd", SESSION, {"reason": "other"}),
        ("SessionStart", SESSION, {"source": "startup", "model": "claude-x", "cwd": "/w"}),
    ]
    assert list(scene.spool.folder.iterdir()) == []


@pytest.mark.parametrize("event", ["Stop", "SessionEnd"])
def test_the_session_is_read_at_once(scene: Scene, event: str) -> None:
    """No event had told of it; with it, a session that waits for nothing is due now."""
    scene.talk()
    scene.signal(event)
    scene.turn(0.7)
    assert len(scene.bench.uuids()) == 2
    assert scene.bench.select("SELECT is_due, not_before_ms FROM remote") == [(1, 0)]
    assert scene.uploader.wakes > 0


def test_an_ended_session_is_looked_at_again(scene: Scene) -> None:
    """Its cost comes after the hook."""
    scene.signal("SessionEnd", reason="other")
    scene.turn(1.0)
    scene.talk()
    assert scene.bench.uuids() == []
    scene.turn(SECOND_LOOK_SECONDS)
    assert len(scene.bench.uuids()) == 2


def test_the_end_completes_what_was_sent(scene: Scene) -> None:
    """The first message is written anew; a session that goes on has not ended."""
    scene.talk()
    scene.signal("SessionStart", source="startup", cwd="/w")
    scene.turn(1.0)
    scene.bench.catch_up()
    assert "Start: startup" in scene.header()
    assert "Ended" not in scene.header()
    scene.clock.advance(60)
    scene.signal("SessionEnd", reason="other")
    scene.turn(1.0)
    assert "Ended: other" in scene.header()
    assert scene.bench.select("SELECT count(*) FROM outbox") == [(3,)]
    scene.signal("SessionStart", source="resume", cwd="/w")
    scene.turn(1.0)
    assert "Ended" not in scene.header()
    assert "Start: startup" in scene.header()


def test_a_signal_taken_twice_is_kept_once(scene: Scene) -> None:
    """A crash may come between its effect and its removal."""
    path = scene.signal("SessionEnd", reason="other")
    content, seen = path.read_bytes(), path.stat()
    scene.turn()
    path.write_bytes(content)
    os.utime(path, ns=(seen.st_mtime_ns, seen.st_mtime_ns))
    scene.turn(LOOK_SECONDS)
    assert len(scene.kept()) == 1


def test_nothing_is_kept_before_it_is_clean(tmp_path: Path) -> None:
    """A folder may be named after a secret."""
    scene = Scene(tmp_path, Redactor(key=b"k" * 32))
    scene.signal("SessionStart", source="startup", cwd=f"/work/{TOKEN}")
    scene.turn()
    ((_, _, detail),) = scene.kept()
    assert detail["source"] == "startup"
    assert TOKEN not in detail["cwd"]
    assert "[REDACTED:" in detail["cwd"]
    scene.bench.close()


def test_without_a_redactor_a_signal_waits(tmp_path: Path) -> None:
    """It fails closed, like everything else."""
    scene = Scene(tmp_path, PassingRedactor(poison="/poison"))
    path = scene.signal("SessionStart", source="startup", cwd="/poison")
    with pytest.raises(RedactorUnavailable):
        scene.intake.turn()
    assert scene.kept() == []
    assert path.exists()
    scene.bench.close()


def test_an_excluded_project_leaves_no_trace(tmp_path: Path) -> None:
    """By its folder, or by what the store knows of the session."""
    scene = Scene(tmp_path, exclude_projects=("/secret",))
    scene.signal("SessionStart", source="startup", cwd="/secret/plan")
    scene.turn()
    with scene.bench.database.write() as connection:
        connection.execute("INSERT INTO sessions (id, is_excluded) VALUES (?, 1)", (OTHER,))
    scene.signal("SessionEnd", OTHER, reason="other")
    scene.turn(LOOK_SECONDS)
    assert scene.kept() == []
    scene.bench.close()


def test_auto_sync_off_reads_and_sends_nothing(tmp_path: Path) -> None:
    """A hook is no sync-now."""
    scene = Scene(tmp_path, auto_sync=False)
    scene.bench.restart(is_released=False)
    scene.flushes = scene.intake._flushes = Flushes(scene.bench.pump, scene.clock)
    scene.intake._database = scene.bench.database
    scene.talk()
    scene.signal("SessionEnd", reason="other")
    scene.turn(1.0)
    assert len(scene.bench.uuids()) == 2
    assert scene.bench.select("SELECT count(*) FROM outbox WHERE is_released") == [(0,)]
    assert scene.bench.select("SELECT is_due, is_held FROM remote") == [(0, 1)]
    scene.bench.close()


def test_very_many_sessions_at_once_are_one_look(scene: Scene) -> None:
    """Whoever fills the spool does not keep the daemon busy."""
    for number in range(MAX_SINGLE + 1):
        scene.signal("Stop", f"session-{number}")
    scene.intake.turn()
    assert [each.session_id for each in scene.flushes._pending] == [None]


def test_rubbish_is_told_once(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """And how much of it there was; what it says is not."""
    (scene.spool.folder / "evil").write_text("secret")
    scene.turn()
    scene.turn(3 * LOOK_SECONDS)
    assert [record.getMessage() for record in caplog.records] == [
        "files that are no signals of ours: 1"
    ]


def test_the_pump_sleeps_no_longer_than_a_signal_allows(scene: Scene) -> None:
    """Not at all while a flush is under way, and until the second look of an ended session."""
    assert scene.intake.next_seconds() is None
    scene.signal("SessionEnd", reason="other")
    scene.turn()
    assert scene.intake.next_seconds() == pytest.approx(0.05)
    scene.turn(1.0)
    left = scene.intake.next_seconds()
    assert left is not None
    assert 0 < left <= SECOND_LOOK_SECONDS - 1.0 + 0.1
    assert scene.clock.wall_ms() > START_MS
