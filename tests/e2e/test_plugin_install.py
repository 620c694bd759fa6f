"""The plugin as a package: what the client's own validator says, and coming and going."""

from __future__ import annotations

import json
import shutil
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from support.ccsync_program.plugin_home import PLUGIN, ROOT
from support.ccsync_program.repository_clone import clone_repository
from support.claude_client.plugin_trial import run_client
from support.claude_client.script import prompt, say
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from support.ccsync_program.plugin_home import PluginHome

pytestmark = pytest.mark.client

_ID = "claude-code-sync@claude-code-sync"


def set_options(plugin_home: PluginHome, **options: object) -> None:
    """Write the plugin's options into the client's settings, as plugin/README.md says."""
    path = plugin_home.claude.config_dir / "settings.json"
    settings = json.loads(path.read_text())
    settings["pluginConfigs"] = {_ID: {"options": options}}
    path.write_text(json.dumps(settings))


def renamed(folder: Path) -> Path:
    """Return a copy of plugin and marketplace under a name that is not reserved."""
    shutil.copytree(PLUGIN, folder / "plugin")
    shutil.copytree(ROOT / ".claude-plugin", folder / ".claude-plugin")
    # As plugin/README.md says.
    for path in [
        *folder.rglob(".claude-plugin/*.json"),
        folder / "plugin/hooks/prompt_expansion.json",
    ]:
        path.write_text(path.read_text().replace("claude-code-sync", "code-sync"))
    return folder


def errors(report: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """Return every error message in a report, at any depth."""
    if isinstance(report, dict):
        own = [json.dumps(error) for error in report.get("errors") or []]
        return own + [error for value in report.values() for error in errors(value)]
    return (
        [error for value in report for error in errors(value)] if isinstance(report, list) else []
    )


@pytest.mark.parametrize("folder", ["plugin", "."])
def test_validation_rejects_only_the_name(plugin_home: PluginHome, folder: str) -> None:
    """`claude-` is reserved; the client still installs the plugin."""
    completed = run_client(
        plugin_home, "plugin", "validate", "--strict", "--json", str(ROOT / folder)
    )
    assert completed.returncode == 1
    reported = set(errors(json.loads(completed.stdout)))
    assert reported
    assert all("is reserved" in error for error in reported), reported


@pytest.mark.parametrize(
    "words", [("--strict", "plugin"), ("--strict", "."), ("--profile", "directory", "plugin")]
)
def test_validation_accepts_another_name(
    plugin_home: PluginHome, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Strictly, and by the rules of the public directory."""
    copy = renamed(tmp_path / "copy")
    completed = run_client(plugin_home, "plugin", "validate", *words[:-1], str(copy / words[-1]))
    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_install_from_a_clone_run_and_uninstall(plugin_home: PluginHome, tmp_path: Path) -> None:
    """Offline, in an empty home; afterwards Claude Code is as it was before."""
    home, clone = plugin_home.claude, clone_repository(tmp_path / "clone")
    settings = home.config_dir / "settings.json"
    before = json.loads(settings.read_text())
    completed = run_client(plugin_home, "plugin", "marketplace", "add", str(clone))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    completed = run_client(plugin_home, "plugin", "install", _ID)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert json.loads(settings.read_text())["enabledPlugins"] == {_ID: True}
    set_options(plugin_home, sync_thinking=True)
    run = home.run(prompt("Say hello", say("Hello.")))
    assert run.returncode == 0, run.stderr
    plugin_home.wait_for_daemon()
    wait_until(lambda: plugin_home.session(run.session_id).get("messages") == 2, "it is stored")
    assert (plugin_home.state / "plugin.options").read_text() == "sync_thinking=true\n"
    assert plugin_home.status()["config"]["sync_thinking"] is True
    assert run_client(plugin_home, "plugin", "uninstall", _ID).returncode == 0
    assert (
        run_client(plugin_home, "plugin", "marketplace", "remove", "claude-code-sync").returncode
        == 0
    )
    after = json.loads(settings.read_text())
    del after["pluginConfigs"]  # the user's own
    assert {name: value for name, value in after.items() if value} == before
    assert plugin_home.call("stop").returncode == 0
    assert home.run(prompt("Say hello", say("Hello."))).returncode == 0
    assert list((plugin_home.state / "signals").iterdir()) == []
    assert plugin_home.daemons() == []


def test_options_in_the_clients_settings_reach_the_daemon(
    plugin_home: PluginHome, tmp_path: Path
) -> None:
    """No manifest declares them, for the sake of old clients; hooks get them all the same."""
    key = f"osk_{uuid.uuid4().hex}"  # not in the clone, which is in the client's home too
    run_client(
        plugin_home, "plugin", "marketplace", "add", str(clone_repository(tmp_path / "clone"))
    )
    completed = run_client(plugin_home, "plugin", "install", _ID)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    set_options(plugin_home, convex_url="http://127.0.0.1:9", api_key=key)
    plugin_home.claude.run(prompt("Say hello", say("Hello.")))
    plugin_home.wait_for_daemon()
    config = plugin_home.status()["config"]
    assert config["convex_url"] == "http://127.0.0.1:9"
    assert config["api_key"] == f"{key[:4]}…{key[-2:]}"
    written = plugin_home.state / "plugin.options"
    assert written.stat().st_mode & 0o777 == 0o600
    holders = {
        path.name
        for path in plugin_home.claude.root.rglob("*")
        if path.is_file() and not path.is_symlink() and key.encode() in path.read_bytes()
    }
    assert holders == {"plugin.options", "settings.json"}
