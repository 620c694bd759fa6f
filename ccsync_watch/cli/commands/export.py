"""Write one session as Markdown or JSON to standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting import usage_groups
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.accounting.session_accounts import load_account
from ccsync_watch.cli.console import show_warnings
from ccsync_watch.cli.session_lookup import find_session, open_store
from ccsync_watch.config import load
from ccsync_watch.dashboard.session_document import iterate_document
from ccsync_watch.store import session_list

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

ORDER = 90


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the session and the format."""
    parser.add_argument("session", metavar="SESSION", help="its id, or the beginning of it")
    parser.add_argument("--format", choices=("md", "json"), default="md", help="default: md")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Write the session as it is stored: redacted, and cut where the settings say."""
    settings = load(env, flags)
    show_warnings(settings)
    database = open_store(settings)
    if database is None:
        return 1
    try:
        session_id = find_session(database, arguments.session)
        row = session_list.load_session(database, session_id) if session_id else None
        if row is None:
            return 1
        prices = PriceList.from_settings(settings)
        prices.ensure_known(usage_groups.used_models(database, row.session_id))
        account = load_account(database, row.session_id, prices)
        for piece in iterate_document(database, row, account, arguments.format):
            sys.stdout.write(piece)
        sys.stdout.flush()
    finally:
        database.close()
    return 0
