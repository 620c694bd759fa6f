"""Remove the texts of old sessions from this machine; figures and what was uploaded stay."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.accounting.unmatched_filters import unmatched_projects
from ccsync_watch.cli.arguments import add_setting_flags, checked, project, warn_of_unmatched
from ccsync_watch.cli.confirmation import can_ask, confirm
from ccsync_watch.cli.console import printable, say, say_wrapped, show_warnings
from ccsync_watch.cli.daemon_waits import waiting_for_daemon
from ccsync_watch.cli.database_opening import open_beside_daemon
from ccsync_watch.cli.redaction_progress import show_bar
from ccsync_watch.cli.same_version import check_version
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.config.retention_checks import check_age, check_size, retention_text
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import ShrinkRequest
from ccsync_watch.daemon.background import START_SECONDS, wait_while_starting
from ccsync_watch.daemon.runtime import has_backend, transcript_files
from ccsync_watch.errors import ConfigError, NotRunning
from ccsync_watch.pipeline.pruning import (
    PrunePlan,
    PruneRequest,
    PruneResult,
    growing_sessions,
    plan_pruning,
    prune,
)
from ccsync_watch.store.database import DATABASE_NAME
from ccsync_watch.store.database_file import is_there
from ccsync_watch.store.install_keys import install_key
from ccsync_watch.units import plural, size

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Settings
    from ccsync_watch.control.messages import ShrinkAnswer
    from ccsync_watch.store.copied_parts import Shrunk
    from ccsync_watch.store.database import Database

ORDER = 135
EXAMPLES = ("prune --older-than 90d --dry-run", "prune --older-than 1y")
_SHOWN_SESSIONS = 20
# Who asks for it wants the space.
_MIN_SHARE = 0.05
_SHRINK_SECONDS = 600.0
_WHAT_STAYS = (
    "What stays: dates, titles, models, tokens, costs, names of tools and sizes, so no total"
    " changes. What was uploaded stays there. Claude Code's transcripts are not touched, but"
    " nothing that was removed is read from them again, also when a session is continued: its page"
    " then says what it lacks. What is not uploaded yet, and what was written in the last hour, is"
    " left alone."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which sessions, and the form of the output."""
    add_setting_flags(parser)
    parser.description = (
        f"{parser.description}. Without a choice, the setting retention decides. {_WHAT_STAYS}"
    )
    parser.add_argument(
        "--older-than",
        type=checked(check_age),
        metavar="AGE",
        help="sessions whose last message is older, such as 90d, 12w or 1y",
    )
    parser.add_argument(
        "--project",
        action="append",
        default=[],
        type=project,
        metavar="PROJECT",
        help="only sessions of this project: a folder, its name, or a glob, as in `stats`; several"
        " times for several",
    )
    parser.add_argument(
        "--max-size",
        type=checked(check_size),
        metavar="SIZE",
        help="the oldest sessions, until the database is at most this size, such as 2GB",
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what would be removed")
    parser.add_argument(
        "-y",
        "--yes",
        action="store_true",
        help="do not ask; needed for --project alone where nobody can be asked",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Prune, or show what would be removed."""
    settings = load(env, flags)
    show_warnings(settings)
    request = _request(arguments, settings)
    _check_consent(arguments)
    if not is_there(settings.state_dir / DATABASE_NAME):
        return _show_nothing(arguments)
    with waiting_for_daemon():
        wait_while_starting(settings.state_dir, START_SECONDS)
    is_running = check_version(settings, "prune")
    clock = SystemClock()
    database = open_beside_daemon(settings.state_dir, clock, is_dry=arguments.dry_run)
    if database is None:
        return _show_nothing(arguments)
    try:
        plan = _plan(settings, database, request, clock)
        if not plan.items:
            warn_of_unmatched(unmatched_projects(database, request.projects))
        result, shrunk = PruneResult(), None
        if not _is_agreed(arguments, plan):
            say("Nothing was removed")
            return 1
        if not arguments.dry_run:
            result = _prune(settings, database, plan, clock)
            if result.messages:
                shrunk = _shrink(settings, database, result.texts_bytes, is_running=is_running)
        document = _document(plan, result, shrunk, is_dry=arguments.dry_run)
        stored_bytes, unused_bytes = database.file_bytes()
    finally:
        database.close()
    if arguments.json:
        _show_json(document)
        return 0
    if arguments.dry_run:
        _show_plan(plan)
    else:
        _show_result(result, shrunk, unused_bytes)
    _show_kept(plan)
    if request.max_bytes is not None and not arguments.dry_run:
        _show_size(stored_bytes - unused_bytes, request.max_bytes)
    return 0


def _request(arguments: argparse.Namespace, settings: Settings) -> PruneRequest:
    projects = tuple(arguments.project)
    if projects or arguments.older_than is not None or arguments.max_size is not None:
        return PruneRequest(arguments.older_than, arguments.max_size, projects)
    if settings.retention is None:
        raise ConfigError(
            "nothing says which sessions",
            hint="use --older-than, --project or --max-size; with --dry-run it only shows what"
            " would be removed, and the setting `retention` has it done every day",
        )
    if not arguments.json:
        say_wrapped(f"By the setting retention: {retention_text(settings.retention)}")
    return PruneRequest(settings.retention.max_age_days, settings.retention.max_bytes)


def _check_consent(arguments: argparse.Namespace) -> None:
    """Raise ConfigError for all of a project where nobody can be asked whether that is meant."""
    is_limited = arguments.older_than is not None or arguments.max_size is not None
    if is_limited or not arguments.project or arguments.dry_run or arguments.yes or can_ask():
        return
    raise ConfigError(
        "--project alone removes the texts of all its sessions",
        hint="add --older-than or --max-size, or --yes if that is meant; --dry-run shows them",
    )


def _is_agreed(arguments: argparse.Namespace, plan: PrunePlan) -> bool:
    """Return whether to prune: in a terminal, say what is removed for good, and ask."""
    is_chosen = arguments.project or arguments.older_than is not None or arguments.max_size
    # What the setting retention says is removed every day; nobody is asked then.
    is_asked = is_chosen and plan.items and not (arguments.dry_run or arguments.yes)
    if not (is_asked and can_ask()):
        return True
    return confirm(
        f"Remove the texts of {plural(plan.messages, 'message')} of"
        f" {plural(len(plan.items), 'session')} from this machine, for good?"
    )


def _plan(
    settings: Settings, database: Database, request: PruneRequest, clock: SystemClock
) -> PrunePlan:

    now_ms = clock.wall_ms()
    growing = growing_sessions(
        database,
        transcript_files(settings),
        tuple(map(os.fspath, settings.project_roots)),
        key=install_key(settings.state_dir),
        now_ms=now_ms,
    )
    return plan_pruning(
        database,
        request,
        growing=growing,
        has_backend=has_backend(settings, database),
        now_ms=now_ms,
    )


def _prune(
    settings: Settings, database: Database, plan: PrunePlan, clock: SystemClock
) -> PruneResult:

    with show_bar("removing texts", plan.messages) as on_progress:
        return prune(
            database,
            plan,
            has_backend=has_backend(settings, database),
            clock=clock,
            on_progress=on_progress,
        )


def _shrink(
    settings: Settings, database: Database, removed_bytes: int, *, is_running: bool
) -> Shrunk | ShrinkAnswer | None:
    """Give the space back; the daemon does it itself, as it could not write meanwhile."""
    if is_running:
        with contextlib.suppress(NotRunning):
            return ControlClient(settings.state_dir).shrink(
                ShrinkRequest(removed_bytes, _MIN_SHARE), seconds=_SHRINK_SECONDS
            )
        return None
    return database.shrink(removed_bytes=removed_bytes, min_share=_MIN_SHARE)


def _document(
    plan: PrunePlan, result: PruneResult, shrunk: Shrunk | ShrinkAnswer | None, *, is_dry: bool
) -> dict[str, Any]:
    return {
        "is_dry_run": is_dry,
        "chosen": [
            {
                "session_id": item.session.session_id,
                "updated_ms": item.session.updated_ms,
                "messages": item.messages,
                "texts_bytes": item.texts_bytes,
            }
            for item in plan.items
        ],
        "left_alone": dict(plan.kept),
        "removed": {
            "sessions": result.sessions,
            "messages": result.messages,
            "texts_bytes": result.texts_bytes,
        },
        "database": {
            "used_bytes_before": plan.used_bytes,
            "freed_bytes": 0 if shrunk is None else shrunk.before_bytes - shrunk.after_bytes,
            "missing_bytes": 0 if shrunk is None else shrunk.missing_bytes,
        },
    }


def _show_nothing(arguments: argparse.Namespace) -> int:
    if arguments.json:
        _show_json(_document(PrunePlan(), PruneResult(), None, is_dry=arguments.dry_run))
    else:
        say_wrapped("Nothing to prune: nothing is stored yet")
    return 0


def _show_json(document: dict[str, Any]) -> None:
    say(orjson.dumps(document).decode())


def _removed_size(removed_bytes: int) -> str:
    """Return how much is removed; what is kept of a few short texts may take more than they did."""
    return size(max(0, removed_bytes))


def _show_plan(plan: PrunePlan) -> None:
    if not plan.items:
        say_wrapped("Nothing to prune")
        return
    say_wrapped(
        f"Would remove the texts of {plural(plan.messages, 'message')} of"
        f" {plural(len(plan.items), 'session')}: about {_removed_size(plan.texts_bytes)} of a"
        f" database of {size(plan.used_bytes)}"
    )
    now_ms = SystemClock().wall_ms()
    for item in plan.items[:_SHOWN_SESSIONS]:
        days = (now_ms - item.session.updated_ms) // 86_400_000
        say_wrapped(
            f"  {item.session.session_id}  {plural(days, 'day'):>10} old"
            f"  {_removed_size(item.texts_bytes):>10}"
            f"  {printable(item.session.project_path or '')}"
        )
    more = len(plan.items) - _SHOWN_SESSIONS
    if more > 0:
        say(f"  … and {more:,} more (--json lists all)")
    say_wrapped(_WHAT_STAYS)


def _show_result(
    result: PruneResult, shrunk: Shrunk | ShrinkAnswer | None, unused_bytes: int
) -> None:
    if not result.messages:
        say_wrapped("Nothing to prune")
        return
    say_wrapped(
        f"Removed the texts of {plural(result.messages, 'message')} of"
        f" {plural(result.sessions, 'session')}: {_removed_size(result.texts_bytes)}"
    )
    if shrunk is not None and shrunk.is_done:
        say_wrapped(f"Freed on the disk: {size(shrunk.before_bytes - shrunk.after_bytes)}")
    elif shrunk is not None and shrunk.missing_bytes:
        say_wrapped(
            f"Nothing is freed on the disk yet: that needs {size(shrunk.missing_bytes)} more of"
            " free space for a while. Free it, then run `ccsync-watch stop` and"
            " `ccsync-watch start`."
        )
    else:
        say_wrapped(
            "Nothing is freed on the disk: the database uses the space again for new sessions, and"
            f" shrinks when more of it is unused ({size(unused_bytes)} of whole pages now)."
        )
    say_wrapped(_WHAT_STAYS)


def _show_kept(plan: PrunePlan) -> None:
    pending, growing = plan.kept["pending"], plan.kept["growing"]
    if pending:
        say_wrapped(f"Left alone: {plural(pending, 'session')} not uploaded completely")
    if growing:
        sessions = plural(growing, "session")
        say_wrapped(f"Left alone: {sessions} still written to, or not read to the end")


def _show_size(used_bytes: int, max_bytes: int) -> None:
    if used_bytes > max_bytes:
        say_wrapped(
            f"The database is still {size(used_bytes)}, more than {size(max_bytes)}: the figures"
            " stay, and what is left alone."
        )
