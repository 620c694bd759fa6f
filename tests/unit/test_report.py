"""What `status` tells: figures, and what is wrong in words with the mend."""

from __future__ import annotations

import os
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch import report
from ccsync_watch.config import Secret, Settings
from ccsync_watch.daemon.runtime import Runtime
from ccsync_watch.errors import (
    DestinationError,
    NotAnswering,
    NotRunning,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.model import BackendInfo
from support.ccsync_program.transcript import Transcript
from support.fakes import FakeClock
from support.lines import SESSION, line

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"k" * 32
URL = "https://happy-otter-123.convex.cloud"
ABSENT = NotRunning("ccsync-watch is not running", hint="start it")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings whose Claude folder exists and is empty."""
    (tmp_path / "claude" / "projects").mkdir(parents=True)
    return Settings(
        claude_dirs=(tmp_path / "claude",),
        state_dir=tmp_path / "state",
        file=tmp_path / ".claude-code-sync.json",
    )


def changed(settings: Settings, **more: Any) -> Settings:  # noqa: ANN401 - any setting
    """Return other settings."""
    fields = {name: getattr(settings, name) for name in settings.__slots__}
    return Settings(**{**fields, **more})


def problems(settings: Settings, live: report.Live | None = None) -> dict[str, str]:
    """Return the problems' words by name, without a store."""
    made = report.status(settings, None, live, key=KEY, absence=None if live else ABSENT)
    return {entry["name"]: f"{entry['what']} → {entry['mend']}" for entry in entries(made)}


def entries(made: dict[str, Any]) -> list[dict[str, str]]:
    """Return the list of problems."""
    return list(made["problems"])


def running(error: DestinationError | None = None, **more: Any) -> report.Live:  # noqa: ANN401 - as below
    """Return a daemon that runs."""
    return report.Live(pid=7, since_ms=1, backend=report.Backend(error=error), **more)


class TestProblems:
    """By the names under which the README explains them."""

    def test_no_url(self, settings: Settings) -> None:
        """The symptom's own name, and where to write the URL."""
        told = problems(settings, running())["No Convex URL configured"]
        assert "nothing leaves it" in told
        assert str(settings.file) in told
        assert "ccsync-watch login" in told

    def test_no_daemon(self, settings: Settings) -> None:
        """Nobody reads: start it."""
        told = problems(settings)["Sync not working"]
        assert told.startswith("no daemon is running → start `ccsync-watch`")

    def test_a_daemon_that_hangs_is_not_called_absent(self, settings: Settings) -> None:
        """Or its user would start a second one."""
        hanging = NotAnswering("process 7 does not answer", hint="see the log")
        made = report.status(settings, None, None, key=KEY, absence=hanging)
        told = [entry for entry in entries(made) if entry["name"] == "Sync not working"]
        assert told == [
            report.problem("Sync not working", "process 7 does not answer", "see the log")
        ]
        assert made["daemon"] == {
            "running": False,
            "is_silent": True,
            "pid": None,
            "since_ms": None,
        }

    @pytest.mark.parametrize(
        ("error", "mend"),
        [
            (Unauthorized("it refuses the API key", hint="x"), "set api_key to a key of this"),
            (UnexpectedAnswer("it is another program", hint="x"), "check convex_url"),
            (Unsent("cannot reach it", hint="x"), "check that your Convex deployment is running"),
        ],
    )
    def test_a_failed_connection(
        self, settings: Settings, error: DestinationError, mend: str
    ) -> None:
        """What happened, and which of the three to check."""
        told = problems(changed(settings, convex_url=URL), running(error))["Connection failed"]
        assert told.startswith(f"{error.message} → {mend}")

    @pytest.mark.parametrize(
        ("ahead", "told"),
        [(29.0, None), (31.0, "31 s behind the"), (-90.0, "90 s ahead of the"), (None, None)],
    )
    def test_clocks_that_disagree(
        self, settings: Settings, ahead: float | None, told: str | None
    ) -> None:
        """Half a minute is tolerated."""
        live = report.Live(pid=7, backend=report.Backend(BackendInfo(ahead, frozenset())))
        found = problems(settings, live).get("Clock")
        assert (told in found) if told and found else found is None is told

    def test_what_the_daemon_says_of_itself(self, settings: Settings) -> None:
        """In its own words."""
        told = problems(settings, running(problems=["cannot watch /x: No space left"]))
        assert told["Sync not working"].startswith("cannot watch /x: No space left → ")

    def test_no_claude_folder(self, settings: Settings, tmp_path: Path) -> None:
        """It may just not be there yet."""
        shutil.rmtree(tmp_path / "claude")
        told = problems(settings, running())["Sync not working"]
        assert f"no transcript folder yet ({tmp_path}/claude/projects)" in told
        assert "set claude_dirs" in told

    def test_a_full_disk(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before the store fails."""
        settings.state_dir.mkdir()
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=5 << 20))
        told = problems(settings, running())["Disk"]
        assert (
            told == f"5 MiB are free at {settings.state_dir} → free some space: the store needs it"
        )

    def test_one_line(self) -> None:
        """For a command that ends with it."""
        assert report.one_line(report.problem("Disk", "it is full", "free some")) == (
            "Disk: it is full: free some"
        )


class TestFigures:
    """Bytes behind, rows pending, and whose."""

    def test_bytes_behind_without_a_store(self, settings: Settings, tmp_path: Path) -> None:
        """All there is on disk."""
        transcript = Transcript(tmp_path / "claude")
        transcript.turn()
        made = report.status(settings, None, None, key=KEY)
        assert made["bytes_behind"] == transcript.path.stat().st_size
        assert made["transcripts_found"] == 1
        assert made["sessions"] == []

    def test_bytes_behind_shrink_as_lines_are_read(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        """An unfinished line counts: it is not in the store."""
        transcript = Transcript(tmp_path / "claude")
        transcript.turn()
        runtime = Runtime(settings, clock=FakeClock(), host="h")
        try:
            runtime.catch_up()
            key = (settings.state_dir / "install.key").read_bytes()
            rest = line(transcript.writer.prompt("Unfinished"))[:-1]
            with transcript.path.open("ab") as file:
                file.write(rest)
            made: Any = report.status(settings, runtime.database, running(), key=key)
        finally:
            runtime.close()
        assert made["bytes_behind"] == len(rest)
        (row,) = made["sessions"]
        assert (row["session_id"], row["bytes_behind"]) == (SESSION, len(rest))
        assert made["totals"]["messages"] == 2

    def test_a_file_that_shrank_is_all_unread(self, settings: Settings, tmp_path: Path) -> None:
        """Its offset speaks of another one."""
        transcript = Transcript(tmp_path / "claude")
        transcript.turn()
        runtime = Runtime(settings, clock=FakeClock(), host="h")
        try:
            runtime.catch_up()
            key = (settings.state_dir / "install.key").read_bytes()
            transcript.path.write_bytes(b"short")
            made = report.status(settings, runtime.database, running(), key=key)
        finally:
            runtime.close()
        assert made["bytes_behind"] == 5

    def test_held_rows_and_damage_are_told(self, settings: Settings, tmp_path: Path) -> None:
        """auto_sync off, lines that are none, a database that was set aside."""
        held = changed(settings, convex_url=URL, auto_sync=False)
        held.state_dir.mkdir()
        (held.state_dir / "ccsync.db").write_bytes(b"no database" * 1000)
        transcript = Transcript(tmp_path / "claude")
        transcript.turn()
        with transcript.path.open("ab") as file:
            file.write(b"{broken\n")
        runtime = Runtime(held, clock=FakeClock(), host="h")
        try:
            runtime.catch_up()
            key = (held.state_dir / "install.key").read_bytes()
            made = report.status(held, runtime.database, running(), key=key)
        finally:
            runtime.close()
        told = {entry["name"]: entry["what"] for entry in entries(made)}
        assert told["Sync not working"].startswith("auto_sync is off, and 3 ")
        assert told["Unreadable lines"].startswith("1 ")
        assert told["Database"].startswith("the database was damaged and is kept as ccsync.db.c")


def test_the_key_is_masked(settings: Settings) -> None:
    """Enough to tell two keys apart."""
    shown = report.shown_config(changed(settings, api_key=Secret("osk_0123456789abcdef")))
    assert shown["api_key"] == "osk_…ef"
    assert report.shown_config(settings)["api_key"] is None


def test_paths_that_are_no_utf8_can_be_told(settings: Settings, tmp_path: Path) -> None:
    """JSON could not hold them as they are."""
    odd = tmp_path / os.fsdecode(b"\xff")
    made = report.status(
        changed(settings, claude_dirs=(odd,), state_dir=odd, file=odd), None, None, key=KEY
    )
    assert str(made).encode()
