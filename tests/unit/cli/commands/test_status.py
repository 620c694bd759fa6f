"""`status` without a daemon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ccsync_watch.cli import main
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
