"""Print what was uploaded: when, to which host, how much, and what had been removed."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.cli.arguments import add_setting_flags
from ccsync_watch.cli.console import (
    format_counts,
    printable,
    say,
    say_wrapped,
    show_warnings,
    terminal_columns,
    warn,
)
from ccsync_watch.cli.session_lookup import SHORT_ID_CHARS, whole_id
from ccsync_watch.clock import utc_datetime
from ccsync_watch.config import load
from ccsync_watch.store import egress_ledger
from ccsync_watch.store.database import open_for_reading
from ccsync_watch.units import plural, size

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from ccsync_watch.store.egress_ledger import LedgerEntry

ORDER = 110
EXAMPLES = ("ledger", "ledger --json")
_NOTHING = "Nothing was sent from this machine."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the session and the form of the output."""
    add_setting_flags(parser)
    parser.add_argument("session", nargs="?", metavar="SESSION", help="only this session")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print one line for each request, the oldest first, then the sums by host."""
    settings = load(env, flags)
    show_warnings(settings)
    session_id = arguments.session
    database = open_for_reading(settings.state_dir)
    if database is None:
        if not arguments.json:
            say_wrapped(_NOTHING)
        return 0
    with closing(database):
        if session_id is not None:
            session_id = whole_id(database, session_id)
            if session_id is None:
                return 1
        _print(
            egress_ledger.ledger_entries(database, session_id=session_id),
            session_id=session_id,
            as_json=arguments.json,
        )
    return 0


def _print(entries: Iterable[LedgerEntry], *, session_id: str | None, as_json: bool) -> None:
    hosts: dict[str, Counter[str]] = {}
    removed: Counter[str] = Counter()
    if as_json:
        count = 0
        for count, entry in enumerate(entries, 1):  # noqa: B007 - used behind the loop
            say(orjson.dumps(asdict(entry)).decode())
        if session_id is not None and not count:
            warn(_nothing_of(session_id))
        return
    for entry in entries:
        say_wrapped(_line(entry))
        sums = hosts.setdefault(entry.host, Counter())
        sums.update(requests=1, bytes=entry.size, rows=entry.rows * (entry.kind == "messages"))
        removed.update(entry.removed)
    if not hosts:
        say_wrapped(_NOTHING if session_id is None else _nothing_of(session_id))
    for host, sums in hosts.items():
        say_wrapped(
            f"{printable(host)}: {plural(sums['requests'], 'request')},"
            f" {plural(sums['rows'], 'message')}, {size(sums['bytes'])}"
        )
    if removed:
        say_wrapped(f"placeholders in them: {format_counts(removed)}")


def _nothing_of(session_id: str) -> str:
    return f"Nothing of session {printable(session_id)} was sent from this machine."


def _line(entry: LedgerEntry) -> str:
    when = utc_datetime(entry.at_ms).astimezone()
    what = plural(entry.rows, "message") if entry.kind == "messages" else "session state"
    facts = [what, size(entry.size)]
    if entry.removed:
        facts.append(f"placeholders: {format_counts(entry.removed)}")
    if not entry.is_acked:
        facts.append("not confirmed")
    # On a terminal as much of the id as other commands show: it is enough for them.
    shown_id = entry.session_id[:SHORT_ID_CHARS] if terminal_columns() else entry.session_id
    place = f"{when:%Y-%m-%d %H:%M:%S}  {printable(entry.host)}  {printable(shown_id)}"
    return f"{place}  {', '.join(facts)}"
