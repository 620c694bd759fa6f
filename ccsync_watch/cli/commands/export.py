"""Write one session as Markdown or JSON, or marked messages as JSONL, to standard output."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting import usage_groups
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.accounting.session_accounts import load_account
from ccsync_watch.cli.console import show_warnings, warn
from ccsync_watch.cli.redaction_progress import show_bar
from ccsync_watch.cli.session_lookup import find_session, open_store
from ccsync_watch.config import load
from ccsync_watch.dashboard.marked_messages import iterate_marked
from ccsync_watch.dashboard.session_document import iterate_document
from ccsync_watch.errors import ConfigError
from ccsync_watch.store import session_list
from ccsync_watch.store.session_annotations import MARKS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

ORDER = 90
EXAMPLES = ("export 1b2c3d4e > session.md", "export 1b2c3d4e --format json > session.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the session, the format and the mark."""
    parser.add_argument(
        "session",
        nargs="?",
        metavar="SESSION",
        help="its id, or the beginning of it; without one, jsonl is of all sessions",
    )
    parser.add_argument(
        "--format",
        choices=("md", "json", "jsonl"),
        help="jsonl: the messages that you marked in the dashboard; default: md",
    )
    parser.add_argument("--mark", choices=MARKS, help="jsonl of the messages with this mark only")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Write the session as it is stored: redacted, and cut where the settings say."""
    settings = load(env, flags)
    show_warnings(settings)
    document_format = arguments.format or ("jsonl" if arguments.mark else "md")
    _check(arguments, document_format)
    with open_store(settings) as database:
        session_id = (
            find_session(database, arguments.session) if arguments.session is not None else None
        )
        if document_format == "jsonl":
            if arguments.session is not None and session_id is None:
                return 1
            if not _write(iterate_marked(database, session_id=session_id, mark=arguments.mark)):
                warn(_nothing_marked(arguments))
            return 0
        row = session_list.load_session(database, session_id) if session_id else None
        if row is None:
            return 1
        prices = PriceList.from_settings(settings)
        prices.ensure_known(usage_groups.used_models(database, row.session_id))
        account = load_account(database, row.session_id, prices)
        _write(iterate_document(database, row, account, document_format))
    return 0


def _check(arguments: argparse.Namespace, document_format: str) -> None:
    """Raise ConfigError for arguments that say nothing together."""
    if document_format != "jsonl" and arguments.mark:
        raise ConfigError(
            "--mark is of marked messages", hint="leave out --format, or use --format jsonl"
        )
    if document_format != "jsonl" and arguments.session is None:
        raise ConfigError(
            "a session is missing", hint="name one that `ccsync-watch sessions` lists"
        )


def _nothing_marked(arguments: argparse.Namespace) -> str:
    mark = f" {arguments.mark}" if arguments.mark else ""
    place = " of this session" if arguments.session else ""
    return f"no message{place} is marked{mark}: mark some on a session's page in the dashboard"


def _write(pieces: Iterable[str]) -> bool:
    """Write a document, and return whether there is any; show that it is written where unseen."""
    is_any = False
    with contextlib.ExitStack() as stack:
        advance = None
        if not sys.stdout.isatty():
            advance = stack.enter_context(show_bar("exporting", None))
        for piece in pieces:
            sys.stdout.write(piece)
            is_any = is_any or bool(piece)
            if advance is not None:
                advance(len(piece))
    sys.stdout.flush()
    return is_any
