"""`ccsync-watch run`: the daemon in the foreground."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from ccsync_watch import __version__
from ccsync_watch.cli.console import printable, say, show_warnings
from ccsync_watch.cli.log_setup import log_to
from ccsync_watch.cli.progress import Progress
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.daemon.priority import lower_priority
from ccsync_watch.daemon.runtime import make_redactor, project_roots
from ccsync_watch.daemon.shutdown import Shutdown
from ccsync_watch.daemon.supervisor import Supervisor

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Settings


def main(_arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Run until Ctrl+C or SIGTERM; take up the settings when they change."""
    lower_priority()
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
                    on_start=_begin,
                    on_dashboard=lambda link: say(f"  page    {link}  (lets one browser in)"),
                )
                shutdown.on_request(supervisor.stop)
                supervisor.run()
        finally:
            lock.release()
    with contextlib.suppress(OSError):  # the terminal may be what ended us
        say("ccsync-watch: stopped; what waits is kept")
    return 0


def _begin(settings: Settings) -> None:
    """Introduce the daemon that has these settings; its rules hold for the log too."""
    log_to(settings.state_dir, lambda: make_redactor(settings))
    show_warnings(settings)
    say(f"ccsync-watch {__version__}")
    say(f"  reads   {', '.join(map(printable, project_roots(settings)))}")
    say(f"  keeps   {printable(settings.state_dir)}")
    destination = settings.destination
    if destination is None:
        say("  sends   nothing: no Convex URL configured, everything stays on this machine")
    elif settings.auto_sync:
        say(f"  sends   to {destination.url}, secrets removed")
    else:
        say(f"  sends   to {destination.url}, only on `ccsync-watch sync-now` (auto_sync off)")
    say("  status  ccsync-watch status  (in another terminal; Ctrl+C here stops)")
