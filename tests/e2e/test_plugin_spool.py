"""A hostile spool before the real daemon: nothing bad happens, live signals are served."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from support.ccsync_program.transcript import Transcript
from support.lines import SESSION
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program

JUNK = 10_000


def ended(program: Program) -> list[str]:
    """Return the reasons for session ends in the store."""
    with sqlite3.connect(f"file:{program.state / 'ccsync.db'}?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT detail FROM hook_events WHERE name = 'SessionEnd'"
        ).fetchall()
    database.close()
    return [json.loads(row[0])["reason"] for row in rows]


def test_ten_thousand_files_links_giants_and_paths_outside(program: Program) -> None:
    """Written before the daemon starts and while it runs; they cost it little memory and time."""
    spool = program.state / "signals"
    spool.mkdir(parents=True)
    transcript = Transcript(program.claude_dir)
    transcript.turn()

    def signal(reason: str, path: str) -> None:
        fields = {"hook_event_name": "SessionEnd", "session_id": SESSION, "reason": reason}
        event_file = spool / f"SessionEnd.{SESSION}.{abs(hash(reason)) % 10**9}"
        event_file.write_text(json.dumps({**fields, "transcript_path": path}) + "\n")

    def attack(name: str) -> None:
        for number in range(JUNK):
            (spool / f"{name}-{number}").write_bytes(b"x")
        (spool / f"Stop.{name}.1").symlink_to("/etc/passwd")
        os.mkfifo(spool / f"Stop.{name}.2")
        with (spool / f"SessionEnd.{name}.3").open("wb") as file:
            file.truncate(1 << 30)
        (spool / f"Stop.{name}.4").mkdir()
        signal(f"outside {name}", "/etc/passwd")

    attack("before")
    program.start()
    signal("live", str(transcript.path))
    wait_until(lambda: "live" in ended(program), "the live signal is served")
    attack("meanwhile")
    signal("live again", str(transcript.path))
    wait_until(lambda: "live again" in ended(program), "the second is served too")
    assert sorted(ended(program)) == ["live", "live again"]
    wait_until(lambda: not list(spool.iterdir()), "the spool is clean")
    wait_until(
        lambda: (program.session(SESSION) or {}).get("messages") == 2, "the session is stored"
    )
    assert len(list((program.state / "signals.aside").iterdir())) <= 20
    lines = Path(f"/proc/{program.pid}/status").read_text(encoding="ascii").splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    assert peak < 400 << 10, "the giant was not read"
    assert program.stop() == 0
