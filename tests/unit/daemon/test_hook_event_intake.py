"""A hook event is stored once, redacted, and its session is flushed, ended ones a second time."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, cast

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.config import Settings
from ccsync_watch.config.hook_folders import read_hook_folders
from ccsync_watch.daemon.flushes import Flushes
from ccsync_watch.daemon.hook_event_folders import save_hook_folders
from ccsync_watch.daemon.hook_event_intake import (
    MAX_SINGLE_FLUSHES,
    POLL_SECONDS,
    SECOND_FLUSH_SECONDS,
    HookEventIntake,
)
from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.hook_events import Spool, request_sync
from ccsync_watch.store.outbox import Outbox
from support.lines import OTHER, SESSION, START_MS, Writer, text
from support.pumping import Bench, PassingRedactor
from support.redaction_corpus.shared import build_redactor

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
        config = {"is_released": settings.get("auto_sync", True)}
        self.bench = Bench(tmp_path, redactor=self.redactor, config=config)
        self.clock = self.bench.clock
        self.settings = Settings(
            claude_dirs=(self.bench.root.parent,), state_dir=self.bench.state, **settings
        )
        self.spool = Spool(
            self.settings.state_dir, self.settings.claude_dirs, clock=SystemClock(), redact=str
        )
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

    def emit(self, event: str, session_id: str = SESSION, **more: object) -> Path:
        """Write a hook event as a hook does."""
        fields = {"hook_event_name": event, "session_id": session_id, **more}
        path = self.spool.folder / f"{event}.{session_id}.1"
        path.write_text(f"{json.dumps(fields)}\n")
        return path

    def turn(self, seconds: float = 0.0) -> None:
        """Run the daemon's loop for so long."""
        until = self.clock.monotonic() + seconds
        while True:
            self.intake.turn()
            self.flushes.serve()
            self.bench.drain()
            if self.clock.monotonic() >= until:
                return
            self.clock.advance(0.05)

    def stored(self) -> list[tuple[str, str, dict[str, str]]]:
        """Return the hook events in the store."""
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
            "SELECT unpacked(p.content) FROM parts p JOIN messages m ON m.seq = p.message_seq"
            " WHERE m.kind = 'session'"
        )
        return str(json.loads(content))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Return an idle daemon's parts."""
    scene = Scene(tmp_path)
    yield scene
    scene.bench.close()


def test_starts_and_ends_are_stored(scene: Scene) -> None:
    """Stops are not: they only trigger a flush."""
    scene.emit("SessionStart", source="startup", model="claude-x", cwd="/w")
    scene.emit("Stop")
    scene.emit("SessionEnd", reason="other")
    scene.turn()
    assert sorted(scene.stored()) == [
        ("SessionEnd", SESSION, {"reason": "other"}),
        ("SessionStart", SESSION, {"source": "startup", "model": "claude-x", "cwd": "/w"}),
    ]
    assert list(scene.spool.folder.iterdir()) == []


@pytest.mark.parametrize("event", ["Stop", "SessionEnd"])
def test_the_session_is_flushed_at_once(scene: Scene, event: str) -> None:
    """Without any file event; the session is then due for upload now."""
    scene.talk()
    scene.emit(event)
    scene.turn(0.7)
    assert len(scene.bench.uuids()) == 2
    assert scene.bench.select("SELECT is_due, not_before_ms FROM remote") == [(1, 0)]
    assert scene.uploader.wakes > 0


def test_an_ended_session_is_flushed_again(scene: Scene) -> None:
    """Its cost is written after the hook."""
    scene.emit("SessionEnd", reason="other")
    scene.turn(1.0)
    scene.talk()
    assert scene.bench.uuids() == []
    scene.turn(SECOND_FLUSH_SECONDS)
    assert len(scene.bench.uuids()) == 2


