"""Open the store for a command that only reads, and find the session that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable, warn
from ccsync_watch.store import session_summaries
from ccsync_watch.store.database import open_for_reading

if TYPE_CHECKING:
    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database


def open_store(settings: Settings) -> Database | None:
    """Open the store for reading; warn, and return None, while it does not exist."""
    database = open_for_reading(settings.state_dir)
    if database is None:
        warn("nothing is stored yet: start `ccsync-watch`, or run `ccsync-watch sync-now`")
    return database


def find_session(database: Database, prefix: str) -> str | None:
    """Return the id of the session with this id, or the only one that begins with it.

    Warn, and return None, when there is not exactly one.
    """
    session_ids = session_summaries.find_sessions(database, prefix)
    if prefix in session_ids:
        return prefix
    if len(session_ids) == 1:
        return session_ids[0]
    shown = printable(prefix)
    if session_ids:
        warn(f"several sessions begin with '{shown}': write more of the id")
    else:
        warn(f"session {shown} is not stored: see `ccsync-watch stats --by session` for the ids")
    return None
