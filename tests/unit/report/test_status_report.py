"""The report: figures, and every problem with its severity and its hint."""

from __future__ import annotations

import os
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch import report
from ccsync_watch.config import Secret, Settings
from ccsync_watch.daemon.runtime import Runtime
from ccsync_watch.daemon.sync_once import read_all
from ccsync_watch.errors import (
    DestinationError,
    NotAnswering,
    NotRunning,
    StillStarting,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.outgoing import BackendInfo
from ccsync_watch.problem import Problem
from ccsync_watch.store.session_policy import mark_sessions
from support.ccsync_program.transcript import Transcript
from support.fakes import FakeClock
from support.lines import SESSION, line
from support.redaction_corpus.shared import cache_folder
from support.storing import World

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
        cache_dir=cache_folder(),
        file=tmp_path / ".claude-code-sync.json",
    )


def changed(settings: Settings, **more: Any) -> Settings:  # noqa: ANN401 - any setting
    """Return other settings."""
    fields = {name: getattr(settings, name) for name in settings.__slots__}
    return Settings(**{**fields, **more})


def problems(settings: Settings, live: report.Live | None = None) -> dict[str, Problem]:
    """Return the problems by code, without a store."""
    return by_code(report.status(settings, None, live, key=KEY, absence=None if live else ABSENT))


def by_code(figures: dict[str, Any]) -> dict[str, Problem]:
    """Return the problems of a report by code; no code is reported twice."""
    reported = [Problem.of_json(fields) for fields in figures["problems"]]
    codes = {problem.code: problem for problem in reported}
    assert len(codes) == len(reported)
    return codes


def running(error: DestinationError | None = None, **more: Any) -> report.Live:  # noqa: ANN401 - as below
    """Return a daemon that runs."""
    return report.Live(pid=7, since_ms=1, backend=report.Backend(error=error), **more)