def test_the_end_is_added_to_the_first_message(scene: Scene) -> None:
    """The message is written again; a session that is resumed has not ended."""
    scene.talk()
    scene.emit("SessionStart", source="startup", cwd="/w")
    scene.turn(1.0)
    scene.bench.catch_up()
    assert "Start: startup" in scene.header()
    assert "Ended" not in scene.header()
    scene.clock.advance(60)
    scene.emit("SessionEnd", reason="other")
    scene.turn(1.0)
    assert "Ended: other" in scene.header()
    assert scene.bench.select("SELECT count(*) FROM outbox") == [(3,)]
    scene.emit("SessionStart", source="resume", cwd="/w")
    scene.turn(1.0)
    assert "Ended" not in scene.header()
    assert "Start: startup" in scene.header()


def test_a_hook_event_handled_twice_is_stored_once(scene: Scene) -> None:
    """A crash may come between its effect and its removal."""
    path = scene.emit("SessionEnd", reason="other")
    content, status = path.read_bytes(), path.stat()
    scene.turn()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    scene.turn(POLL_SECONDS)
    assert len(scene.stored()) == 1


def test_a_hook_event_is_redacted_before_it_is_stored(tmp_path: Path) -> None:
    """A folder may be named after a secret."""
    scene = Scene(tmp_path, build_redactor())
    scene.emit("SessionStart", source="startup", cwd=f"/work/{TOKEN}")
    scene.turn()
    ((_, _, detail),) = scene.stored()
    assert detail["source"] == "startup"
    assert TOKEN not in detail["cwd"]
    assert "[REDACTED:" in detail["cwd"]
    scene.bench.close()


def test_a_hook_event_stays_in_the_spool_while_the_redactor_fails(tmp_path: Path) -> None:
    """Like everything else, it fails closed."""
    scene = Scene(tmp_path, PassingRedactor(poison="/poison"))
    path = scene.emit("SessionStart", source="startup", cwd="/poison")
    with pytest.raises(RedactorUnavailable):
        scene.intake.turn()
    assert scene.stored() == []
    assert path.exists()
    scene.bench.close()


def test_an_excluded_project_is_not_stored(tmp_path: Path) -> None:
    """By its folder, or by what the store knows of the session."""
    scene = Scene(tmp_path, exclude_projects=("/secret",))
    scene.emit("SessionStart", source="startup", cwd="/secret/plan")
    scene.turn()
    with scene.bench.database.write() as connection:
        connection.execute("INSERT INTO sessions (id, is_excluded) VALUES (?, 1)", (OTHER,))
    scene.emit("SessionEnd", OTHER, reason="other")
    scene.turn(POLL_SECONDS)
    assert scene.stored() == []
    scene.bench.close()


def test_with_auto_sync_off_a_hook_event_uploads_nothing(tmp_path: Path) -> None:
    """The session is read, and its rows stay held."""
    scene = Scene(tmp_path, auto_sync=False)
    scene.talk()
    scene.emit("SessionEnd", reason="other")
    scene.turn(1.0)
    assert len(scene.bench.uuids()) == 2
    assert scene.bench.select("SELECT count(*) FROM outbox WHERE is_released") == [(0,)]
    assert scene.bench.select("SELECT is_due, is_held FROM remote") == [(0, 1)]
    scene.bench.close()


def test_many_sessions_at_once_are_one_flush(scene: Scene) -> None:
    """A full spool does not keep the daemon busy."""
    for number in range(MAX_SINGLE_FLUSHES + 1):
        scene.emit("Stop", f"session-{number}")
    scene.intake.turn()
    assert [flush.session_id for flush in scene.flushes._pending] == [None]


