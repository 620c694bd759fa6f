"""`ccsync-watch repair`: redact what is stored again, by today's rules, and send what changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ccsync_watch import __version__
from ccsync_watch.cli.console import counted, say, show_warnings
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.control.client import ControlClient
from ccsync_watch.daemon.runtime import make_redactor, rules_in_force
from ccsync_watch.errors import NotAnswering, NotRunning, StateError
from ccsync_watch.pipeline.reapply import RepairResult, repair
from ccsync_watch.store import rewriting
from ccsync_watch.store.database import DATABASE_NAME, open_database
from ccsync_watch.store.meta import set_meta
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Repair, or tell what a repair would change."""
    settings = load(env, flags)
    show_warnings(settings)
    if not (settings.state_dir / DATABASE_NAME).exists():
        say("nothing is stored yet: there is nothing to repair")
        return 0
    _refuse_another_version(settings)
    clock = SystemClock()
    # Beside a running daemon: it writes by today's rules, and each step is a commit of its own.
    database = open_database(settings.state_dir, now_ms=clock.wall_ms())
    try:
        outcome = _repaired(settings, database, clock, is_dry=arguments.dry_run)
        if not arguments.dry_run:
            with database.write() as connection:
                set_meta(connection, "rules", rules_in_force(settings))
    finally:
        database.close()
    _tell(outcome, is_dry=arguments.dry_run)
    return 0


def _refuse_another_version(settings: Settings) -> None:
    """Raise StateError while a daemon runs that would go on writing by other rules."""
    try:
        version = ControlClient(settings.state_dir).hello().version
    except NotAnswering:
        raise
    except NotRunning:
        return
    if version != __version__:
        raise StateError(
            f"ccsync-watch {version} is running, this is {__version__}",
            hint="stop it and start this one, then repair",
        )


def _repaired(
    settings: Settings, database: Database, clock: SystemClock, *, is_dry: bool
) -> RepairResult:
    # Loaded here: no other command that is not shown on a terminal needs it.
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.progress import Progress  # noqa: PLC0415 - see above

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task("redacting", total=rewriting.count_messages(database))
        return repair(
            database,
            redactor=make_redactor(settings),
            clock=clock,
            is_released=settings.auto_sync,
            is_dry=is_dry,
            on_progress=lambda messages: bars.advance(task, messages),
        )


def _tell(outcome: RepairResult, *, is_dry: bool) -> None:
    verb = "would change" if is_dry else "changed"
    if not outcome.messages and not outcome.other_rows:
        say("nothing to change: everything stored obeys today's rules")
        return
    rows = f"{plural(outcome.messages, 'message')} and {plural(outcome.other_rows, 'other row')}"
    say(f"{verb}: {rows} of {plural(len(outcome.sessions), 'session')}")
    if outcome.removed:
        say(f"secrets removed: {counted(outcome.removed)}")
    if not is_dry:
        say("what had been sent is sent again; `ccsync-watch sync-now` does it now")
