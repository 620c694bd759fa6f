"""Write one session as an HTML file that anybody can open: redacted, and complete in itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting import usage_groups
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.accounting.session_accounts import load_account, load_subagent_accounts
from ccsync_watch.cli.console import format_counts, printable, say_wrapped, show_warnings
from ccsync_watch.cli.session_lookup import find_row, open_store
from ccsync_watch.config import load
from ccsync_watch.dashboard.sharing import SharedContent, SharedSource, iterate_shared
from ccsync_watch.errors import ConfigError
from ccsync_watch.units import plural, size

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_list import SessionRow

ORDER = 95
EXAMPLES = ("share 1b2c3d4e", "share 1b2c3d4e --everything -o session.html")
_STANDARD_OUTPUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the session, what of it, and the file."""
    parser.add_argument("session", metavar="SESSION", help="its id, or the beginning of it")
    parser.add_argument(
        "--everything",
        action="store_true",
        help="with tool calls, results, thinking and subagents; else prompts and answers only",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="default: session-ID.html in this folder; - is standard output",
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Write the file, then what is in it."""
    settings = load(env, flags)
    show_warnings(settings)
    with open_store(settings) as database:
        row = find_row(database, arguments.session)
        if row is None:
            return 1
        source = _source(settings, database, row, is_whole=arguments.everything)
        content = SharedContent()
        pieces = iterate_shared(source, content)
        if arguments.output == _STANDARD_OUTPUT:
            for piece in pieces:
                sys.stdout.write(piece)
            sys.stdout.flush()
            return 0
        name = "".join(filter(str.isalnum, row.session_id))[:8]
        path = Path(arguments.output or f"session-{name}.html")
        write_shared(path, pieces, is_replacing=arguments.force)
    _show(path, content, is_whole=arguments.everything)
    return 0


def _source(
    settings: Settings, database: Database, row: SessionRow, *, is_whole: bool
) -> SharedSource:
    prices = PriceList.from_settings(settings)
    prices.ensure_known(usage_groups.used_models(database, row.session_id))
    accounts = load_subagent_accounts(database, row.session_id, prices)
    return SharedSource(
        database,
        row,
        load_account(database, row.session_id, prices),
        {account.agent_id: account for account in accounts},
        is_whole=is_whole,
    )


def write_shared(path: Path, pieces: Iterator[str], *, is_replacing: bool) -> None:
    """Write a file that only this user can read; one that is replaced is so when all is written.

    Raises ConfigError when it exists, unless it is to be replaced, or cannot be written.
    """
    written = path.with_name(f"{path.name}.{os.getpid()}.new") if is_replacing else path
    try:
        handle = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(pieces)
            if is_replacing:
                written.replace(path)
        except BaseException:
            written.unlink(missing_ok=True)
            raise
    except (FileExistsError, IsADirectoryError):
        if path.is_dir():
            raise ConfigError(f"{path} is a folder", hint="name a file in it") from None
        raise ConfigError(
            f"{written} exists", hint="name another file, or replace it with --force"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", hint="name a file that you can write"
        ) from None


def _show(path: Path, content: SharedContent, *, is_whole: bool) -> None:
    say_wrapped(f"Wrote {printable(str(path))} ({size(content.size)})")
    parts = [plural(content.prompts, "prompt"), plural(content.answers, "answer")]
    if is_whole:
        parts += [plural(content.calls, "tool call"), plural(content.subagents, "subagent")]
    say_wrapped(f"In it: {', '.join(parts)}")
    if content.removed:
        say_wrapped(f"Secrets removed: {format_counts(content.removed)}")
    say_wrapped("Names and paths stay in it: read it before you send it to anybody.")
