"""Try the plugin with one version of the client, as a user installs and uses it.

The marketplace is a git clone of this repository, and both commands are typed in a terminal and
given to `-p`. Nothing is asserted here: a trial says what happened, for the table of clients in
plugin/README.md and for the tests.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.claude_client.script import prompt, say
from support.claude_client.terminal import Terminal
from support.claude_client.versions import names_sessions
from support.waiting import WAIT_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.ccsync_program.plugin_home import PluginHome
    from support.claude_client.running import CompletedRun

_STAYS = "2.0.14"
_STAY_SECONDS = 15.0
PLUGIN_ID = "claude-code-sync@claude-code-sync"
EVENTS = ("SessionStart", "Stop", "SessionEnd", "UserPromptExpansion")
AT_ONCE = "at once"
BY_A_TURN = "by a turn of the model"
REFUSED = "refused"
NO_ANSWER = "no"

_TURN = prompt("Say hello", say("Hello there."))
_TURN_END = "Done."  # what the scripted API says to a prompt without a script
_REPORTS = {
    "status": re.compile(r"ccsync-watch [\d.]+, plugin [\d.]+: running"),
    "now": re.compile(r"(Everything|Nothing) of this session|Synced|Syncing"),
}
_REFUSAL = re.compile(r"permission check failed")
_FAILURE = re.compile(r"Unknown (slash )?command")


@dataclass(frozen=True)
class PluginTrial:
    """What one client did with the plugin.

    `installer` is "command" (`claude plugin install`) or "terminal" (`/plugin install`), `folders`
    are those with which `--plugin-dir` loaded it, `hooks` those that fired, and the answers to the
    commands are AT_ONCE, BY_A_TURN, REFUSED (the client says so) or NO_ANSWER (it prints nothing).
    """

    version: str
    installer: str
    folders: tuple[str, ...]
    hooks: tuple[str, ...]
    starts_daemon: bool
    status_in_terminal: str
    now_in_terminal: str
    status_in_print: str
    now_in_print: str


def try_plugin(version: str, plugin_home: PluginHome, clone: Path) -> PluginTrial:
    """Install the plugin from a clone, work with it, and return what happened."""
    installer = install(version, plugin_home, clone)
    with Terminal(plugin_home.claude, names_session=names_sessions(version)) as terminal:
        terminal.submit(_TURN)
        terminal.wait_for_screen("Hello there.")
        starts_daemon = plugin_home.wait_for_daemon() > 0
        in_terminal = {name: _type_command(plugin_home, terminal, name) for name in _REPORTS}
        terminal.submit("/exit")
        if version == _STAYS:
            with contextlib.suppress(TimeoutError):
                terminal.wait_for_end(_STAY_SECONDS)
        else:  # its hook for the end is one of those that are looked for
            terminal.wait_for_end()
    hooks = tuple(event for event in EVENTS if (plugin_home.state / f"hook.{event}").exists())
    in_print = {name: print_command(plugin_home, name) for name in _REPORTS}
    return PluginTrial(
        version,
        installer,
        tuple(_folders(plugin_home, clone)),
        hooks,
        starts_daemon,
        in_terminal["status"],
        in_terminal["now"],
        in_print["status"],
        in_print["now"],
    )


def install(version: str, plugin_home: PluginHome, clone: Path) -> str:
    """Add the clone as a marketplace and install the plugin; return how."""
    added = run_client(plugin_home, "plugin", "marketplace", "add", str(clone))
    if added.returncode == 0:
        completed = run_client(plugin_home, "plugin", "install", PLUGIN_ID)
        assert completed.returncode == 0, completed
        return "command"
    assert "unknown command" in added.stderr, added
    steps = [
        (f"/plugin marketplace add {clone}", "Install plugins", None),
        (f"/plugin install {PLUGIN_ID}", "Install now", "Installed claude-code-sync"),
    ]
    for text, screen, result in steps:
        with Terminal(plugin_home.claude, names_session=names_sessions(version)) as terminal:
            terminal.submit(text)
            terminal.wait_for_screen(screen)
            if result:
                terminal.press("Enter")
                terminal.wait_for_screen(result)
    return "terminal"


def run_client(plugin_home: PluginHome, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the client's own commands."""
    return subprocess.run(
        [plugin_home.claude.binary, *words],
        env=plugin_home.claude.env,
        cwd=plugin_home.claude.workdir,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )


def print_command(plugin_home: PluginHome, name: str, *args: str) -> str:
    """Give a command to `-p`; return how it was answered."""
    run = plugin_home.claude.run(f"/claude-code-sync:sync-{name}", *args)
    return _answer(plugin_home, name, _printed(run))


def _printed(run: CompletedRun) -> str:
    try:
        return run.result
    except (ValueError, KeyError):
        return run.stdout


def _type_command(plugin_home: PluginHome, terminal: Terminal, name: str) -> str:
    known = len(_reports_to_the_model(plugin_home, name))
    before = terminal.screen()
    refused, ended = len(_REFUSAL.findall(before)), before.count(_TURN_END)
    terminal.submit(f"/claude-code-sync:sync-{name}")

    def probe() -> str | None:
        screen = terminal.screen()
        answer = _answer(plugin_home, name, screen, known=known, refused=refused)
        return answer if answer != NO_ANSWER or _FAILURE.search(screen) else None

    answer = wait_for(probe, f"an answer to sync-{name}", evidence=terminal.screen)
    if answer == BY_A_TURN:  # what is typed before the turn's end may be lost
        wait_for(lambda: terminal.screen().count(_TURN_END) > ended, "the turn ends")
    return answer


def _answer(
    plugin_home: PluginHome, name: str, shown: str, *, known: int = 0, refused: int = 0
) -> str:
    """Return how a command was answered: on the screen, or in the text for the model.

    `known` reports and `refused` commands were there before.
    """
    if _REPORTS[name].search(shown):
        return AT_ONCE
    if len(_reports_to_the_model(plugin_home, name)) > known:
        return BY_A_TURN
    return REFUSED if len(_REFUSAL.findall(shown)) > refused else NO_ANSWER


def _reports_to_the_model(plugin_home: PluginHome, name: str) -> list[str]:
    texts = (str(row.get("message")) for row in _rows(plugin_home) if row.get("type") == "user")
    return [text for text in texts if _REPORTS[name].search(text)]


def _rows(plugin_home: PluginHome) -> Iterator[dict[str, object]]:
    for path in plugin_home.claude.transcripts():
        for line in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # the last line may be incomplete
                yield json.loads(line)


def _folders(plugin_home: PluginHome, clone: Path) -> Iterator[str]:
    """Yield each folder with which `--plugin-dir` loads the plugin, in a home of its own."""
    if "--plugin-dir" not in run_client(plugin_home, "--help").stdout:
        return
    run_client(plugin_home, "plugin", "uninstall", PLUGIN_ID)
    sign = plugin_home.state / "hook.SessionStart"
    for name, folder in (("the repository", clone), ("plugin/", clone / "plugin")):
        sign.unlink(missing_ok=True)
        plugin_home.claude.run(_TURN, "--plugin-dir", str(folder))
        if sign.exists():
            yield name
