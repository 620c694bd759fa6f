"""`ccsync-watch dashboard`: open the page in a browser, with a link that lets it in once."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.console import say, show_warnings, warn
from ccsync_watch.config import load
from ccsync_watch.control.client import ask

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Open the page, or only print its address. Raises NotRunning."""
    settings = load(env, flags)
    show_warnings(settings)
    made = ask(settings.state_dir, "/v1/dashboard", {})
    if made["url"] is None:
        warn(made["problem"])
        return 1
    say(made["url"])
    if not arguments.print_only and not webbrowser.open(made["url"]):
        warn("no browser could be opened: open the address above yourself; it works once")
    return 0
