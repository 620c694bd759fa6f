"""What `login` and `logout` owe to a daemon that runs, and to the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable, say, warn
from ccsync_watch.cli.problem_text import one_line
from ccsync_watch.control.client import ControlClient
from ccsync_watch.errors import NotAnswering, NotRunning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

_VARIABLES = ("CLAUDE_SYNC_CONVEX_URL", "CLAUDE_SYNC_API_KEY")
_CHANGE_SECONDS = 20.0


def tell_daemon(settings: Settings) -> None:
    """Have a running daemon take up the settings file now, and say so."""
    try:
        answer = ControlClient(settings.state_dir).reload(seconds=_CHANGE_SECONDS)
    except NotAnswering as error:
        warn(printable(error))
    except NotRunning:
        say("no daemon is running: start `ccsync-watch`")
    else:
        if answer.problem:
            warn(one_line(answer.problem))
        else:
            say("the running ccsync-watch has taken it up")


def warn_of_variables(env: Mapping[str, str], what: str) -> None:
    """Say which variables of the environment stand beside the file."""
    for variable in _VARIABLES:
        if env.get(variable):
            warn(f"{variable} is set in the environment: {what}")
