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
    """Open the store for reading; say what to do when there is none yet."""
    database = open_for_reading(settings.state_dir)
    if database is None:
        warn("nothing has been read yet: start `ccsync-watch`, or run `ccsync-watch sync-now`")
    return database


def chosen_session(database: Database, beginning: str) -> str | None:
    """Return the session meant, by its id or an unmistakable beginning of it; say why not."""
    found = session_summaries.find_sessions(database, beginning)
    if beginning in found:
        return beginning
    if len(found) == 1:
        return found[0]
    shown = printable(beginning)
    if found:
        warn(f"several sessions begin with {shown}: write more of the id")
    else:
        warn(f"no session {shown} is stored: see `ccsync-watch stats --by session` for the ids")
    return None
