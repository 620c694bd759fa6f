"""Redact stored data again by the current rules, and send what changed."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.arguments import add_setting_flags
from ccsync_watch.cli.console import format_counts, say, say_wrapped, show_warnings, warn
from ccsync_watch.cli.daemon_waits import waiting_for_daemon
from ccsync_watch.cli.database_opening import open_beside_daemon
from ccsync_watch.cli.redaction_progress import show_progress
from ccsync_watch.cli.same_version import check_version
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.control.client import ControlClient
from ccsync_watch.daemon.background import START_SECONDS, wait_while_starting
from ccsync_watch.daemon.runtime import make_knowing_redactor, rules_in_force
from ccsync_watch.errors import NotRunning
from ccsync_watch.pipeline.reapply import RepairResult, repair
from ccsync_watch.store.annotation_writer import restore_annotations
from ccsync_watch.store.database import DATABASE_NAME
from ccsync_watch.store.database_file import is_there
from ccsync_watch.store.meta import set_meta
from ccsync_watch.store.steady_time import follow_origin
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database


ORDER = 130
EXAMPLES = ("repair --dry-run", "repair")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add whether to change anything."""
    add_setting_flags(parser)
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Repair, or show what a repair would change."""
    settings = load(env, flags)
    show_warnings(settings)
    if not is_there(settings.state_dir / DATABASE_NAME):
        return _show_nothing(arguments)
    with waiting_for_daemon():
        wait_while_starting(settings.state_dir, START_SECONDS)
    check_version(settings, "repair")
    clock = SystemClock()
    database = open_beside_daemon(settings.state_dir, clock, is_dry=arguments.dry_run)
    if database is None:
        return _show_nothing(arguments)
    try:
        if not arguments.dry_run:
            _prepare(database, clock)
        outcome = _repair(settings, database, clock, is_dry=arguments.dry_run)
        if not arguments.dry_run:
            with database.write() as connection:
                set_meta(connection, "rules", rules_in_force(settings))
    finally:
        database.close()
    if not arguments.dry_run:
        with contextlib.suppress(NotRunning):
            ControlClient(settings.state_dir).reload()  # it uploads what was queued here
    (_show_json if arguments.json else _show)(outcome, is_dry=arguments.dry_run)
    return 0


def _prepare(database: Database, clock: SystemClock) -> None:
    if aside := restore_annotations(database, now_ms=clock.wall_ms()):
        warn(f"the file of stars, tags and notes was damaged: it is kept as {aside.name}")
    follow_origin(database, clock)


def _show_nothing(arguments: argparse.Namespace) -> int:
    if arguments.json:
        _show_json(RepairResult(), is_dry=arguments.dry_run)
    else:
        say_wrapped("Nothing to repair: nothing is stored yet")
    return 0


def _show_json(outcome: RepairResult, *, is_dry: bool) -> None:
    figures = {
        "is_dry_run": is_dry,
        "messages": outcome.messages,
        "other_rows": outcome.other_rows,
        "sessions": sorted(outcome.sessions),
        "removed": dict(sorted(outcome.removed.items())),
    }
    say(json.dumps(figures, indent=2))


def _repair(
    settings: Settings, database: Database, clock: SystemClock, *, is_dry: bool
) -> RepairResult:
    redactor = make_knowing_redactor(settings, database)
    with show_progress(database, "redacting") as on_progress:
        return repair(
            database,
            redactor=redactor,
            clock=clock,
            is_released=settings.auto_sync,
            is_dry=is_dry,
            on_progress=on_progress,
        )


def _show(outcome: RepairResult, *, is_dry: bool) -> None:
    verb = "Would change" if is_dry else "Changed"
    if not outcome.messages and not outcome.other_rows:
        say_wrapped("Nothing to repair: stored data follows the current rules")
        return
    rows = f"{plural(outcome.messages, 'message')} and {plural(outcome.other_rows, 'other row')}"
    say_wrapped(f"{verb}: {rows} of {plural(len(outcome.sessions), 'session')}")
    if outcome.removed:
        say_wrapped(f"Secrets removed: {format_counts(outcome.removed)}")
    if not is_dry:
        text = (
            "What had been sent is replaced there, which takes about half a minute;"
            " `ccsync-watch sync-now` waits for it."
        )
        say_wrapped(typed(text))
