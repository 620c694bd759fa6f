"""The plugin's files as every client that has plugins accepts them.

The repository's root is a plugin, for installations, and so is its folder `plugin`. An old client
rejects a manifest whole for one key that it does not know, and a file of hooks for one event.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ccsync_watch import __version__

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "plugin"
# What the first client with plugins, 2.0.12, knows.
OLDEST_KEYS = {
    "name", "version", "description", "author", "homepage", "repository", "license", "keywords",
    "hooks", "commands", "agents", "mcpServers",
}  # fmt: skip
OLDEST_EVENTS = {
    "PreToolUse", "PostToolUse", "Notification", "UserPromptSubmit", "SessionStart", "SessionEnd",
    "Stop", "SubagentStop", "PreCompact",
}  # fmt: skip


def manifest(folder: Path) -> dict[str, Any]:
    """Return a plugin's manifest."""
    fields: dict[str, Any] = json.loads((folder / ".claude-plugin" / "plugin.json").read_text())
    return fields


def paths(fields: dict[str, Any], key: str) -> list[str]:
    """Return the paths that a manifest has under a key."""
    value = fields.get(key, [])
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("folder", [ROOT, PLUGIN])
def test_the_oldest_client_knows_every_key(folder: Path) -> None:
    """`displayName` or `userConfig` would cost every client up to 2.1.75 the whole plugin."""
    assert manifest(folder).keys() <= OLDEST_KEYS


def test_both_manifests_describe_the_same_plugin() -> None:
    """They differ in where its parts are."""
    of_root, of_plugin = manifest(ROOT), manifest(PLUGIN)
    for key in OLDEST_KEYS - {"hooks", "commands"}:
        assert of_root.get(key) == of_plugin.get(key), key
    own = {"commands": sorted(PLUGIN.glob("commands/*.md")), "hooks": [PLUGIN / "hooks/hooks.json"]}
    for key, loaded_by_default in own.items():
        named = {(ROOT / path).resolve() for path in paths(of_root, key)}
        more = {(PLUGIN / path).resolve() for path in paths(of_plugin, key)}
        assert named == {*loaded_by_default, *more}, key
    # A client would load these of the root too.
    assert not (ROOT / "hooks").exists()
    assert not (ROOT / "commands").exists()


def test_an_unknown_event_costs_no_other() -> None:
    """Each event that old clients do not know is alone in a file."""
    for path in sorted((PLUGIN / "hooks").glob("*.json")):
        events = json.loads(path.read_text())["hooks"].keys()
        assert len(events) == 1 or events <= OLDEST_EVENTS, path.name


def test_no_hook_runs_on_prompts_or_tool_calls() -> None:
    """A session is recorded when it starts, pauses and ends; the plugin's commands are answered."""
    matchers = {
        event: [entry.get("matcher") for entry in entries]
        for path in (PLUGIN / "hooks").glob("*.json")
        for event, entries in json.loads(path.read_text())["hooks"].items()
    }
    commands = matchers.pop("UserPromptExpansion")
    assert matchers == {"SessionStart": [None], "Stop": [None], "SessionEnd": [None]}
    assert commands == ["^claude-code-sync:sync-(status|now)$"]


@pytest.mark.parametrize("command", ["now", "status"])
def test_a_command_may_run_one_script(command: str) -> None:
    """By a path, as old clients have no `bin` on PATH; both plugins have that path.

    A rule that allows more would allow it to the model too, until the turn ends. Clients before
    2.1.92 compare a rule with a line without its quotes; later ones with what is written.
    """
    text = (PLUGIN / "commands" / f"sync-{command}.md").read_text()
    rules = re.search(r"^allowed-tools: (.+)$", text, re.MULTILINE)
    lines = re.findall(r"!`(.+)`", text)
    assert rules
    program = "${CLAUDE_PLUGIN_ROOT}/.claude-plugin/ccsync-plugin"
    assert rules[1] == f'Bash({program} {command}:*), Bash("{program}" {command}:*)'
    assert lines == [f'"{program}" {command} --session=${{CLAUDE_SESSION_ID}}']


def test_both_plugins_have_the_script() -> None:
    """Where the commands' texts say, and executable: it is the first word of a line."""
    scripts = [folder / ".claude-plugin" / "ccsync-plugin" for folder in (ROOT, PLUGIN)]
    assert scripts[0].read_bytes() == scripts[1].read_bytes()
    assert all(script.stat().st_mode & 0o111 == 0o111 for script in scripts)


def test_the_version_is_the_programs() -> None:
    """Hooks and program compare theirs; a release has one number everywhere."""
    market = json.loads((ROOT / ".claude-plugin" / "marketplace.json").read_text())
    scripts = [
        match[1]
        for path in sorted((PLUGIN / "hooks").glob("*.sh"))
        for match in re.finditer(r"^version=(.*)$", path.read_text(), re.MULTILINE)
    ]
    assert scripts
    versions = {manifest(ROOT)["version"], manifest(PLUGIN)["version"]}
    assert versions | {market["plugins"][0]["version"], *scripts} == {__version__}


def test_the_marketplace_offers_the_root() -> None:
    """With the program and its lock file, which an installed plugin then carries."""
    market = json.loads((ROOT / ".claude-plugin" / "marketplace.json").read_text())
    assert [plugin["source"] for plugin in market["plugins"]] == ["./"]
    assert market["plugins"][0]["name"] == manifest(ROOT)["name"] == market["name"]
