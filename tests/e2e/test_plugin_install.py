"""The plugin as a package: what the client's own validator says, and coming and going."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch import __version__
from support.ccsync_program.plugin_home import PLUGIN, ROOT
from support.claude_client.script import prompt, say
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from support.ccsync_program.plugin_home import PluginHome

pytestmark = pytest.mark.client

_ID = "claude-code-sync@claude-code-sync"


def claude(plugin_home: PluginHome, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the client's own commands."""
    return subprocess.run(
        [plugin_home.claude.binary, *words],
        env=plugin_home.claude.env,
        cwd=plugin_home.claude.workdir,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def renamed(folder: Path) -> Path:
    """Return a copy of plugin and marketplace under a name that is not reserved."""
    shutil.copytree(PLUGIN, folder / "plugin")
    shutil.copytree(ROOT / ".claude-plugin", folder / ".claude-plugin")
    # As plugin/README.md says.
    for name in (
        "plugin/.claude-plugin/plugin.json",
        "plugin/hooks/hooks.json",
        ".claude-plugin/marketplace.json",
    ):
        path = folder / name
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
    completed = claude(plugin_home, "plugin", "validate", "--strict", "--json", str(ROOT / folder))
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
    completed = claude(plugin_home, "plugin", "validate", *words[:-1], str(copy / words[-1]))
    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_the_version_is_the_programs() -> None:
    """Hooks and program compare theirs; a release has one number everywhere."""
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())
    market = json.loads((ROOT / ".claude-plugin" / "marketplace.json").read_text())
    scripts = [
        match[1]
        for path in sorted((PLUGIN / "hooks").glob("*.sh"))
        for match in re.finditer(r"^version=(.*)$", path.read_text(), re.MULTILINE)
    ]
    assert len(scripts) == 2
    assert {manifest["version"], market["plugins"][0]["version"], *scripts} == {__version__}


def test_install_from_a_clone_run_and_uninstall(plugin_home: PluginHome, tmp_path: Path) -> None:
    """Offline, in an empty home; afterwards Claude Code is as it was before."""
    home, clone = plugin_home.claude, tmp_path / "clone"
    shutil.copytree(PLUGIN, clone / "plugin")
    shutil.copytree(ROOT / ".claude-plugin", clone / ".claude-plugin")
    settings = home.config_dir / "settings.json"
    before = json.loads(settings.read_text())
    completed = claude(plugin_home, "plugin", "marketplace", "add", str(clone))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    completed = claude(plugin_home, "plugin", "install", _ID, "--config", "sync_thinking=true")
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert json.loads(settings.read_text())["enabledPlugins"] == {_ID: True}
    run = home.run(prompt("Say hello", say("Hello.")))
    assert run.returncode == 0, run.stderr
    plugin_home.wait_for_daemon()
    wait_until(lambda: plugin_home.session(run.session_id).get("messages") == 2, "it is stored")
    assert (plugin_home.state / "plugin.options").read_text() == "sync_thinking=true\n"
    assert plugin_home.status()["config"]["sync_thinking"] is True
    assert claude(plugin_home, "plugin", "uninstall", _ID).returncode == 0
    assert (
        claude(plugin_home, "plugin", "marketplace", "remove", "claude-code-sync").returncode == 0
    )
    after = json.loads(settings.read_text())
    assert {name: value for name, value in after.items() if value} == before
    assert plugin_home.call("stop").returncode == 0
    assert home.run(prompt("Say hello", say("Hello."))).returncode == 0
    assert list((plugin_home.state / "signals").iterdir()) == []
    assert plugin_home.daemons() == []


def test_the_key_reaches_the_daemon_only(plugin_home: PluginHome, tmp_path: Path) -> None:
    """It is the plugin's sensitive option; only the hook's and the client's files contain it."""
    key = "osk_made_up_for_this_test_only"
    claude(plugin_home, "plugin", "marketplace", "add", str(ROOT))
    options = ("--config", "convex_url=http://127.0.0.1:9", "--config", f"api_key={key}")
    completed = claude(plugin_home, "plugin", "install", _ID, *options)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    plugin_home.claude.run(prompt("Say hello", say("Hello.")))
    plugin_home.wait_for_daemon()
    config = plugin_home.status()["config"]
    assert config["convex_url"] == "http://127.0.0.1:9"
    assert config["api_key"] == f"{key[:4]}…{key[-2:]}"
    written = plugin_home.state / "plugin.options"
    assert written.stat().st_mode & 0o777 == 0o600
    holders = {
        path.name
        for path in tmp_path.rglob("*")
        if path.is_file() and not path.is_symlink() and key.encode() in path.read_bytes()
    }
    assert holders == {"plugin.options", ".credentials.json"}
