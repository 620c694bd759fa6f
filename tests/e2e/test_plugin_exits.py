"""However a session ends, its last complete line is soon at the backend; hooks or no hooks."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from support.claude_client.script import prompt, say, tool
from support.expected_messages import expected_messages
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.ccsync_program.plugin_home import PluginHome
    from support.claude_client.terminal import Terminal
    from support.opensync_double.server import OpenSyncDouble

pytestmark = pytest.mark.client

_TURN = prompt("Look", tool("Bash", command="echo seen", description="Look"), say("All done."))


def arrives(plugin_home: PluginHome, opensync: OpenSyncDouble, session_id: str) -> None:
    """Wait until every complete line of a session is at the backend, without a command."""
    since = time.monotonic()
    wanted = {
        expected_message.id
        for expected_message in expected_messages(plugin_home.claude.transcript(session_id))
    }
    assert len(wanted) >= 4

    def has_arrived() -> bool:
        return wanted <= {message.external_id for message in opensync.backend.messages(session_id)}

    wait_until(has_arrived, "the last line arrives")
    print(f"the last line arrived {time.monotonic() - since:.2f} s after the end")  # noqa: T201 - `pytest -s` shows it


def _twice(key: str) -> Callable[[Terminal], object]:
    def leave(terminal: Terminal) -> None:
        # During a turn, also just after its last words, the key interrupts it.
        terminal.wait_for_row(lambda row: row.get("subtype") == "turn_duration")
        terminal.press(key)
        terminal.wait_for_screen("again to exit")
        terminal.press(key)
        terminal.wait_for_end()

    return leave


def _signal(number: signal.Signals) -> Callable[[Terminal], object]:
    def leave(terminal: Terminal) -> None:
        os.kill(terminal.pid, number)
        terminal.wait_for_end()

    return leave


@pytest.mark.parametrize(
    ("leave", "reason"),
    [
        pytest.param(lambda terminal: terminal.exit(), "prompt_input_exit", id="exit"),
        pytest.param(_twice("C-d"), "prompt_input_exit", id="ctrl-d"),
        pytest.param(_twice("C-c"), "prompt_input_exit", id="ctrl-c"),
        pytest.param(_signal(signal.SIGTERM), "other", id="sigterm"),
        pytest.param(lambda terminal: terminal.hang_up(), "other", id="sighup"),
        pytest.param(_signal(signal.SIGKILL), None, id="sigkill"),
    ],
)
def test_the_last_line_arrives(
    plugin_home: PluginHome,
    opensync: OpenSyncDouble,
    open_terminal: Callable[..., Terminal],
    leave: Callable[[Terminal], object],
    reason: str | None,
) -> None:
    """However the client ends, and also if no hook runs at all; the reason is sent too."""
    plugin_home.configure(convex_url=opensync.url, api_key=opensync.api_key)
    assert plugin_home.call("start").returncode == 0
    terminal = open_terminal(*plugin_home.args, home=plugin_home.claude)
    terminal.submit(_TURN)
    terminal.wait_for_row(lambda row: row["type"] == "assistant" and "All done." in str(row))
    leave(terminal)
    arrives(plugin_home, opensync, terminal.session_id)
    if reason is None:
        return

    def has_reason() -> bool:
        rows = opensync.backend.messages(terminal.session_id)
        header = next(row for row in rows if row.external_id.endswith(":session"))
        return f"Ended: {reason}" in (header.text_content or "")

    # The backend takes a change of a row some seconds after the row.
    wait_until(has_reason, "the reason arrives")


@pytest.mark.parametrize("how", ["disabled", "bare", "untrusted"])
def test_a_running_daemon_needs_no_hook(
    plugin_home: PluginHome, opensync: OpenSyncDouble, tmp_path: Path, how: str
) -> None:
    """It reads the files; hooks only speed that up."""
    plugin_home.configure(convex_url=opensync.url, api_key=opensync.api_key)
    assert plugin_home.call("start").returncode == 0
    words, cwd = list(plugin_home.args), None
    if how == "disabled":
        settings = plugin_home.claude.config_dir / "settings.json"
        settings.write_text('{"disableAllHooks": true}')
    elif how == "bare":
        words.append("--bare")
    else:
        cwd = tmp_path / "stranger"
        cwd.mkdir()
    run = plugin_home.claude.run(_TURN, *words, cwd=cwd)
    assert run.returncode == 0, run.stderr
    arrives(plugin_home, opensync, run.session_id)
