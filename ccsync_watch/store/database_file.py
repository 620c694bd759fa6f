"""Whether there is a file of a database, before SQLite opens it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from ccsync_watch.disk_faults import state_error
from ccsync_watch.errors import StateError

if TYPE_CHECKING:
    from pathlib import Path


def is_there(path: Path) -> bool:
    """Return whether a database is at a path, or what SQLite says is none.

    Raises StateError where its folder cannot be used, or it is a pipe: SQLite would wait for ever.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise state_error(path.parent, error, doing="use the state folder") from None
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return True
    raise StateError(f"{path} is not a regular file", hint="remove it")
