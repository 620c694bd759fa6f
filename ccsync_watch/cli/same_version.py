"""Whether a command may write to the database next to the daemon that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch import __version__
from ccsync_watch.control.client import ControlClient
from ccsync_watch.errors import NotAnswering, NotRunning, StateError, StillStarting
from ccsync_watch.store.database import open_for_reading

if TYPE_CHECKING:
    from ccsync_watch.config import Settings


def check_version(settings: Settings, command: str) -> bool:
    """Return whether a daemon runs; raise StateError while it is of another version.

    It would continue to write by other rules. Also while its database is of another version: opened
    for writing, that would be migrated.
    """
    try:
        version = ControlClient(settings.state_dir).hello().version
    except (NotAnswering, StillStarting):
        raise
    except NotRunning:
        return False
    if version != __version__:
        raise StateError(
            f"ccsync-watch {version} is running, this is {__version__}",
            hint=f"run `ccsync-watch start`, which replaces it, then {command}",
        )
    database = open_for_reading(settings.state_dir)
    if database is not None:
        database.close()
    return True
