"""`prune` next to a daemon, as a user has it."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from support.ccsync_program.transcript import Transcript
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program

WORD = "periwinkle"


def test_a_daemon_continues_while_old_sessions_are_pruned(program: Program) -> None:
    """The file shrinks by it; what is written then is stored; the session says what it lacks."""
    program.configure(max_prompt_chars=20_000_000)
    old = Transcript(program.claude_dir)
    noise = hashlib.shake_256(b"noise").hexdigest(5 << 20)
    for start in range(0, len(noise), 1 << 20):
        old.append(old.writer.prompt(f"Title\n{WORD} {noise[start : start + (1 << 20)]}"))
    os.utime(old.path, (1_700_000_000, 1_700_000_000))
    program.start()
    wait_until(
        lambda: program.status()["totals"].get("messages", 0) >= 10, "the transcript is stored"
    )
    before = (program.state / "ccsync.db").stat().st_size
    completed = program.call("prune", "--older-than", "1d")
    assert completed.code == 0, completed.err
    assert "Removed the texts of 10 messages of 1 session" in completed.out
    assert "Freed on the disk: " in completed.out
    assert (program.state / "ccsync.db").stat().st_size < before / 3
    old.append(old.writer.prompt("more of it"))
    assert program.call("sync-now").code == 0
    exported = program.call("export", old.session_id)
    assert "- Texts removed: of 10 messages" in exported.out
    assert "more of it" in exported.out
    assert WORD not in exported.out
