"""Watch transcripts and sync them in the foreground (the default)."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsync_watch import __version__
from ccsync_watch.cli.arguments import add_setting_flags
from ccsync_watch.cli.clean_environment import is_kept
from ccsync_watch.cli.console import printable, say, show_warnings
from ccsync_watch.cli.log_files import log_to
from ccsync_watch.cli.problem_text import STOPPED
from ccsync_watch.cli.progress_bars import Progress
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load, short_path
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.daemon.priority import lower_priority
from ccsync_watch.daemon.runtime import make_redactor, project_roots
from ccsync_watch.daemon.shutdown import Shutdown
from ccsync_watch.daemon.supervisor import Supervisor
from ccsync_watch.privacy.known.secret_values import values_in_environment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

ORDER = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the settings that are flags."""
    add_setting_flags(parser)


def main(_arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Run until Ctrl+C or SIGTERM; reload the settings when they change."""
    lower_priority()
    known = values_in_environment(env)
    env = {name: value for name, value in env.items() if is_kept(name)}
    settings = load(env, flags)
    clock = SystemClock()
    lock = InstanceLock(settings.state_dir)
    with Shutdown(clock) as shutdown:
        lock.acquire(clock.wall_ms())
        try:
            with Progress(sys.stderr) as progress:
                supervisor = Supervisor(
                    lambda: load(env, flags),
                    clock=clock,
                    lock=lock,
                    on_progress=progress.show,
                    on_start=lambda started: _start_daemon(started, known),
                    known=known,
                    on_dashboard=lambda link: say(f"  dashboard  {link}  (lets one browser in)"),
                )
                shutdown.on_request(supervisor.stop)
                supervisor.run()
        finally:
            lock.release()
    with contextlib.suppress(OSError):  # the end of the terminal may have stopped us
        say(STOPPED)
    return 0


def _start_daemon(settings: Settings, known: Mapping[str, str]) -> None:
    """Print what a daemon with these settings does; log by its redaction rules."""
    log_to(settings.state_dir, lambda: make_redactor(settings, known=known))
    show_warnings(settings)
    roots = project_roots(settings)
    shown_roots = ", ".join(printable(short_path(Path(root), settings)) for root in roots)
    say(f"ccsync-watch {__version__}")
    say(f"  reads      {shown_roots}")
    if not any(os.path.isdir(root) for root in roots):  # noqa: PTH112 - roots are texts
        say("             waiting for Claude Code: no transcripts there yet")
    say(f"  stores in  {printable(short_path(settings.state_dir, settings))}")
    destination = settings.destination
    if destination is None:
        say("  uploads    nothing: no Convex URL configured, everything stays on this machine")
    elif settings.auto_sync:
        say(f"  uploads    to {destination.url}, secrets removed")
    else:
        by_hand = typed("only on `ccsync-watch sync-now` (auto_sync off)")
        say(f"  uploads    to {destination.url}, {by_hand}")
    say(typed("  status     `ccsync-watch status` in another terminal; Ctrl+C here stops"))
