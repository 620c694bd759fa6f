"""`audit` as a user has it: a store that older rules wrote, with the daemon and without it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.transcript import Transcript
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"


@pytest.mark.parametrize("has_daemon", [False, True], ids=["alone", "daemon"])
def test_what_older_rules_let_pass_is_reported_until_it_is_repaired(
    program: Program, opensync: OpenSyncDouble, *, has_daemon: bool
) -> None:
    """With session, kind, host and date; exit 1; the store stays as it is."""
    backend = {"convex_url": opensync.url, "api_key": opensync.api_key}
    completed = program.call("audit")
    assert (completed.code, completed.out) == (0, "Nothing to audit: nothing is stored yet\n")
    # Rules that lack one: it leaves this token.
    program.configure(**backend, redact={"allow": ["ghp_.*"]})
    transcript = Transcript(program.claude_dir)
    transcript.append(transcript.writer.prompt(f"Use {TOKEN} for it"))
    assert program.call("sync-now").code == 0
    transcript.append(transcript.writer.prompt("innocent"))
    assert program.call("sync-now").code == 0
    program.configure(**backend)
    if has_daemon:
        program.start()
        wait_until(
            lambda: "rules-changed" in str(program.status()["problems"]), "the rules are new"
        )
    completed = program.call("audit")
    assert completed.code == 1, completed.err
    assert "Would be changed: 1 message and 2 other rows of 1 session\n" in completed.out
    host = opensync.url.removeprefix("http://")
    assert f"Sent already: 1 message of 1 session to {host}," in completed.out
    assert f"\n{transcript.session_id}\n" in completed.out
    assert "github-token 3" in completed.out
    assert "Run `ccsync-watch repair`" in completed.out
    assert TOKEN[4:12] not in completed.out
    completed = program.call("audit", "--json")
    assert completed.code == 1
    document = json.loads(completed.out)
    assert TOKEN[4:12] not in completed.out
    (session,) = document["sessions"]
    assert (session["messages"], session["messages_sent"], session["rows"]) == (1, 1, 2)
    assert session["is_state_sent"]
    assert session["kinds"] == {"github-token": 3}
    assert document["would_change"]["kinds"] == session["kinds"]
    assert json.loads((program.state / "audit.json").read_text()) == document
    assert TOKEN in opensync.backend.tables_text(), "an audit sends nothing"
    assert program.call("repair").code == 0
    assert program.call("sync-now").code == 0
    assert TOKEN not in opensync.backend.tables_text()
    completed = program.call("audit")
    assert completed.code == 0, completed.out
    assert "Nothing would be changed" in completed.out
