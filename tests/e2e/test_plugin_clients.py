"""The plugin with clients of every kind, as plugin/README.md's table says."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.plugin_home import PLUGIN
from support.ccsync_program.repository_clone import clone_repository
from support.claude_client.client import ClaudeHome
from support.claude_client.plugin_record import read_record
from support.claude_client.plugin_trial import (
    BY_A_TURN,
    NO_ANSWER,
    PLUGIN_ID,
    print_command,
    run_client,
    try_plugin,
)
from support.claude_client.script import prompt, reply, say, tool
from support.claude_client.versions import (
    FIRST_VERSION,
    QUICK_PLUGIN_VERSIONS,
    takes_session_id,
)
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.ccsync_program.plugin_home import PluginHome
    from support.claude_client.api import ScriptedMessagesApi
    from support.claude_client.terminal import Terminal

pytestmark = pytest.mark.client


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a git clone of this repository."""
    return clone_repository(tmp_path_factory.mktemp("repository") / "claude-code-sync")


@pytest.mark.parametrize("version", QUICK_PLUGIN_VERSIONS)
def test_a_client_does_what_the_table_says(
    version: str,
    client_of: Callable[[str], Path],
    messages_api: ScriptedMessagesApi,
    plugin_home_of: Callable[[ClaudeHome], PluginHome],
    clone: Path,
    tmp_path: Path,
) -> None:
    """The record that the table is made of is true of this client."""
    claude = ClaudeHome(tmp_path / "claude", messages_api.url, binary=client_of(version))
    assert try_plugin(version, plugin_home_of(claude), clone) == read_record()[version]


def test_the_daemon_alone_serves_a_client_without_plugins(
    client_of: Callable[[str], Path],
    messages_api: ScriptedMessagesApi,
    plugin_home_of: Callable[[ClaudeHome], PluginHome],
    tmp_path: Path,
) -> None:
    """Started by the user; its report says why nothing else started it."""
    claude = ClaudeHome(
        tmp_path / "claude",
        messages_api.url,
        binary=client_of(FIRST_VERSION),
        takes_session_id=takes_session_id(FIRST_VERSION),
    )
    plugin_home = plugin_home_of(claude)
    assert plugin_home.call("start").returncode == 0
    session_id = stored_session(plugin_home)
    report = plugin_home.call("plugin-command", "--plain", "status", f"--session={session_id}")
    assert f"{FIRST_VERSION} has no plugins" in report.stdout


def test_the_users_permission_lets_an_early_client_answer(
    client_of: Callable[[str], Path],
    messages_api: ScriptedMessagesApi,
    plugin_home_of: Callable[[ClaudeHome], PluginHome],
    tmp_path: Path,
) -> None:
    """With the plugin's path, as its README says: that client refuses the plugin's own one."""
    claude = ClaudeHome(tmp_path / "claude", messages_api.url, binary=client_of("2.0.42"))
    plugin_home = plugin_home_of(claude)
    assert plugin_home.call("start").returncode == 0
    plugin_home.wait_for_daemon()
    rule = f"Bash({PLUGIN}/.claude-plugin/ccsync-plugin status:*)"
    settings = claude.config_dir / "settings.json"
    settings.write_text(json.dumps({"permissions": {"allow": [rule]}}))
    answers = {
        name: print_command(plugin_home, name, "--plugin-dir", str(PLUGIN))
        for name in ("status", "now")
    }
    assert answers == {"status": BY_A_TURN, "now": NO_ANSWER}


@pytest.fixture
def github(clone: Path, tmp_path: Path) -> dict[str, str]:
    """Return the environment in which git finds the clone at GitHub, as `yourusername`'s."""
    hub = tmp_path / "github"
    repository = hub / "yourusername" / "claude-code-sync.git"
    repository.parent.mkdir(parents=True)
    repository.symlink_to(clone / ".git")
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{hub}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }


def stored_session(plugin_home: PluginHome, *args: str) -> str:
    """Run a session, and wait until a daemon has stored it; return its id."""
    run = plugin_home.claude.run(prompt("Say hello", say("Hello.")), *args)
    assert run.returncode == 0, run.stderr
    plugin_home.wait_for_daemon()
    wait_until(lambda: plugin_home.session(run.session_id).get("messages") == 2, "it is stored")
    return run.session_id


