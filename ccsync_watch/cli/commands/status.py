"""`ccsync-watch status`: what is synced, what waits, and what is wrong, with the mend."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch import report
from ccsync_watch.cli.console import plural, printable, say, show_warnings
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.control.client import ask
from ccsync_watch.daemon.connection_test import try_backend
from ccsync_watch.errors import DestinationError, NotRunning
from ccsync_watch.store.database import open_for_reading
from ccsync_watch.store.install_keys import install_key
from ccsync_watch.units import age, size

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

_SHOWN_SESSIONS = 10


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print the report; 3 when no daemon runs, 4 when the backend does not take our key."""
    settings = load(env, flags)
    figures, is_refused = gather(settings)
    if arguments.json:
        say(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    else:
        show_warnings(settings)
        _print(figures)
    if is_refused:
        return DestinationError.exit_code
    return 0 if figures["daemon"]["running"] else NotRunning.exit_code


def gather(settings: Settings) -> tuple[dict[str, Any], bool]:
    """Return the figures, from the daemon if it runs, and whether the connection test failed."""
    try:
        figures = ask(settings.state_dir, "/v1/status")
    except NotRunning as absence:
        figures = without_daemon(settings, absence)
    backend = try_backend(settings, clock=SystemClock())
    figures["backend"] = {
        "tested": settings.destination is not None,
        "ok": backend.backend_info is not None,
        "error": str(backend.error) if backend.error else None,
    }
    problems = figures["problems"]
    if _is_same_backend(figures, settings):
        # The daemon's own last word on the connection is older than the test made just now.
        outdated = {"Connection failed", "Clock"} if backend.backend_info else {"Connection failed"}
        problems = [problem for problem in problems if problem["name"] not in outdated]
    if backend.error is not None:
        problems.insert(0, report.connection_problem(backend.error))
    elif backend.backend_info is not None:
        problems.extend(report.clock_problems(backend.backend_info))
    figures["problems"] = problems
    return figures, backend.error is not None


def _is_same_backend(figures: Mapping[str, Any], settings: Settings) -> bool:
    destination = asdict(settings.destination) if settings.destination else None
    key = report.shown_config(settings)["api_key"]
    return bool(figures["destination"] == destination and figures["config"]["api_key"] == key)


def without_daemon(settings: Settings, absence: NotRunning) -> dict[str, Any]:
    """Return the figures from the store alone."""
    key = install_key(settings.state_dir)
    database = open_for_reading(settings.state_dir)
    try:
        return report.status(settings, database, None, key=key, absence=absence)
    finally:
        if database is not None:
            database.close()


def _print(figures: dict[str, Any]) -> None:
    now_ms = SystemClock().wall_ms()
    config, totals, daemon = figures["config"], figures["totals"], figures["daemon"]
    destination = figures["destination"]
    running = f"running (process {daemon['pid']})" if daemon["running"] else "not running"
    if daemon["is_silent"]:
        running = "not answering"
    say(f"ccsync-watch {figures['version']}: {running}")
    url = destination["url"] if destination else "none: everything stays on this machine"
    say(f"  backend     {url}")
    if destination:
        tested = figures["backend"]
        say(f"  connection  {'ok' if tested['ok'] else 'failed, see below'}")
        say(f"  key         {config['api_key'] or 'none'}")
        say(f"  auto sync   {'on' if config['auto_sync'] else 'off'}")
    say(
        f"  found       {plural(figures['transcripts_found'], 'transcript')},"
        f" {size(figures['bytes_behind'])} not read yet"
    )
    if totals:
        say(
            f"  stored      {plural(totals['sessions'], 'session')},"
            f" {plural(totals['messages'], 'message')}"
        )
        if destination:
            say(
                f"  waiting     {plural(totals['rows_pending'], 'row')};"
                f" last acknowledged {age(totals['last_ack_ms'], now_ms)}"
            )
    _print_sessions(figures, now_ms)
    for problem in figures["problems"]:
        what, mend = printable(problem["what"]), printable(problem["mend"])
        say(f"\n{problem['name']}: {what}\n  → {mend}")


def _print_sessions(figures: dict[str, Any], now_ms: int) -> None:
    sessions, has_backend = figures["sessions"], figures["destination"] is not None
    if not sessions:
        return
    say("")
    for row in sessions[:_SHOWN_SESSIONS]:
        facts = [plural(row["messages"], "message"), f"{size(row['bytes_behind'])} behind"]
        if has_backend:
            facts.append(f"{plural(row['rows_pending'], 'row')} waiting")
            facts.append(f"acknowledged {age(row['last_ack_ms'], now_ms)}")
        if row["rows_rejected"]:
            facts.append(f"{row['rows_rejected']} refused")
        project = printable(row["project_path"] or "")
        say(f"  {row['session_id']}  {age(row['updated_ms'], now_ms):>10}  {project}")
        say(f"      {', '.join(facts)}")
        # During an outage every session has the same one, which is told once, below.
        if row["last_error"] and row["last_error"] != figures["backend"]["error"]:
            say(f"      last error: {printable(row['last_error'])}")
    if len(sessions) > _SHOWN_SESSIONS:
        say(f"  … and {len(sessions) - _SHOWN_SESSIONS} more (--json shows all)")
