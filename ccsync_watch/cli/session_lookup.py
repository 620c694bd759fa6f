"""Open the store for a command that only reads, and find the session that it names."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable, warn
from ccsync_watch.cli.text_table import cut_to_fit
from ccsync_watch.errors import NothingStored, OtherSchema
from ccsync_watch.store import session_list, session_summaries
from ccsync_watch.store.database import open_for_reading
from ccsync_watch.transcripts.fields import is_uuid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_list import SessionRow

_MAX_NAMED_COLUMNS = 64
SHORT_ID_CHARS = 8
"""So much of a session's id is shown on a terminal: commands accept unique beginnings."""


@contextmanager
def open_store(settings: Settings) -> Iterator[Database]:
    """Open the store for reading, and close it. Raises NothingStored while it does not exist."""
    database = open_for_reading(settings.state_dir)
    if database is None:
        raise NothingStored(
            "nothing is stored yet",
            hint="start `ccsync-watch`, or run `ccsync-watch sync-now`",
        )
    try:
        yield database
    finally:
        database.close()


def find_whole_id(settings: Settings, name: str) -> str | None:
    """Return `whole_id` of the store; a whole id as it is, without opening the store for it."""
    if is_uuid(name):
        return name
    try:
        database = open_for_reading(settings.state_dir)
    except OtherSchema:
        return name  # the daemon may read what this program cannot
    if database is None:
        return name
    with closing(database):
        return whole_id(database, name)


def whole_id(database: Database, name: str) -> str | None:
    """Return the id of the stored session that alone begins with this; else the name as it is.

    For commands that know sessions that are not stored, too. Warn, and return None, when several
    begin with it.
    """
    is_stored = bool(session_summaries.find_sessions(database, name))
    return find_session(database, name) if is_stored or not name else name


def is_session(settings: Settings, session_id: str) -> bool:
    """Return whether a session may have a transcript here, or is stored; imports nothing.

    The session of an early client's subagent is named in its rows only: it may be any.
    """
    # Loaded here: other commands read no transcripts.
    from ccsync_watch.transcripts.discovery import scan_transcripts  # noqa: PLC0415 - see above

    scan = scan_transcripts(map(os.fspath, settings.project_roots))
    if scan.unread or any(
        transcript.stream.session_id in {"", session_id} for transcript in scan.transcripts
    ):
        return True
    try:
        database = open_for_reading(settings.state_dir)
    except OtherSchema:
        return True  # it may be stored: what opens the store to write says what is wrong with it
    if database is None:
        return False
    with closing(database):
        return session_summaries.session_summary(database, session_id) is not None


def warn_of_unknown(session_id: str) -> None:
    """Warn that a session is not stored, and may not be."""
    warn(
        f"session {printable(session_id)} is not stored, or its project is excluded:"
        " see `ccsync-watch sessions` for the ids"
    )


def find_session(database: Database, prefix: str) -> str | None:
    """Return the id of the session with this id, or the only one that begins with it.

    Warn, and return None, when there is not exactly one.
    """
    if not prefix:  # such as an unset variable of a shell: it is the beginning of every id
        warn("the session's id is empty: see `ccsync-watch sessions` for the ids")
        return None
    session_ids = session_summaries.find_sessions(database, prefix)
    if prefix in session_ids:
        return prefix
    if len(session_ids) == 1:
        return session_ids[0]
    shown = printable(prefix)
    if session_ids:
        warn(f"several sessions begin with '{shown}': write more of the id. Among them are")
        for session_id in session_ids:
            session = session_list.load_session(database, session_id)
            title = " ".join(((session.title if session else None) or "untitled").split())
            warn(printable(cut_to_fit(f"  {session_id}  {title}", _MAX_NAMED_COLUMNS)))
    else:
        warn(f"session {shown} is not stored: see `ccsync-watch sessions` for the ids")
    return None


def find_row(database: Database, prefix: str) -> SessionRow | None:
    """Return the session with this id or beginning of one; warn, and return None, without one."""
    session_id = find_session(database, prefix)
    return session_list.load_session(database, session_id) if session_id else None
