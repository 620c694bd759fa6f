"""`ccsync-watch preview`: exactly what would leave, as JSON lines; sends nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.accounting import session_accounts as accounts
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.cli.console import counted, say, show_warnings, warn
from ccsync_watch.cli.store_access import chosen_session, open_store
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import FlushRequest
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.daemon.runtime import Runtime
from ccsync_watch.errors import NotAnswering, NotRunning
from ccsync_watch.model import Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.removed_secrets import removed_from
from ccsync_watch.store import session_summaries, stored_messages
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database


_READ_SECONDS = 300.0


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print one JSON object a line: each session, then its messages."""
    settings = load(env, flags)
    show_warnings(settings)
    _bring_up_to_date(settings)
    database = open_store(settings)
    if database is None:
        return 0
    try:
        session_id = None
        if arguments.session is not None:
            session_id = chosen_session(database, arguments.session)
            if session_id is None:
                return 1
        prices = PriceList.of(settings)
        prices.learn(accounts.models(database, session_id))
        _print(
            database,
            [session_id] if session_id else session_summaries.sessions_with_messages(database),
            prices,
        )
        return 0
    finally:
        database.close()


def _bring_up_to_date(settings: Settings) -> None:
    """Read what is new on disk, in the daemon if it runs, else here; send nothing."""
    try:
        ControlClient(settings.state_dir).flush(
            FlushRequest(seconds=_READ_SECONDS, is_sending=False)
        )
    except NotAnswering:
        raise
    except NotRunning:
        clock = SystemClock()
        lock = InstanceLock(settings.state_dir)
        lock.acquire(clock.wall_ms())
        try:
            # Without a backend: nobody's outbox is pointed elsewhere for the sake of a look.
            runtime = Runtime(replace(settings, convex_url=None), clock=clock)
            try:
                runtime.catch_up()
            finally:
                runtime.close()
        finally:
            lock.release()


def _print(database: Database, session_ids: Sequence[str], prices: PriceList) -> None:
    removed: Counter[str] = Counter()
    sessions = messages = 0
    for session_id in session_ids:
        summary = accounts.summary(database, session_id, prices)
        if summary is None:
            continue
        sessions += 1
        removed += _line("/sync/session", wire.session_payload(summary))
        for row in stored_messages.session_messages(database, session_id):
            messages += 1
            payload = wire.message_payload(Redacted(row), row.timestamp_ms)
            removed += _line("/sync/message", payload)
    what = f"{plural(sessions, 'session')}, {plural(messages, 'message')}"
    warn(f"{what}; secrets removed: {counted(removed) or 'none'}")


def _line(path: str, payload: Redacted[wire.Payload]) -> Counter[str]:
    """Print one request, with what was removed from it; return those counts."""
    removed = removed_from([payload])
    say(orjson.dumps({"path": path, "body": payload.value, "removed": removed}).decode())
    return removed
