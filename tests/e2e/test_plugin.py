"""The plugin in the real client: it starts the daemon, and Claude Code never waits for it."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.plugin_home import environ
from support.claude_client.client import API_KEY
from support.claude_client.script import prompt, repeat, say
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.ccsync_program.plugin_home import PluginHome
    from support.claude_client.terminal import Terminal
    from support.opensync_double.server import OpenSyncDouble

pytestmark = pytest.mark.client

_TURN = prompt("Say hello", say("Hello."))


def read_hook_events(plugin_home: PluginHome, session_id: str) -> dict[str, str]:
    """Return the hook events of a session, by the event's name."""
    path = plugin_home.state / "ccsync.db"
    if not path.exists():
        return {}
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        if not database.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'hook_events'"
        ).fetchone():
            return {}  # the daemon has not created it yet
        rows = database.execute(
            "SELECT name, detail FROM hook_events WHERE session_id = ? ORDER BY id", (session_id,)
        ).fetchall()
    return dict(rows)


def test_the_first_session_starts_the_daemon_and_is_stored(plugin_home: PluginHome) -> None:
    """In an empty home, without configuration; with the reason for its end."""
    run = plugin_home.claude.run(_TURN, *plugin_home.args)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    pid = plugin_home.wait_for_daemon()
    wait_until(
        lambda: "SessionEnd" in read_hook_events(plugin_home, run.session_id), "the end is recorded"
    )
    hook_events = read_hook_events(plugin_home, run.session_id)
    assert '"source":"startup"' in hook_events["SessionStart"]
    assert '"reason":"other"' in hook_events["SessionEnd"]
    wait_until(lambda: plugin_home.session(run.session_id).get("messages") == 2, "all is stored")
    # Nothing of the session's secrets, and no descriptor of the client's.
    environment = environ(pid)
    assert API_KEY not in environment.values()
    assert not [
        name for name in environment if name.startswith(("ANTHROPIC", "CLAUDE_CODE", "CLAUDECODE"))
    ]
    targets = {str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in range(3)}
    assert targets == {"/dev/null"}
    assert os.getsid(pid) == pid
    assert os.listdir(plugin_home.state / "signals") == []  # noqa: PTH208 - names, not paths


def test_the_hooks_leave_no_trace_in_the_session(plugin_home: PluginHome) -> None:
    """No row but the client's own summary, however long the answer in the input of Stop."""
    run = plugin_home.claude.run(
        prompt("Say much", say(repeat("word ", 60_000))), *plugin_home.args
    )
    assert (run.returncode, run.stderr) == (0, "")
    text = plugin_home.claude.transcript(run.session_id).read_text()
    for trace in ("hook_success", "hook_non_blocking", "hook_cancelled", "hook_response"):
        assert trace not in text, trace
    wait_until(
        lambda: "SessionEnd" in read_hook_events(plugin_home, run.session_id), "the end is recorded"
    )


def test_a_cleared_session_ends_and_another_starts(
    plugin_home: PluginHome, open_terminal: Callable[..., Terminal]
) -> None:
    """In the same process: each hook event names its own session."""
    terminal = open_terminal(*plugin_home.args, home=plugin_home.claude)
    terminal.submit(_TURN)
    terminal.wait_for_row(lambda row: row["type"] == "assistant")
    old = terminal.session_id
    terminal.submit("/clear")
    new = terminal.wait_for_new_session(old)
    wait_until(
        lambda: "clear" in read_hook_events(plugin_home, old).get("SessionEnd", ""),
        "the old one has ended",
    )
    wait_until(
        lambda: "clear" in read_hook_events(plugin_home, new).get("SessionStart", ""),
        "the new one has begun",
    )


def test_ten_sessions_at_the_same_moment_start_one_daemon(plugin_home: PluginHome) -> None:
    """And all of them are stored."""
    runs = [plugin_home.claude.start(_TURN, *plugin_home.args) for _ in range(10)]
    sessions = [run.wait().session_id for run in runs]
    plugin_home.wait_for_daemon()
    wait_until(
        lambda: all("SessionEnd" in read_hook_events(plugin_home, session) for session in sessions),
        "all have ended",
    )
    wait_until(lambda: not (plugin_home.state / "starting").exists(), "the start is over")
    # One that lost the race for the lock ends by itself.
    wait_until(lambda: len(plugin_home.daemons()) == 1, "one daemon is left")


def test_the_hooks_start_no_daemon_with_autostart_off(plugin_home: PluginHome) -> None:
    """The hook events are kept, and a daemon that is started by hand reads them."""
    plugin_home.configure(autostart=False)
    run = plugin_home.claude.run(_TURN, *plugin_home.args)
    wait_until((plugin_home.state / "no-autostart").exists, "the flag is written")
    again = plugin_home.claude.run(_TURN, *plugin_home.args)
    assert plugin_home.daemons() == []
    assert not (plugin_home.state / "starting").exists()
    waiting = os.listdir(plugin_home.state / "signals")  # noqa: PTH208 - names, not paths
    assert {name.split(".")[1] for name in waiting} == {run.session_id, again.session_id}
    assert plugin_home.call("start").returncode == 0
    wait_until(
        lambda: "SessionEnd" in read_hook_events(plugin_home, run.session_id), "the end is recorded"
    )
    assert plugin_home.call("stop").returncode == 0
    assert plugin_home.daemons() == []


def test_the_hooks_start_a_daemon_after_autostart_is_on_again(plugin_home: PluginHome) -> None:
    """The flag that the program leaves counts for older settings only."""
    plugin_home.configure(autostart=False)
    plugin_home.claude.run(_TURN, *plugin_home.args)
    wait_until((plugin_home.state / "no-autostart").exists, "the flag is written")
    os.utime(plugin_home.state / "no-autostart", (1, 1))
    plugin_home.configure(autostart=True)
    plugin_home.claude.run(_TURN, *plugin_home.args)
    plugin_home.wait_for_daemon()


def test_after_a_crash_the_next_turn_starts_another(plugin_home: PluginHome) -> None:
    """Its pidfile names a process that has ended."""
    plugin_home.claude.run(_TURN, *plugin_home.args)
    first = plugin_home.wait_for_daemon()
    wait_until(lambda: not (plugin_home.state / "starting").exists(), "the start is over")
    os.kill(first, signal.SIGKILL)
    plugin_home.claude.run(_TURN, *plugin_home.args)
    wait_until(
        lambda: plugin_home.pidfile().get("pid") not in {None, first}, "another daemon comes up"
    )


def test_the_reason_for_the_end_is_sent(plugin_home: PluginHome, opensync: OpenSyncDouble) -> None:
    """In the session's first message, which has what the backend has no field for."""
    plugin_home.configure(convex_url=opensync.url, api_key=opensync.api_key)
    run = plugin_home.claude.run(_TURN, *plugin_home.args)

    def header() -> str:
        rows = opensync.backend.messages(run.session_id)
        return next((r.text_content or "" for r in rows if r.external_id.endswith(":session")), "")

    wait_until(lambda: "Ended: other" in header(), "the reason of its end arrives")
    assert "Start: startup" in header()
