"""Print exactly what would be uploaded, as JSON lines; send nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.accounting.priced_summaries import PricedSummaries
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.cli.arguments import add_setting_flags
from ccsync_watch.cli.console import format_counts, say, show_warnings, warn
from ccsync_watch.cli.daemon_waits import waiting_for_daemon
from ccsync_watch.cli.session_lookup import find_session, open_store
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import FlushRequest
from ccsync_watch.daemon.background import START_SECONDS, wait_while_starting
from ccsync_watch.daemon.destinations import preview_requests
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.daemon.runtime import Runtime
from ccsync_watch.daemon.sync_once import read_all
from ccsync_watch.errors import NothingStored, NotRunning
from ccsync_watch.store import session_summaries
from ccsync_watch.store.sendable_messages import sendable_messages, sendable_summary
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database


_READ_SECONDS = 300.0


ORDER = 100
EXAMPLES = ("preview", "preview 1b2c3d4e")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the session."""
    add_setting_flags(parser)
    parser.add_argument(
        "session", nargs="?", metavar="SESSION", help="only this one: its id, or its beginning"
    )


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print one JSON object a line: each session, then its messages."""
    if flags.get("convex_url"):
        flags = {**flags, "api_key": ""}  # nothing is sent: another address needs no key
    settings = load(env, flags)
    show_warnings(settings)
    _import_new_lines(settings)
    try:
        with open_store(settings) as database:
            return _preview(settings, database, arguments.session)
    except NothingStored as error:
        warn(str(error))
        return 0  # nothing would be uploaded, either


def _preview(settings: Settings, database: Database, session: str | None) -> int:
    session_id = None
    if session is not None:
        session_id = find_session(database, session)
        if session_id is None:
            return 1
    summaries = PricedSummaries(database, PriceList.from_settings(settings))
    summaries.look_up_prices(session_id)
    session_ids = [session_id] if session_id else session_summaries.sessions_with_messages(database)
    _print(settings, database, session_ids, summaries)
    return 0


def _import_new_lines(settings: Settings) -> None:
    """Import what is new on disk, in the daemon if it runs, else here; send nothing."""
    try:
        with waiting_for_daemon():
            wait_while_starting(settings.state_dir, START_SECONDS)
            ControlClient(settings.state_dir).flush(
                FlushRequest(seconds=_READ_SECONDS, is_sending=False)
            )
    except NotRunning:
        clock = SystemClock()
        lock = InstanceLock(settings.state_dir, is_daemon=False)
        lock.acquire(clock.wall_ms())
        try:
            runtime = Runtime(settings, clock=clock, is_uploading=False)
            try:
                read_all(runtime)
            finally:
                runtime.close()
        finally:
            lock.release()


def _print(
    settings: Settings, database: Database, session_ids: Sequence[str], summaries: PricedSummaries
) -> None:
    removed: Counter[str] = Counter()
    sessions = messages = 0
    for session_id in session_ids:
        summary = summaries.summary(session_id)
        if summary is None:
            continue
        summary = sendable_summary(summary, is_host_sent=settings.sync_host)
        sendable = sendable_messages(database, session_id, is_host_sent=settings.sync_host)
        sessions, messages = sessions + 1, messages + len(sendable)
        for request in preview_requests(settings, summary, sendable):
            removed += request.removed
            line = {"path": request.path, "body": request.body, "removed": request.removed}
            say(orjson.dumps(line).decode())
    counts = f"{plural(sessions, 'session')}, {plural(messages, 'message')}"
    warn(f"{counts}; secrets removed: {format_counts(removed) or 'none'}")
