"""`status` without a daemon."""

from __future__ import annotations

import contextlib
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.responses import JSONResponse, Response

from ccsync_watch.cli import main
from ccsync_watch.store.database import open_database
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION
from support.state_folder import StateFolder
from support.storing import OTHER, World, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request


def test_a_folder_that_only_a_pending_hook_event_names_is_counted(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another account's sessions are not missing in silence, and the event stays for a daemon."""
    transcript = Transcript(tmp_path / "work")
    transcript.turn()
    event = Path(env["CCSYNC_WATCH_HOME"]) / "signals" / f"SessionStart.{SESSION}.1"
    event.parent.mkdir(parents=True)
    fields = {"hook_event_name": "SessionStart", "session_id": SESSION}
    event.write_text(json.dumps({**fields, "transcript_path": str(transcript.path)}) + "\n")
    assert main(["status", "--json"], env) == 3
    figures = json.loads(capsys.readouterr().out)
    assert figures["transcripts_found"] == 1
    assert str(tmp_path / "work") in figures["config"]["claude_dirs"]
    assert event.exists()


def test_a_newer_database_is_the_first_thing_said(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No daemon of this version can be started with it."""
    folder = Path(env["CCSYNC_WATCH_HOME"])
    database = open_database(folder, now_ms=1)
    with database.write() as connection:
        connection.execute("PRAGMA user_version = 999")
    database.close()
    assert main(["status"], env) == 3
    first, *_others = capsys.readouterr().out.split("\n\n")[1:]
    assert first.startswith("Newer database: a newer ccsync-watch wrote the database")
    assert "update ccsync-watch" in first


class TestBacklog:
    """How long what is pending will take."""

    @pytest.fixture
    def world(self, env: dict[str, str]) -> Iterator[World]:
        """Return a store in the program's own state folder, with a backend that it is set for."""
        world = World(Path(env["CCSYNC_WATCH_HOME"]))
        world.clock.now_ms = int(time.time() * 1000)
        Path(env["HOME"], ".claude-code-sync.json").write_text(
            json.dumps({"convex_url": "http://127.0.0.1:9"})
        )
        yield world
        world.close()

    def _line(
        self, env: dict[str, str], capsys: pytest.CaptureFixture[str], *, is_running: bool = True
    ) -> str | None:
        """Return what is said of the backlog, as a daemon would report it or without one."""
        capsys.readouterr()
        main(["status", "--json"], env)
        figures = json.loads(capsys.readouterr().out)
        figures["daemon"] |= {"running": True, "pid": 1}

        async def report(_request: Request) -> Response:
            return JSONResponse(figures)

        with contextlib.ExitStack() as stack:
            if is_running:
                folder = StateFolder(Path(env["CCSYNC_WATCH_HOME"]))
                stack.enter_context(folder.serve(report, path="/v1/status", is_unix=False))
            main(["status"], env)
        lines = capsys.readouterr().out.splitlines()
        return next((line for line in lines if line.startswith("  backlog ")), None)

    def _write_history(self, world: World, session_id: str, count: int) -> None:
        old_ms = world.clock.now_ms - 86_400_000
        rows = [message(f"u{at}", session_id=session_id, at_ms=old_ms + at) for at in range(count)]
        world.ingest(*rows, session_id=session_id)

    def _upload_a_part(self, world: World) -> None:
        """Upload one session, a row in a tenth of a second, and have another one pending."""
        world.clock.now_ms -= 30_000
        self._write_history(world, SESSION, 100)
        world.transport.on_answer = lambda _path: world.clock.advance(0.1)
        world.work()
        self._write_history(world, OTHER, 400)

    def test_it_names_the_rate_and_the_time(
        self, env: dict[str, str], world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Of the minute until now."""
        self._upload_a_part(world)
        line = self._line(env, capsys)
        assert line is not None
        said = re.fullmatch(
            r"  backlog      1 session being uploaded at (\d+) rows a second:"
            r" done in about (\d+) s",
            line,
        )
        assert said is not None
        assert int(said[1]) * float(said[2]) == pytest.approx(401, rel=0.1)

    def test_there_is_no_end_before_all_is_read(
        self, env: dict[str, str], world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """More becomes pending until then."""
        self._upload_a_part(world)
        Transcript(Path(env["HOME"], ".claude")).turn()
        line = self._line(env, capsys)
        assert line is not None
        assert line.endswith(" rows a second: more to be read")

    def test_nothing_is_uploaded_without_a_daemon(
        self, env: dict[str, str], world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """However short ago it was stopped."""
        world.clock.now_ms -= 30_000
        self._write_history(world, SESSION, 100)
        world.work()
        self._write_history(world, OTHER, 400)
        line = self._line(env, capsys, is_running=False)
        assert line == "  backlog      1 session to upload"

    def test_it_says_when_nothing_moves(
        self, env: dict[str, str], world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An old rate would promise too much."""
        self._write_history(world, OTHER, 400)
        line = self._line(env, capsys)
        assert line == "  backlog      1 session to upload, no row in the last minute"

    def test_a_few_rows_are_no_backlog(
        self, env: dict[str, str], world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """They are sent before anybody has read it."""
        self._write_history(world, OTHER, 20)
        assert self._line(env, capsys) is None
