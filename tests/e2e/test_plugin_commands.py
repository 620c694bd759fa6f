"""`sync-status` and `sync-now` as the user sees them in an interactive session: no model's turn."""

from __future__ import annotations

import re
import socket
import time
from typing import TYPE_CHECKING

import pytest

from support.claude_client.script import prompt, say
from support.waiting import wait_for, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.ccsync_program.plugin_home import PluginHome
    from support.claude_client.api import ScriptedMessagesApi
    from support.claude_client.terminal import Terminal
    from support.opensync_double.server import OpenSyncDouble

pytestmark = pytest.mark.client

STATUS = "/claude-code-sync:sync-status"
NOW = "/claude-code-sync:sync-now"
_ENTER_AGAIN_SECONDS = 20.0
_TURN = prompt("Say hello", say("Hello there."))


@pytest.fixture
def session(
    plugin_home: PluginHome, open_terminal: Callable[..., Terminal]
) -> Callable[[], Terminal]:
    """Return a function that opens a session with the plugin, one turn old."""

    def open_one() -> Terminal:
        terminal = open_terminal(*plugin_home.args, home=plugin_home.claude)
        terminal.submit(_TURN)
        terminal.wait_for_screen("Hello there.")
        plugin_home.wait_for_daemon()
        return terminal

    return open_one


def answer(terminal: Terminal, command: str, *words: str) -> str:
    """Enter a command; return the screen once it shows one of `words`.

    A client that has just shown an answer may clear its box once more, with what was typed since:
    without an answer the command is entered again.
    """
    terminal.submit(command)
    entered = time.monotonic()

    def probe() -> str | None:
        nonlocal entered
        screen = terminal.screen()
        if any(text in screen for text in words):
            return screen
        if time.monotonic() - entered > _ENTER_AGAIN_SECONDS:
            terminal.submit(command)
            entered = time.monotonic()
        return None

    screen = wait_for(probe, f"{words} on the screen", evidence=terminal.screen)
    print(screen)  # noqa: T201 - `pytest -s` shows what the user saw
    return screen


def has_failed(plugin_home: PluginHome, terminal: Terminal) -> bool:
    """Return whether an upload of the session failed."""
    return plugin_home.session(terminal.session_id).get("last_error") is not None


def test_status_without_problems(
    plugin_home: PluginHome,
    opensync: OpenSyncDouble,
    messages_api: ScriptedMessagesApi,
    session: Callable[[], Terminal],
) -> None:
    """The settings with the key masked, the connection, this session, and no request of a model."""
    plugin_home.configure(convex_url=opensync.url, api_key=opensync.api_key)
    terminal = session()
    wait_until(lambda: len(opensync.backend.messages(terminal.session_id)) == 3, "all arrived")
    asked = len(messages_api.messages_requests)
    # On a busy machine it says at first that nothing has answered yet.
    screen = answer(terminal, STATUS, "connection    ok")
    assert opensync.api_key not in screen
    _, running, screen = screen.rpartition("running (process")
    assert running
    assert "  total" in screen
    assert f"backend       {opensync.url}" in screen
    assert f"API key       {opensync.api_key[:4]}…{opensync.api_key[-2:]}" in screen
    assert "auto sync on, tool calls on, thinking off" in screen
    # What the client notes of the command itself is a message, too.
    figures = re.search(r"this session  (\d+) messages stored, 0 rows pending, confirmed", screen)
    assert figures is not None
    assert 2 <= int(figures[1]) <= plugin_home.session(terminal.session_id)["messages"]
    assert "→" not in screen
    screen = answer(terminal, NOW, "nothing of this session is pending")
    assert "Synced: " in screen
    assert len(messages_api.messages_requests) == asked
    assert terminal.exit() == 0


def test_no_backend(plugin_home: PluginHome, session: Callable[[], Terminal]) -> None:
    """The README's "No Convex URL configured": nothing is wrong, and nothing is sent."""
    terminal = session()
    screen = answer(terminal, STATUS, "  total")
    assert "backend       none: everything stays on this machine" in screen
    assert "No Convex URL configured: sessions are kept on this machine only" in screen
    assert "→ to sync them, run `ccsync-watch login`, or put" in screen
    screen = answer(terminal, NOW, "nothing was sent")
    assert "Everything of this session is stored on this machine" in screen
    assert plugin_home.session(terminal.session_id)["messages"] >= 2


