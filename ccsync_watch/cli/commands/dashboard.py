"""Open the dashboard in a browser, with a link that lets it in once."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.console import say, show_warnings, warn
from ccsync_watch.cli.problem_text import one_line
from ccsync_watch.config import load
from ccsync_watch.control.client import ControlClient

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

ORDER = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add whether to open a browser."""
    parser.add_argument("--print-only", action="store_true", help="only print the link")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Open the page, or only print its link. Raises NotRunning."""
    settings = load(env, flags)
    show_warnings(settings)
    answer = ControlClient(settings.state_dir).dashboard()
    if answer.url is None:
        warn(one_line(answer.problem) if answer.problem else "the dashboard is not available")
        return 1
    say(answer.url)
    if not arguments.print_only and not webbrowser.open(answer.url):
        warn("no browser could be opened: open the link above yourself; it works once")
    return 0