def test_unexpected_files_are_logged_once(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """With their number, not with their content."""
    (scene.spool.folder / "evil").write_text("secret")
    scene.turn()
    scene.turn(3 * POLL_SECONDS)
    assert [record.getMessage() for record in caplog.records] == [
        "files in the spool that are not hook events: 1"
    ]


def test_the_loop_sleeps_no_longer_than_hook_events_allow(scene: Scene) -> None:
    """Briefly while a flush is pending, and until the second flush of an ended session."""
    assert scene.intake.next_seconds() is None
    scene.emit("SessionEnd", reason="other")
    scene.turn()
    assert scene.intake.next_seconds() == pytest.approx(0.05)
    scene.turn(1.0)
    left = scene.intake.next_seconds()
    assert left is not None
    assert 0 < left <= SECOND_FLUSH_SECONDS - 1.0 + 0.1
    assert scene.clock.wall_ms() > START_MS


def test_the_folder_of_another_account_is_saved_for_the_next_settings(
    scene: Scene, tmp_path: Path
) -> None:
    """Its event stays until a daemon with them can handle it, but not for long."""
    other = tmp_path / "other"
    (other / "projects").mkdir(parents=True)
    path = scene.emit("SessionStart", transcript_path=f"{other}/projects/-p/{SESSION}.jsonl")
    scene.turn()
    assert read_hook_folders(scene.settings.state_dir) == [other]
    assert scene.stored() == []
    assert path.exists()
    scene.turn(3.0)
    assert path.exists()
    scene.turn(10.0)
    assert not path.exists()
    assert scene.stored() == []


@pytest.mark.parametrize("place", [None, "environment variable CLAUDE_CONFIG_DIR"])
def test_a_folder_that_the_environment_names_is_saved(tmp_path: Path, place: str | None) -> None:
    """The next daemon may be started by a hook of another account; the default needs no saving."""
    scene = Scene(tmp_path, claude_dirs_place=place)
    path = str(scene.bench.path())
    scene.emit("SessionStart", transcript_path=path)
    scene.turn()
    assert len(scene.stored()) == 1
    folders = read_hook_folders(scene.settings.state_dir)
    assert folders == ([scene.bench.root.parent] if place else [])
    scene.bench.close()


def test_without_a_daemon_the_events_stay(scene: Scene, tmp_path: Path) -> None:
    """Only the folders that they name are saved."""
    other = tmp_path / "other"
    other.mkdir()
    path = scene.emit("Stop", transcript_path=f"{other}/projects/-p/{SESSION}.jsonl")
    assert save_hook_folders(scene.settings, clock=SystemClock())
    assert not save_hook_folders(scene.settings, clock=SystemClock())
    assert read_hook_folders(scene.settings.state_dir) == [other]
    assert path.exists()


def test_a_requested_sync_is_done_where_uploading_is_manual(tmp_path: Path) -> None:
    """What the session has is read and released, then the request is removed."""
    scene = Scene(tmp_path, auto_sync=False)
    scene.talk()
    scene.talk(OTHER)
    assert request_sync(scene.bench.state, SESSION)
    scene.turn()
    assert scene.outbox.count_sendable([SESSION], START_MS) == 0
    scene.turn(3.0)
    assert scene.outbox.count_sendable([SESSION], START_MS) > 0
    assert scene.outbox.count_sendable([OTHER], START_MS) == 0
    assert scene.uploader.wakes > 0
    assert list(scene.spool.folder.iterdir()) == []
    assert scene.stored() == []
    assert scene.spool.unexpected == 0


def test_a_requested_sync_is_kept_until_it_is_done(tmp_path: Path) -> None:
    """The daemon may stop before, or be unable to read at present."""
    scene = Scene(tmp_path, auto_sync=False)
    scene.talk()
    request_sync(scene.bench.state, SESSION)
    scene.intake.turn()
    scene.flushes.serve(is_failing=True)
    scene.intake.turn()
    assert len(list(scene.spool.folder.iterdir())) == 1
    scene.turn(3.0)
    assert list(scene.spool.folder.iterdir()) == []
    assert scene.outbox.count_sendable([SESSION], START_MS) > 0


@pytest.mark.parametrize("session_id", ["", "../x", "a.b", "x" * 200])
def test_a_sync_of_what_is_not_a_session_is_not_requested(tmp_path: Path, session_id: str) -> None:
    """Its name becomes that of a file."""
    assert not request_sync(tmp_path / "state", session_id)
    assert not (tmp_path / "state").exists()


def test_a_sync_that_cannot_be_requested_is_no_error(tmp_path: Path) -> None:
    """The caller says what it could do."""
    (tmp_path / "signals").touch()
    assert not request_sync(tmp_path, SESSION)