def test_a_refused_connection_is_reported(
    plugin_home: PluginHome, session: Callable[[], Terminal]
) -> None:
    """The README's "Connection failed", with the system's reason."""
    plugin_home.configure(convex_url="http://127.0.0.1:9", api_key="osk_0123456789abcdef")
    terminal = session()
    wait_until(lambda: has_failed(plugin_home, terminal), "an upload failed")
    screen = answer(terminal, STATUS, "  total")
    assert "connection    failed, see below" in screen
    assert "Connection failed: cannot reach 127.0.0.1:9 (connection refused)" in screen
    assert "→ check that your Convex deployment is running" in screen
    screen = answer(terminal, NOW, "to be sent later")
    assert "Connection failed: cannot reach 127.0.0.1:9 (connection refused)" in screen


def test_a_backend_that_does_not_answer_is_reported(
    plugin_home: PluginHome, session: Callable[[], Terminal]
) -> None:
    """After a few seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        plugin_home.configure(convex_url=f"http://{address}", api_key="osk_0123456789abcdef")
        terminal = session()
        screen = answer(terminal, STATUS, "  total")
        assert "Connection failed: the backend did not answer within" in screen
        assert "→ check that your Convex deployment is running" in screen


def test_a_session_in_a_folder_that_is_not_watched(
    plugin_home: PluginHome, open_terminal: Callable[..., Terminal]
) -> None:
    """Its Claude folder is not among those that the user listed."""
    plugin_home.configure(claude_dirs=[str(plugin_home.claude.config_dir)])
    assert plugin_home.call("start").returncode == 0
    other = plugin_home.claude.root / "other-claude"
    home = plugin_home.claude.with_env(CLAUDE_CONFIG_DIR=str(other))
    terminal = open_terminal(*plugin_home.args, home=home)
    terminal.submit(_TURN)
    terminal.wait_for_screen("Hello there.")
    # Other reports come before it where the daemon is slow.
    screen = answer(terminal, STATUS, "Sync not working: the daemon does not read")
    assert "claude_dirs" in screen


def test_a_wrong_key(
    plugin_home: PluginHome, opensync: OpenSyncDouble, session: Callable[[], Terminal]
) -> None:
    """The README's "Connection failed" again, with another hint."""
    plugin_home.configure(convex_url=opensync.url, api_key="osk_wrong_wrong_wrong")
    terminal = session()
    # The daemon knows then; the test that the command makes may take too long on a busy machine.
    wait_until(lambda: has_failed(plugin_home, terminal), "an upload failed")
    screen = answer(terminal, STATUS, "  total")
    assert "does not accept the API key" in screen
    assert "→ set api_key to a key of this deployment" in screen
    assert "osk_wrong_wrong_wrong" not in screen


def test_a_mistake_in_the_settings(
    plugin_home: PluginHome, session: Callable[[], Terminal]
) -> None:
    """The README's "Sync not working", the place and what is allowed."""
    terminal = session()
    plugin_home.configure(auto_sync="maybe")
    screen = answer(terminal, STATUS, "Sync not working")
    assert 'auto_sync is "maybe"' in screen
    assert "→ set it to true or false" in screen


def test_no_daemon(plugin_home: PluginHome, session: Callable[[], Terminal]) -> None:
    """Status says that it is not running; sync-now starts it, and says so if that takes long."""
    terminal = session()
    assert plugin_home.call("stop").returncode == 0
    screen = answer(terminal, STATUS, "  total")
    assert "Sync not working: ccsync-watch is not running" in screen
    assert "→ /claude-code-sync:sync-now starts it" in screen
    answer(terminal, NOW, "nothing was sent", "ccsync-watch is starting")
    plugin_home.wait_for_daemon()
    answer(terminal, NOW, "nothing was sent")


def test_no_program(plugin_home: PluginHome, open_terminal: Callable[..., Terminal]) -> None:
    """Status says what to install; the hooks stay silent."""
    home = plugin_home.claude.with_env(PATH="/usr/bin:/bin")
    terminal = open_terminal(*plugin_home.args, home=home)
    terminal.submit(_TURN)
    terminal.wait_for_screen("Hello there.")
    # While they run, the client says so.
    wait_until(lambda: "hook" not in terminal.screen(), "the hooks end, and say nothing")
    screen = answer(terminal, STATUS, "Sync not working")
    assert "uv, which runs it, is not installed" in screen
    assert "→ install uv" in screen


def test_without_hooks_the_text_answers(
    plugin_home: PluginHome, messages_api: ScriptedMessagesApi
) -> None:
    """The report reaches the model, with the instruction to show it and nothing else."""
    settings = plugin_home.claude.config_dir / "settings.json"
    settings.write_text('{"disableAllHooks": true}')
    run = plugin_home.claude.run(STATUS, "--plugin-dir", plugin_home.args[1])
    assert run.returncode == 0, run.stderr
    assert len(messages_api.messages_requests) == 1
    text = plugin_home.claude.transcript(run.session_id).read_text()
    assert "Sync not working: ccsync-watch is not running" in text
    assert "Show the user that report exactly as it is" in text
