"""Show what today's rules would remove from stored data, and what has left; change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.cli.arguments import add_setting_flags
from ccsync_watch.cli.console import format_counts, printable, say, say_wrapped, show_warnings
from ccsync_watch.cli.redaction_progress import show_progress
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.clock import SystemClock, utc_datetime
from ccsync_watch.config import load
from ccsync_watch.daemon.runtime import make_knowing_redactor, rules_in_force
from ccsync_watch.pipeline.audit import audit
from ccsync_watch.report.last_audit import save_audit
from ccsync_watch.store.database import open_for_reading
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Settings
    from ccsync_watch.pipeline.audit import Audit, AuditedSession
    from ccsync_watch.store.database import Database

ORDER = 125
EXAMPLES = ("audit", "audit --json")
_MAX_SESSIONS = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the form of the output."""
    add_setting_flags(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print what a repair would change; return 1 if that is anything."""
    settings = load(env, flags)
    show_warnings(settings)
    database = open_for_reading(settings.state_dir)
    if database is None:
        say_wrapped("{}" if arguments.json else "Nothing to audit: nothing is stored yet")
        return 0
    try:
        result = _audit(settings, database)
    finally:
        database.close()
    document = result.as_json()
    save_audit(settings.state_dir, document)
    if arguments.json:
        say(orjson.dumps(document).decode())
    else:
        _show(result, document)
    return 0 if result.is_clean else 1


def _audit(settings: Settings, database: Database) -> Audit:
    redactor = make_knowing_redactor(settings, database)
    with show_progress(database, "reading") as on_progress:
        return audit(
            database,
            redactor=redactor,
            rules=rules_in_force(settings),
            clock=SystemClock(),
            on_progress=on_progress,
        )


def _show(result: Audit, document: dict[str, Any]) -> None:
    say_wrapped(f"Read: {plural(result.messages_read, 'message')}, by the rules of today")
    if result.is_clean:
        say_wrapped("Nothing would be changed: stored data follows the current rules")
        return
    rows = f"{plural(result.messages, 'message')} and {plural(result.rows, 'other row')}"
    say_wrapped(f"Would be changed: {rows} of {plural(len(result.sessions), 'session')}")
    if result.kinds:
        say_wrapped(f"Secrets in them: {format_counts(result.kinds)}")
    left = document["has_left"]
    for host in left["hosts"]:
        say_wrapped(
            f"Sent already: {plural(host['messages'], 'message')} of"
            f" {plural(host['sessions'], 'session')} to {printable(host['host'])},"
            f" {_dates(host['first_ms'], host['last_ms'])}"
        )
    if not left["hosts"]:
        say_wrapped("None of that was sent from this machine.")
    for session in result.sessions[:_MAX_SESSIONS]:
        say()
        _show_session(session)
    hidden = len(result.sessions) - _MAX_SESSIONS
    say()
    if hidden > 0:
        say(f"And {plural(hidden, 'more session')}: `--json` lists them all.\n")
    repair = "Run `ccsync-watch repair`: it removes them here, and replaces what was sent."
    say_wrapped(typed(repair))
    if left["hosts"]:
        say_wrapped("Renew the secrets that were sent: who could read them there may have them.")


def _show_session(session: AuditedSession) -> None:
    say(printable(session.session_id))
    counts = []
    if session.messages:
        dates = _dates(session.first_ms, session.last_ms)
        counts.append(plural(session.messages, "message") + (f" of {dates}" if dates else ""))
    if session.rows:
        counts.append(plural(session.rows, "other row"))
    kinds = format_counts(session.kinds) or "withheld by the project's policy"
    say_wrapped(f"  {', '.join(counts)}: {kinds}")
    for host in session.hosts:
        sent = []
        if session.messages_sent:
            sent.append(plural(session.messages_sent, "message"))
        if session.is_state_sent:
            sent.append("the session's state")
        say_wrapped(
            f"  sent: {' and '.join(sent)} to {printable(host.host)},"
            f" {_dates(host.first_ms, host.last_ms)}"
        )


def _dates(first_ms: int | None, last_ms: int | None) -> str:
    """Return the first and the last day, in the local zone; empty if they are not known."""
    days = [_day(at_ms) for at_ms in (first_ms, last_ms) if at_ms is not None]
    return " to ".join(dict.fromkeys(days))


def _day(at_ms: int) -> str:
    return f"{utc_datetime(at_ms).astimezone():%Y-%m-%d}"
