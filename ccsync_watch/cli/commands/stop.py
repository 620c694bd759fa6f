"""Stop the daemon in the background; unsent data is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.console import say, say_wrapped
from ccsync_watch.cli.problem_text import NOT_RUNNING, STOPPED
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.config import load, state_folder
from ccsync_watch.daemon.background import stop
from ccsync_watch.errors import ConfigError, NotRunning

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

ORDER = 30
EXAMPLES = ("stop",)


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing."""


def main(_arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Stop it; 3 when there was nothing to stop."""
    # Not the settings' own folder: a mistake in their file must not keep the daemon running.
    if not stop(state_folder(env)):
        say_wrapped(typed(NOT_RUNNING))
        return NotRunning.exit_code
    say(STOPPED)
    say_wrapped(typed("Start it again: `ccsync-watch start`."))
    if _may_autostart(env):
        say_wrapped("If you use the plugin, it starts the daemon again unless autostart is false.")
    return 0


def _may_autostart(env: Mapping[str, str]) -> bool:
    try:
        return load(env).autostart
    except ConfigError:
        return False  # with such settings no daemon starts
