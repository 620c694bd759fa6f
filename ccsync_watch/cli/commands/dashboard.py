"""Open the dashboard in a browser, with a link that lets it in once."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ccsync_watch.cli.console import say, say_wrapped, show_warnings, warn
from ccsync_watch.cli.problem_text import one_line
from ccsync_watch.cli.ssh_hint import forward_command, is_over_ssh
from ccsync_watch.config import load
from ccsync_watch.control.client import ControlClient
from ccsync_watch.errors import ConfigError, NotRunning

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

ORDER = 60
EXAMPLES = ("dashboard", "dashboard sessions", "dashboard --print-only")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which page, whether to open a browser, and how to sign all browsers out."""
    parser.add_argument(
        "page",
        nargs="?",
        metavar="PAGE",
        help="its address or path: sessions, search, files, errors, privacy, sync",
    )
    parser.add_argument("--print-only", action="store_true", help="only print the link")
    parser.add_argument(
        "--sign-out-all",
        action="store_true",
        help="sign all browsers out, and change the dashboard's address",
    )


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Open the page, or only print its link. Raises NotRunning."""
    settings = load(env, flags)
    show_warnings(settings)
    if arguments.sign_out_all:
        return _sign_out_all(settings)
    page = _page(arguments.page)
    answer = ControlClient(settings.state_dir).dashboard()
    if answer.url is None:
        warn(one_line(answer.problem) if answer.problem else "the dashboard is not available")
        return 1
    url = f"{answer.url}&to={quote(page, safe='/')}" if page else answer.url
    say(url)
    if arguments.print_only:
        return 0  # the link alone, for `$(…)`
    if is_over_ssh(env):
        # A browser here would open on nobody's screen.
        say_wrapped("Run this where you sit, then open the link there; it works once:")
        say(f"  {forward_command(url, env)}")
    elif not webbrowser.open(url):
        warn("no browser could be opened: open the link above yourself; it works once")
    return 0


def _page(address: str | None) -> str | None:
    if address is None:
        return None
    # Loaded here: it needs the server's library.
    from ccsync_watch.dashboard.guard import page_of  # noqa: PLC0415 - see above

    # `open sessions` is what people type; what has a colon is an address, of us or of others.
    path = address if ":" in address or address.startswith("/") else f"/{address}"
    page = page_of(path)
    if page is None:
        raise ConfigError("this is not a page of the dashboard", hint="use a path like /sessions")
    return page


def _sign_out_all(settings: Settings) -> int:
    try:
        ControlClient(settings.state_dir).sign_out_all()
    except NotRunning:
        from ccsync_watch.dashboard.browser_access import forget_sessions  # noqa: PLC0415 - as above

        forget_sessions(settings.state_dir)
    say("All browsers are signed out; the dashboard has another address.")
    return 0
