"""Start the daemon in the background; replaces one of an older version."""

from __future__ import annotations

import argparse
import contextlib
import os
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.arguments import seconds
from ccsync_watch.cli.console import announce, say_wrapped
from ccsync_watch.cli.problem_text import already_running, error_line
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.config import load
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.pidfile import STARTING_NAME, STARTING_SECONDS
from ccsync_watch.daemon.background import START_SECONDS, start
from ccsync_watch.errors import CcsyncError, StillStarting
from ccsync_watch.private_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ORDER = 20
EXAMPLES = ("start",)
_LAUNCHED = "Starting; the first time after an update that takes some seconds longer."

# For the plugin's hooks, which are shell scripts: the user does not want a daemon started, as of
# the time when this was written.
NO_AUTOSTART_NAME = "no-autostart"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how long to wait, and what the plugin's hook says of itself."""
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=START_SECONDS,
        metavar="S",
        help=f"seconds to wait until it runs ({START_SECONDS:.0f})",
    )
    parser.add_argument("--from-hook", action="store_true", help=argparse.SUPPRESS)


def main(arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Start it unless it runs; 0 when it runs or starts now, or a hook may not start it."""
    settings = load(env)
    folder = settings.state_dir
    if not settings.autostart and arguments.from_hook:
        make_folder(folder)
        (folder / NO_AUTOSTART_NAME).touch(mode=0o600)
        _remove(folder / STARTING_NAME)
        return 0
    _remove(folder / NO_AUTOSTART_NAME)
    try:
        is_new = start(
            folder, env, seconds=arguments.timeout, on_launch=lambda: announce(_LAUNCHED)
        )
    except StillStarting as starting:
        say_wrapped(error_line(starting))
        return 0
    except CcsyncError:
        if arguments.from_hook:
            _age(folder / STARTING_NAME)
        raise
    # Only now: while a daemon fails to start, hooks try again once a minute, not each time.
    _remove(folder / STARTING_NAME)
    if is_new:
        say_wrapped(
            typed("Started. Open it: `ccsync-watch dashboard`; stop it: `ccsync-watch stop`")
        )
    else:
        say_wrapped(already_running(ControlClient(folder).hello().pid))
    return 0


def _age(path: Path) -> None:
    """Show that the start is over, and keep other hooks from trying again at once."""
    with contextlib.suppress(OSError):
        ended = path.stat().st_mtime - STARTING_SECONDS
        os.utime(path, (ended, ended))


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
