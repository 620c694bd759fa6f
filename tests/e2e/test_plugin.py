"""The plugin in the real client: nobody starts anything by hand, and nobody waits."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.plugged import environ
from support.ccsync_program.program import wait_until
from support.claude_client.client import API_KEY
from support.claude_client.script import prompt, repeat, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.ccsync_program.plugged import Plugged
    from support.claude_client.terminal import Terminal
    from support.opensync_double.server import OpenSyncDouble

pytestmark = pytest.mark.client

_TURN = prompt("Say hello", say("Hello."))


def signals(plugged: Plugged, session_id: str) -> dict[str, str]:
    """Return what the hooks told of a session, by the event's name."""
    path = plugged.state / "ccsync.db"
    if not path.exists():
        return {}
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'signals'").fetchone():
            return {}  # the daemon has just begun to make it
        rows = database.execute(
            "SELECT name, detail FROM hook_events WHERE session_id = ? ORDER BY id", (session_id,)
        ).fetchall()
    return dict(rows)


def test_one_run_later_the_daemon_runs_and_the_session_is_stored(plugged: Plugged) -> None:
    """In an empty home, with nothing configured; the reason of its end included."""
    run = plugged.claude.run(_TURN, *plugged.args)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    pid = plugged.wait_for_daemon()
    wait_until(lambda: "SessionEnd" in signals(plugged, run.session_id), "the end is recorded")
    told = signals(plugged, run.session_id)
    assert '"source":"startup"' in told["SessionStart"]
    assert '"reason":"other"' in told["SessionEnd"]
    wait_until(lambda: plugged.session(run.session_id).get("messages") == 2, "all is stored")
    # Nothing of the session's secrets, and no descriptor of the client's.
    seen = environ(pid)
    assert API_KEY not in seen.values()
    assert not [
        name for name in seen if name.startswith(("ANTHROPIC", "CLAUDE_CODE", "CLAUDECODE"))
    ]
    targets = {str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in range(3)}
    assert targets == {"/dev/null"}
    assert os.getsid(pid) == pid
    assert os.listdir(plugged.state / "signals") == []  # noqa: PTH208 - names, not paths


def test_the_hooks_leave_no_trace_in_the_session(plugged: Plugged) -> None:
    """No row but the client's own summary, however long the answer that Stop is told."""
    run = plugged.claude.run(prompt("Say much", say(repeat("word ", 60_000))), *plugged.args)
    assert (run.returncode, run.stderr) == (0, "")
    text = plugged.claude.transcript(run.session_id).read_text()
    for trace in ("hook_success", "hook_non_blocking", "hook_cancelled", "hook_response"):
        assert trace not in text, trace
    wait_until(lambda: "SessionEnd" in signals(plugged, run.session_id), "the end is recorded")


def test_a_cleared_session_ends_and_another_starts(
    plugged: Plugged, open_terminal: Callable[..., Terminal]
) -> None:
    """In the same process: each signal names its own."""
    terminal = open_terminal(*plugged.args, home=plugged.claude)
    terminal.submit(_TURN)
    terminal.wait_for_row(lambda row: row["type"] == "assistant")
    old = terminal.session_id
    terminal.submit("/clear")
    new = terminal.wait_for_new_session(old)
    wait_until(
        lambda: "clear" in signals(plugged, old).get("SessionEnd", ""), "the old one has ended"
    )
    wait_until(
        lambda: "clear" in signals(plugged, new).get("SessionStart", ""), "the new one has begun"
    )


def test_ten_sessions_at_the_same_moment_start_one_daemon(plugged: Plugged) -> None:
    """And all of them are stored."""
    runs = [plugged.claude.start(_TURN, *plugged.args) for _ in range(10)]
    sessions = [run.wait().session_id for run in runs]
    plugged.wait_for_daemon()
    wait_until(
        lambda: all("SessionEnd" in signals(plugged, session) for session in sessions),
        "all have ended",
    )
    assert len(plugged.daemons()) == 1
    wait_until(lambda: not (plugged.state / "starting").exists(), "the start is over")


def test_a_user_who_wants_no_daemon_gets_none(plugged: Plugged) -> None:
    """The settings say so; the signals wait, and a daemon started by hand takes them up."""
    plugged.configure(autostart=False)
    run = plugged.claude.run(_TURN, *plugged.args)
    wait_until((plugged.state / "no-autostart").exists, "the hooks have been told")
    again = plugged.claude.run(_TURN, *plugged.args)
    assert plugged.daemons() == []
    assert not (plugged.state / "starting").exists()
    waiting = os.listdir(plugged.state / "signals")  # noqa: PTH208 - names, not paths
    assert {each.split(".")[1] for each in waiting} == {run.session_id, again.session_id}
    assert plugged.call("start").returncode == 0
    wait_until(lambda: "SessionEnd" in signals(plugged, run.session_id), "the end is recorded")
    assert plugged.call("stop").returncode == 0
    assert plugged.daemons() == []


def test_who_changes_the_settings_back_gets_one(plugged: Plugged) -> None:
    """The hooks' flag speaks of the settings as they were."""
    plugged.configure(autostart=False)
    plugged.claude.run(_TURN, *plugged.args)
    wait_until((plugged.state / "no-autostart").exists, "the hooks have been told")
    os.utime(plugged.state / "no-autostart", (1, 1))
    plugged.configure(autostart=True)
    plugged.claude.run(_TURN, *plugged.args)
    plugged.wait_for_daemon()


def test_after_a_crash_the_next_turn_starts_another(plugged: Plugged) -> None:
    """Its note names a process that is gone."""
    plugged.claude.run(_TURN, *plugged.args)
    first = plugged.wait_for_daemon()
    wait_until(lambda: not (plugged.state / "starting").exists(), "the start is over")
    os.kill(first, signal.SIGKILL)
    plugged.claude.run(_TURN, *plugged.args)
    wait_until(lambda: plugged.note().get("pid") not in {None, first}, "another daemon comes up")


def test_the_end_travels_to_the_backend(plugged: Plugged, opensync: OpenSyncDouble) -> None:
    """In the session's first message, which has what the backend has no field for."""
    plugged.configure(convex_url=opensync.url, api_key=opensync.api_key)
    run = plugged.claude.run(_TURN, *plugged.args)

    def header() -> str:
        rows = opensync.backend.messages(run.session_id)
        return next((r.text_content or "" for r in rows if r.external_id.endswith(":session")), "")

    wait_until(lambda: "Ended: other" in header(), "the reason of its end arrives")
    assert "Start: startup" in header()
