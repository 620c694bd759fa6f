"""After `login` and `logout`: reload a running daemon, and warn of variables that override."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable, say, warn
from ccsync_watch.cli.problem_text import NOT_RUNNING, one_line
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.config import declared_settings
from ccsync_watch.control.client import ControlClient
from ccsync_watch.errors import NotAnswering, NotRunning, StillStarting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

_RELOAD_SECONDS = 20.0


def reload_daemon(settings: Settings) -> None:
    """Have a running daemon load the settings file now, and say so."""
    try:
        answer = ControlClient(settings.state_dir).reload(seconds=_RELOAD_SECONDS)
    except (NotAnswering, StillStarting) as error:
        warn(printable(error))
    except NotRunning:
        say(typed(NOT_RUNNING))
    else:
        if answer.problem:
            warn(one_line(answer.problem))
        else:
            say("The running daemon uses the new settings.")


def warn_of_variables(env: Mapping[str, str], hint: str) -> None:
    """Warn of each environment variable that overrides the backend in the settings file."""
    for name in ("convex_url", "api_key"):
        variable = declared_settings()[name].variable
        if variable and env.get(variable):
            warn(f"{variable} is set in the environment: {hint}")
