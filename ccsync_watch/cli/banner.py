"""What `run` prints first: where it reads, where it stores and what it uploads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ccsync_watch import __version__
from ccsync_watch.cli.console import printable, say, say_wrapped, show_warnings
from ccsync_watch.cli.ssh_hint import forward_command, is_over_ssh
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.config import short_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

PREPARING = "  redactor   being prepared, once for each version; until then reading is slower"


def show_dashboard(link: str, env: Mapping[str, str]) -> None:
    """Print a link to the dashboard, and over SSH the command that makes it work elsewhere."""
    say(f"  dashboard  {link}  (lets one browser in)")
    if is_over_ssh(env):
        say(f"             from where you sit: {forward_command(link, env)}")


class Banner:
    """Prints what a daemon does, once for each set of settings."""

    def __init__(self) -> None:
        self._shown: Settings | None = None

    def show(self, settings: Settings) -> None:
        """Print what a daemon with these settings does, unless the last one had the same."""
        if settings == self._shown:
            return
        self._shown = settings
        show_warnings(settings)
        roots = settings.project_roots
        shown_roots = ", ".join(printable(short_path(root, settings)) for root in roots)
        say(f"ccsync-watch {__version__}")
        say_wrapped(f"  reads      {shown_roots}")
        if not any(os.path.isdir(root) for root in roots):  # noqa: PTH112 - Path's own method may raise
            say_wrapped("             waiting for Claude Code: no transcripts there yet")
        say_wrapped(f"  stores in  {printable(short_path(settings.state_dir, settings))}")
        destination = settings.destination
        if destination is None:
            say_wrapped(
                "  uploads    nothing: no Convex URL configured, everything stays on this machine"
            )
        elif settings.auto_sync:
            say_wrapped(f"  uploads    to {destination.url}, secrets removed")
        else:
            by_hand = typed("only on `ccsync-watch sync-now` (auto_sync off)")
            say_wrapped(f"  uploads    to {destination.url}, {by_hand}")
        status = typed("`ccsync-watch status` in another terminal; Ctrl+C here stops")
        say_wrapped(f"  status     {status}")
