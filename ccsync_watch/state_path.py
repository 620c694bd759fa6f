"""Where the state folder is, by the environment: as text, and without any import that takes time.

The settings read it here, and so does the status line, which has a few milliseconds.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Held by the daemon, or by a `sync-now` without one, in the state folder.
DAEMON_LOCK_NAME = "daemon.lock"
_NAME = "ccsync-watch"


def home_path(env: Mapping[str, str]) -> str | None:
    """Return the user's home folder: `HOME`, else the account's own; None without either."""
    return env.get("HOME") or _expand("~")


def state_path(env: Mapping[str, str]) -> str | None:
    """Return the folder of database, lock, socket and log; None where nothing says where it is."""
    configured = env.get("CCSYNC_WATCH_HOME")
    if configured:
        path = _expand(configured)
        if path is None or os.path.isabs(path):  # noqa: PTH117 - see above
            return path
        # Absolute: the daemon and a command that asks it may have different working folders.
        return os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH118 - see above
    base = env.get("XDG_STATE_HOME", "")
    # The standard says to ignore a relative one.
    if os.path.isabs(base):  # noqa: PTH117 - see above
        return os.path.join(base, _NAME)  # noqa: PTH118 - see above
    home = home_path(env)
    return None if home is None else os.path.join(home, ".local", "state", _NAME)  # noqa: PTH118 - see above


def _expand(path: str) -> str | None:
    """Return a path whose `~` is replaced; None where no account has that name."""
    expanded = os.path.expanduser(path)  # noqa: PTH111 - see above
    return None if expanded.startswith("~") else expanded
