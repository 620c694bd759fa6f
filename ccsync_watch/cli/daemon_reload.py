"""After `login` and `logout`: reload a running daemon, and warn of variables that override."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable, say, warn
from ccsync_watch.cli.problem_text import one_line
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.config import declared_settings
from ccsync_watch.control.client import ControlClient
from ccsync_watch.errors import NotAnswering, NotRunning, StillStarting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ccsync_watch.config import Settings

_RELOAD_SECONDS = 20.0


def reload_daemon(settings: Settings, *, notice: Callable[[str], None] = say) -> None:
    """Have a running daemon load the settings file now, and say so by `notice`."""
    try:
        answer = ControlClient(settings.state_dir).reload(seconds=_RELOAD_SECONDS)
    except NotAnswering as error:
        # It looks at the file once a second by itself: nobody has to end it.
        warn(
            f"{printable(error.message)}; it uses the new settings as soon as it is less busy:"
            " `ccsync-watch status` shows what it does"
        )
    except StillStarting:
        notice("The daemon is starting, and uses the new settings.")
    except NotRunning:
        notice(typed("No daemon is running: start one with `ccsync-watch start`."))
    else:
        if answer.problem:
            warn(one_line(answer.problem))
        else:
            notice("The running daemon uses the new settings.")


def warn_of_variables(env: Mapping[str, str], hint: str) -> None:
    """Warn of each environment variable that overrides the backend in the settings file."""
    for name in ("convex_url", "api_key"):
        variable = declared_settings()[name].variable
        if variable and env.get(variable):
            warn(f"{variable} is set in the environment: {hint}")
