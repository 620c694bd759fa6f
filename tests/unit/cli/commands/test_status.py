"""`status` without a daemon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ccsync_watch.cli import main
from ccsync_watch.store.database import open_database
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION

if TYPE_CHECKING:
    import pytest


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
