"""Open the dashboard in a browser; the same as `dashboard`."""

from __future__ import annotations

from ccsync_watch.cli.commands.dashboard import add_arguments, main

ORDER = 61
EXAMPLES = ("open", "open /sync")

__all__ = ["add_arguments", "main"]
