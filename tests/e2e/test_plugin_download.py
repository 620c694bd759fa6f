"""In the real client: only the program's own copy is run, with the packages of its lock file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.plugin_home import PLUGIN, PluginHome
from support.ccsync_program.real_uv import put_uv
from support.ccsync_program.repository_clone import clone_repository
from support.claude_client.client import SKIP_PERMISSIONS
from support.claude_client.script import prompt, say
from support.waiting import WAIT_SECONDS, wait_for, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.claude_client.client import ClaudeHome

pytestmark = pytest.mark.client

_COMMANDS = ("/claude-code-sync:sync-status", "/claude-code-sync:sync-now")
_ID = "claude-code-sync@claude-code-sync"
_TURN = prompt("Say hello", say("Hello."))


@pytest.fixture
def bare_home(claude_home: ClaudeHome, tmp_path: Path) -> Iterator[PluginHome]:
    """Return a client's home in which `ccsync-watch` is not installed; end its daemons."""
    home = PluginHome(
        claude_home.with_env(
            PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin", XDG_CACHE_HOME=os.environ["XDG_CACHE_HOME"]
        )
    )
    yield home
    home.claude.close()
    home.close()


def test_without_a_program_nothing_is_called(bare_home: PluginHome, tmp_path: Path) -> None:
    """By no hook and no command, with and without hooks, though uv and uvx are there."""
    called = tmp_path / "called"
    for name in ("uv", "uvx", "pip", "pipx", "curl"):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{called}"\n')
        path.chmod(0o755)
    plugin = tmp_path / "alone" / "plugin"
    shutil.copytree(PLUGIN, plugin)
    args = ("--plugin-dir", str(plugin), SKIP_PERMISSIONS)
    settings = bare_home.claude.config_dir / "settings.json"
    for is_off in (False, True):
        settings.write_text(json.dumps({"disableAllHooks": is_off}))
        run = bare_home.claude.run(_TURN, *args)
        assert (run.returncode, run.stderr) == (0, "")
        for command in _COMMANDS:
            run = bare_home.claude.run(command, *args)
            text = run.stdout + bare_home.claude.transcript(run.session_id).read_text()
            assert "ccsync-watch is not installed" in text
    for words in (("status",), ("doctor",), ("plugin-command", "--plain", "status")):
        bare_home.call(*words)
    assert bare_home.daemons() == []
    assert not (bare_home.state / "program").exists()
    assert not called.exists(), called.read_text()


@pytest.mark.parametrize("source", ["folder", "git"])
def test_an_installed_plugin_runs_its_own_copy(
    bare_home: PluginHome, tmp_path: Path, source: str
) -> None:
    """With uv alone; the daemon works on after the plugin and its marketplace were removed.

    The client runs a plugin from a marketplace's folder where it is, and copies one from git.
    """
    home = bare_home.claude.with_env(**put_uv(tmp_path / "bin"))
    plugin_home = PluginHome(home)
    clone = clone_repository(tmp_path / "clone")
    market = str(clone)
    if source == "git":
        market = "http://127.0.0.1:9/claude-code-sync.git"
        rewrite = f'[url "{clone}"]\n  insteadOf = {market}\n'
        (home.home / ".gitconfig").write_text(rewrite)
    for words in (("marketplace", "add", market), ("install", _ID)):
        subprocess.run(
            [home.binary, "plugin", *words],
            env=home.env,
            cwd=home.workdir,
            check=True,
            timeout=WAIT_SECONDS,
        )
    if source == "git":
        shutil.rmtree(clone)
    run = home.run(_TURN, SKIP_PERMISSIONS)
    assert (run.returncode, run.stderr) == (0, "")
    command = plugin_home.state / "program" / "ccsync-watch"
    wait_for(command.exists, "uv has installed the packages", evidence=plugin_home.program)
    pid = plugin_home.wait_for_daemon()
    subprocess.run(
        [home.binary, "plugin", "uninstall", _ID], env=home.env, check=True, timeout=WAIT_SECONDS
    )
    shutil.rmtree(home.config_dir / "plugins")
    shutil.rmtree(clone, ignore_errors=True)
    run = home.run(_TURN)
    wait_until(lambda: plugin_home.session(run.session_id).get("messages") == 2, "it is stored")
    assert plugin_home.daemons() == [pid]
    status = subprocess.run([command, "status"], env=home.env, capture_output=True, text=True)  # noqa: PLW1510 - its code is not the question
    assert f"running (process {pid})" in status.stdout
