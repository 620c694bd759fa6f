"""Sessions at several places: of another account, and behind symbolic links; with a real daemon."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.transcript import Transcript
from support.lines import OTHER, SESSION
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program

MISSED = "changes without a file event"


def stored(program: Program, session_id: str) -> int:
    """Return how many messages of a session are stored."""
    return int((program.session(session_id) or {}).get("messages", 0))


def is_complete(program: Program, *, messages: int) -> bool:
    """Return whether so many messages of the session are stored."""
    return stored(program, SESSION) == messages


def test_the_sessions_of_another_account_are_read(program: Program) -> None:
    """Its hook names the folder; the daemon that another account started reads it from then on."""
    program.claude_dir.mkdir()
    program.start()
    work = program.root / "work"
    work.mkdir(parents=True, exist_ok=True)
    transcript = Transcript(work, session_id=OTHER)
    fields = {"session_id": OTHER, "transcript_path": str(transcript.path), "source": "startup"}
    event = program.state / "signals" / f"SessionStart.{OTHER}.1"
    event.write_text(json.dumps({**fields, "hook_event_name": "SessionStart"}) + "\n")
    transcript.turn()
    wait_until(lambda: stored(program, OTHER) == 2, "the session is stored")
    wait_until(lambda: not event.exists(), "its hook event is handled")
    assert program.stop() == 0
    transcript.turn(2)
    completed = program.call("sync-now")
    assert completed.code == 0, completed.err
    assert stored(program, OTHER) == 4
    program.configure(claude_dirs=[str(program.claude_dir)])
    program.env = {"CLAUDE_CONFIG_DIR": ""}
    completed = program.call("sync-now")
    assert completed.code == 1
    assert f"sessions to {work} as well, which is not read" in completed.err


@pytest.mark.parametrize("what", ["projects", "project"])
def test_what_a_link_leads_to_is_live(program: Program, what: str) -> None:
    """By events as everything else, and not only when all files are compared."""
    transcript = Transcript(program.claude_dir)
    elsewhere = program.root / "elsewhere"
    elsewhere.mkdir(parents=True)
    program.claude_dir.mkdir()
    link = transcript.path.parent if what == "project" else transcript.path.parent.parent
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    transcript.turn()
    program.start()
    wait_until(lambda: stored(program, SESSION) == 2, "the session is stored")
    for number in range(2, 6):
        transcript.turn(number)
        is_stored = partial(is_complete, program, messages=2 * number)
        wait_until(is_stored, "the turn is stored")
    # A rescan that finds a change without an event says so two seconds later; the next turn comes
    # after that.
    assert MISSED not in program.output()
    assert program.stop() == 0
