"""`ccsync-watch export`: one session as Markdown or JSON, on standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.console import show_warnings
from ccsync_watch.cli.store_access import chosen_session, open_store
from ccsync_watch.config import load
from ccsync_watch.dashboard.session_document import iterate_document
from ccsync_watch.store import session_list

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Write the session as it is stored: redacted, and cut where the settings say."""
    settings = load(env, flags)
    show_warnings(settings)
    database = open_store(settings)
    if database is None:
        return 1
    try:
        session_id = chosen_session(database, arguments.session)
        row = session_list.load_session(database, session_id) if session_id else None
        if row is None:
            return 1
        for piece in iterate_document(database, row, arguments.format):
            sys.stdout.write(piece)
        sys.stdout.flush()
    finally:
        database.close()
    return 0
