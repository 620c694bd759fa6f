"""The status line in the real client, by the setting that the plugin's README names."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.plugin_home import PLUGIN
from support.claude_client.script import prompt, reply, say, usage
from support.waiting import wait_for, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.ccsync_program.plugin_home import PluginHome
    from support.claude_client.terminal import Terminal

pytestmark = pytest.mark.client

COLUMNS = 80


def turn(text: str) -> str:
    """Return a prompt whose answer costs something."""
    return prompt(f"Say {text}", reply(say(text), usage(input=120_000, output=9_000)))


def wait_for_line(terminal: Terminal, line: str) -> None:
    """Wait until a line of the screen is this one, and nothing else."""
    wait_for(
        lambda: line in (shown.strip() for shown in terminal.screen().splitlines()),
        f"the line {line!r}",
        evidence=terminal.screen,
    )
    print(terminal.screen())  # noqa: T201 - `pytest -s` shows what the user saw


def test_the_line_below_the_prompt(
    plugin_home: PluginHome, open_terminal: Callable[..., Terminal]
) -> None:
    """The costs of `stats` in a terminal of eighty columns; a problem comes and goes."""
    (setting,) = re.findall(r'^\{"statusLine".*$', (PLUGIN / "README.md").read_text(), re.MULTILINE)
    path = plugin_home.claude.config_dir / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **json.loads(setting)}))
    terminal = open_terminal(*plugin_home.args, home=plugin_home.claude, columns=COLUMNS)
    terminal.submit(turn("Hello."))
    terminal.wait_for_screen("Hello.")
    plugin_home.wait_for_daemon()
    wait_until(
        lambda: plugin_home.session(terminal.session_id).get("messages") == 2, "it is stored"
    )
    cost = plugin_home.call("stats", "--by", "session").stdout.splitlines()[2].split()[-1]
    line = f"{cost} session · {cost} today · local only"
    wait_for_line(terminal, line)
    assert plugin_home.call("stop").returncode == 0
    wait_for_line(terminal, f"{line} · ⚠ ccsync-watch is not running")
    assert plugin_home.call("start").returncode == 0
    wait_for_line(terminal, line)
