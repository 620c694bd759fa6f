"""`ccsync-watch start` and `stop`: the daemon in the background."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.console import say
from ccsync_watch.config import load
from ccsync_watch.daemon.background import start, stop
from ccsync_watch.errors import NotRunning

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

# Both are for the plugin's hooks, which know no Python: the one says that the user does not want a
# daemon started, as of the time it was written; the other that one is being started.
NO_AUTOSTART_NAME = "no-autostart"
STARTING_NAME = "starting"


def main(arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Start or stop; 0 when it is as asked, 3 when there was nothing to stop."""
    settings = load(env)
    folder = settings.state_dir
    if arguments.command == "stop":
        was_running = stop(folder)
        say("stopped; what waits is kept" if was_running else "no daemon is running")
        if was_running and settings.autostart:
            say("the plugin, if you use it, starts one again unless autostart is false")
        return 0 if was_running else NotRunning.exit_code
    if not settings.autostart and arguments.from_hook:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_flag(folder / NO_AUTOSTART_NAME)
        _remove(folder / STARTING_NAME)
        return 0
    _remove(folder / NO_AUTOSTART_NAME)
    is_new = start(folder, env)
    # Only now: a hook that meets a daemon that cannot start tries again after a minute.
    _remove(folder / STARTING_NAME)
    say("started" if is_new else "it is running already")
    return 0


def _write_flag(path: Path) -> None:
    path.touch(mode=0o600)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