@pytest.mark.parametrize("folder", [".", "plugin"])
def test_a_command_allows_its_own_script_only(
    folder: str,
    plugin_home_of: Callable[[ClaudeHome], PluginHome],
    claude_home: ClaudeHome,
    clone: Path,
    tmp_path: Path,
) -> None:
    """With a space in its path too; nothing else that the model calls in that turn is allowed."""
    plugin_home = plugin_home_of(claude_home)
    (plugin_home.claude.config_dir / "settings.json").write_text('{"disableAllHooks": true}')
    place = tmp_path / "my code" / "claude-code-sync"
    shutil.copytree(clone, place)
    calls = [
        tool("Bash", command=f"env CLAUDE_CODE_SYNC=1 sh -c 'touch {name}'", description="Make it")
        for name in ("made-1", "made-2")
    ]
    words = prompt("", *(reply(call) for call in calls), say("Ended."))
    run = plugin_home.claude.run(
        f"/claude-code-sync:sync-status {words}", "--plugin-dir", str(place / folder)
    )
    assert run.returncode == 0, run.stderr
    assert run.result == "Ended."
    text = plugin_home.claude.transcript(run.session_id).read_text()
    assert "Sync not working: ccsync-watch is not running" in text
    assert "env CLAUDE_CODE_SYNC=1 sh -c" in text
    assert not list(plugin_home.claude.workdir.glob("made-*"))


@pytest.mark.parametrize("folder", [".", "plugin"])
def test_the_words_of_the_readme_load_it(
    folder: str,
    plugin_home_of: Callable[[ClaudeHome], PluginHome],
    claude_home: ClaudeHome,
    clone: Path,
) -> None:
    """For one session: the repository itself is a plugin, and its folder `plugin` is."""
    plugin_home = plugin_home_of(claude_home)
    assert stored_session(plugin_home, "--plugin-dir", str(clone / folder))


def test_the_words_of_the_readme_install_it(
    plugin_home_of: Callable[[ClaudeHome], PluginHome],
    claude_home: ClaudeHome,
    github: dict[str, str],
) -> None:
    """In the shell of an empty home, from the repository at GitHub."""
    plugin_home = plugin_home_of(claude_home.with_env(**github))
    for words in (
        ("marketplace", "add", "yourusername/claude-code-sync"),
        ("install", PLUGIN_ID),
    ):
        completed = run_client(plugin_home, "plugin", *words)
        assert completed.returncode == 0, completed
    assert stored_session(plugin_home)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(
            "/plugin install claude-code-sync --marketplace yourusername/claude-code-sync",
            id="one-step",
        ),
        pytest.param(
            f"/plugin marketplace add yourusername/claude-code-sync\n/plugin install {PLUGIN_ID}",
            id="two-steps",
        ),
    ],
)
def test_the_words_of_the_readme_install_it_in_the_terminal(
    plugin_home_of: Callable[[ClaudeHome], PluginHome],
    claude_home: ClaudeHome,
    open_terminal: Callable[..., Terminal],
    github: dict[str, str],
    words: str,
) -> None:
    """In one step where the client has it, or in two."""
    plugin_home = plugin_home_of(claude_home.with_env(**github))
    terminal = open_terminal("--model", "opus", home=plugin_home.claude)
    *first, last = words.split("\n")
    for line in first:
        terminal.submit(line)
        terminal.wait_for_screen("Added marketplace: claude-code-sync")
    terminal.submit(last)
    if not first:
        terminal.wait_for_screen("Press y to add")
        terminal.answer("y", "Press y to add")
    terminal.wait_for_screen("Install for you (user scope)")
    terminal.press("Enter")
    terminal.wait_for_screen("Installed claude-code-sync")
    assert terminal.exit() == 0
    assert stored_session(plugin_home)


def test_the_client_takes_the_owners_name_for_a_marketplaces(
    plugin_home_of: Callable[[ClaudeHome], PluginHome],
    claude_home: ClaudeHome,
    open_terminal: Callable[..., Terminal],
    github: dict[str, str],
) -> None:
    """`/plugin install OWNER/NAME` installs nothing, whatever the repository contains.

    When a client offers it, this fails, and the README can say so.
    """
    plugin_home = plugin_home_of(claude_home.with_env(**github))
    terminal = open_terminal("--model", "opus", home=plugin_home.claude)
    terminal.submit("/plugin install yourusername/claude-code-sync")
    terminal.wait_for_screen('Marketplace "yourusername/claude-code-sync" not found')