class TestProblems:
    """Each has a code of its own, a severity, and what to do."""

    def test_no_backend_is_information(self, settings: Settings) -> None:
        """It has the README's title, and says where to write the URL."""
        problem = problems(settings, running())["no-backend"]
        assert (problem.title, problem.severity) == ("No Convex URL configured", "info")
        assert "nothing leaves it" in problem.detail
        assert "~/.claude-code-sync.json" in problem.hint
        assert "ccsync-watch login" in problem.hint

    def test_a_daemon_that_does_not_run_is_an_error(self, settings: Settings) -> None:
        """Nobody reads: start it."""
        problem = problems(settings)["daemon-not-running"]
        assert (problem.title, problem.severity) == ("Sync not working", "error")
        assert problem.detail == "ccsync-watch is not running"
        assert problem.hint.startswith("start it with `ccsync-watch start`")

    def test_a_daemon_that_hangs_is_not_called_absent(self, settings: Settings) -> None:
        """Or its user would start a second one."""
        hanging = NotAnswering("process 7 does not answer", hint="see the log")
        figures = report.status(settings, None, None, key=KEY, absence=hanging)
        codes = by_code(figures)
        assert "daemon-not-running" not in codes
        assert codes["daemon-silent"] == Problem(
            "daemon-silent", "Sync not working", "process 7 does not answer", "see the log"
        )
        assert figures["daemon"] == {
            "running": False,
            "is_silent": True,
            "is_starting": False,
            "pid": None,
            "since_ms": None,
        }

    def test_a_daemon_that_starts_is_not_called_absent(self, settings: Settings) -> None:
        """Nothing is wrong, and nobody has to do anything."""
        starting = StillStarting("ccsync-watch is starting", hint="wait")
        figures = report.status(settings, None, None, key=KEY, absence=starting)
        assert by_code(figures)["daemon-starting"].severity == "info"
        assert "daemon-not-running" not in by_code(figures)

    @pytest.mark.parametrize(
        "error",
        [
            Unauthorized("it does not accept the API key", hint="log in"),
            UnexpectedAnswer("it is another program", hint="check the address"),
            Unsent("cannot reach it", hint="check the network"),
        ],
    )
    def test_a_failed_connection_names_what_to_check(
        self, settings: Settings, error: DestinationError
    ) -> None:
        """What happened and what to check, in the destination's own words."""
        problem = problems(changed(settings, convex_url=URL), running(error))["connection-failed"]
        assert (problem.title, problem.severity) == ("Connection failed", "error")
        assert problem.detail == error.message
        assert problem.hint == error.hint

    @pytest.mark.parametrize(
        ("skew_seconds", "words"),
        [(29.0, None), (31.0, "31 s behind the"), (-90.0, "90 s ahead of the"), (None, None)],
    )
    def test_clocks_that_differ_are_a_warning(
        self, settings: Settings, skew_seconds: float | None, words: str | None
    ) -> None:
        """Half a minute is tolerated."""
        backend = report.Backend(BackendInfo(skew_seconds))
        problem = problems(settings, report.Live(pid=7, backend=backend)).get("clock-skew")
        if words is None:
            assert problem is None
        else:
            assert problem is not None
            assert words in problem.detail
            assert problem.severity == "warning"

    @pytest.mark.parametrize(("count", "words"), [(0, None), (1, "1 session "), (3, "3 sessions ")])
    def test_sessions_that_are_sent_again_are_information(
        self, settings: Settings, count: int, words: str | None
    ) -> None:
        """The user may have deleted them, and can exclude them."""
        backend = report.Backend(BackendInfo(0.0, missing_sessions=count))
        problem = problems(settings, report.Live(pid=7, backend=backend)).get("sessions-sent-again")
        if words is None:
            assert problem is None
        else:
            assert problem is not None
            assert words in problem.detail
            assert "exclude_projects" in problem.hint
            assert problem.severity == "info"

    def test_the_problems_of_the_daemon_are_reported_as_they_are(self, settings: Settings) -> None:
        """The check that found one has built it."""
        watch = Problem("not-watched", "Slow updates", "cannot watch /x", "wait", "warning")
        assert problems(settings, running(problems=[watch]))["not-watched"] == watch

    def test_no_transcripts_yet_is_information(self, settings: Settings, tmp_path: Path) -> None:
        """Neither a folder that does not exist, nor one that is empty, is an error."""
        for _ in range(2):
            problem = problems(settings, running())["no-transcripts"]
            assert problem.title == "Waiting for Claude Code"
            assert problem.detail == "no transcripts in ~/claude/projects yet"
            assert "set claude_dirs" in problem.hint
            assert problem.severity == "info"
            shutil.rmtree(tmp_path / "claude", ignore_errors=True)

    def test_an_unfinished_last_line_is_information(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        """With its size; a line that was never looked at is only behind."""
        path = tmp_path / "claude" / "projects" / "p" / f"{SESSION}.jsonl"
        path.parent.mkdir()
        path.write_bytes(b'{"type":"user"')
        clock = FakeClock()
        runtime = Runtime(settings, clock=clock)
        unread = by_code(report.status(settings, runtime.database, None, key=runtime.install_key))
        assert "lines-unfinished" not in unread
        read_all(runtime)
        figures = report.status(settings, runtime.database, None, key=runtime.install_key)
        runtime.close()
        problem = by_code(figures)["lines-unfinished"]
        assert problem.detail == "14 bytes, the last line of 1 transcript, without a newline"
        assert problem.severity == "info"
        assert figures["bytes_behind"] == 14

    def test_a_full_disk_is_a_warning(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before the store fails."""
        settings.state_dir.mkdir()
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=5 << 20))
        problem = problems(settings, running())["disk-space-low"]
        assert problem.severity == "warning"
        assert problem.detail == f"5 MiB are free at {settings.state_dir}"
        assert problem.hint == "free some space: the store needs it"


class TestFigures:
    """Bytes behind, rows pending, and whose."""

    def test_bytes_behind_without_a_store(self, settings: Settings, tmp_path: Path) -> None:
        """Everything on disk counts."""
        transcript = Transcript(tmp_path / "claude")
        transcript.turn()
        figures = report.status(settings, None, None, key=KEY)
        assert figures["bytes_behind"] == transcript.path.stat().st_size
        assert figures["transcripts_found"] == 1
        assert figures["sessions"] == []

    def test_bytes_behind_shrink_as_lines_are_read(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        """An unfinished line counts: it is not in the store."""
        transcript = Transcript(tmp_path / "claude")
        transcript.turn()
        runtime = Runtime(settings, clock=FakeClock(), host="h")
        try:
            read_all(runtime)
            key = (settings.state_dir / "install.key").read_bytes()
            rest = line(transcript.writer.prompt("Unfinished"))[:-1]
            with transcript.path.open("ab") as file:
                file.write(rest)
            figures: Any = report.status(settings, runtime.database, running(), key=key)
        finally:
            runtime.close()
        assert figures["bytes_behind"] == len(rest)
        (row,) = figures["sessions"]
        assert (row["session_id"], row["bytes_behind"]) == (SESSION, len(rest))
        assert figures["totals"]["messages"] == 2

    def test_a_file_that_shrank_is_all_unread(self, settings: Settings, tmp_path: Path) -> None:
        """Its offset belongs to another one."""
        transcript = Transcript(tmp_path / "claude")
        transcript.turn()
        runtime = Runtime(settings, clock=FakeClock(), host="h")
        try:
            read_all(runtime)
            key = (settings.state_dir / "install.key").read_bytes()
            transcript.path.write_bytes(b"short")
            figures = report.status(settings, runtime.database, running(), key=key)
        finally:
            runtime.close()
        assert figures["bytes_behind"] == 5

    def test_what_stays_of_an_excluded_session_is_said(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        """Where its texts are taken back; without a destination nothing was sent."""
        world = World(tmp_path / "world")
        world.say("u1", session_id=SESSION)
        world.drain()
        mark_sessions(
            world.database, excluded={SESSION}, metadata_only=set(), now_ms=0, is_released=True
        )
        codes = by_code(report.status(settings, world.database, running(), key=KEY))
        assert "excluded-sessions-uploaded" not in codes
        uploading = changed(settings, convex_url=URL)
        codes = by_code(report.status(uploading, world.database, running(), key=KEY))
        problem = codes["excluded-sessions-uploaded"]
        assert problem.detail.startswith("1 session of excluded projects had been uploaded")
        assert problem.severity == "info"

    def test_sessions_that_the_app_cannot_open_are_named(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        """The longest first; those that were not uploaded are none."""
        world = World(tmp_path / "world")
        world.say("u1", session_id=SESSION)
        uploading = changed(settings, convex_url=URL)
        with world.database.write() as connection:
            connection.execute("UPDATE session_counts SET messages = 4096")
        codes = by_code(report.status(uploading, world.database, running(), key=KEY))
        assert "sessions-too-long" not in codes
        world.drain()
        codes = by_code(report.status(uploading, world.database, running(), key=KEY))
        assert codes["sessions-too-long"].detail == (
            "1 session of more than about 4,095 messages cannot be opened in OpenSync: 11111111"
        )
        for number in range(4):
            world.say("u1", session_id=f"{number}2222222-2222")
            world.drain()
        with world.database.write() as connection:
            connection.execute(
                "UPDATE session_counts SET messages = 5000 + messages + substr(session_id, 1, 1)"
                " WHERE session_id LIKE '_2222222%'"
            )
        problem = by_code(report.status(uploading, world.database, running(), key=KEY))[
            "sessions-too-long"
        ]
        assert problem.detail.startswith("5 sessions")
        assert problem.detail.endswith(": 32222222, 22222222, 12222222, …")
        with world.database.write() as connection:
            connection.execute("UPDATE session_counts SET messages = 4095")
        codes = by_code(report.status(uploading, world.database, running(), key=KEY))
        assert "sessions-too-long" not in codes

    def test_held_rows_and_damage_are_reported(self, settings: Settings, tmp_path: Path) -> None:
        """auto_sync off, a line that is not JSON, a database that was set aside."""
        held = changed(settings, convex_url=URL, auto_sync=False)
        held.state_dir.mkdir()
        (held.state_dir / "ccsync.db").write_bytes(b"no database" * 1000)
        transcript = Transcript(tmp_path / "claude")
        transcript.turn()
        with transcript.path.open("ab") as file:
            file.write(b"{broken\n")
            file.write(b'{"type":"mode","x":"\xe9"}\n{"type":"unheard-of","x":"\xe9"}\n')
            file.write(b'{"type":"user","message":{"content":[{"type":"hologram"}]}}\n')
        runtime = Runtime(held, clock=FakeClock(), host="h")
        try:
            read_all(runtime)
            key = (held.state_dir / "install.key").read_bytes()
            figures = report.status(held, runtime.database, running(), key=key)
        finally:
            runtime.close()
        codes = by_code(figures)
        assert codes["auto-sync-off"].detail == "auto_sync is off, and 3 rows are pending"
        assert codes["auto-sync-off"].severity == "info"
        assert codes["lines-unreadable"].detail == "1 line could not be read"
        assert codes["lines-unreadable"].hint == (
            "nothing to do: it was skipped, the rest is imported"
        )
        assert codes["lines-unreadable"].severity == "warning"
        # One of a type that is dropped is not even read.
        assert figures["repaired_rows"] == {"bytes that are not UTF-8": 1}
        assert codes["rows-repaired"].detail == (
            "1 damaged row could be read: 1 with bytes that are not UTF-8"
        )
        assert codes["rows-not-understood"].detail == (
            "2 rows of an unknown type or with unknown parts: 1 unheard-of, 1 user/hologram"
        )
        assert codes["database-rebuilt"].detail.startswith(
            "the database was damaged and is kept as ccsync.db.c"
        )


def test_the_key_is_masked(settings: Settings) -> None:
    """Enough to tell two keys apart."""
    shown = report.shown_config(changed(settings, api_key=Secret("osk_0123456789abcdef")))
    assert shown["api_key"] == "osk_…ef"
    assert report.shown_config(settings)["api_key"] is None


def test_paths_that_are_not_utf8_are_reported(settings: Settings, tmp_path: Path) -> None:
    """JSON could not hold them as they are."""
    odd = tmp_path / os.fsdecode(b"\xff")
    figures = report.status(
        changed(settings, claude_dirs=(odd,), state_dir=odd, file=odd), None, None, key=KEY
    )
    assert str(figures).encode()
