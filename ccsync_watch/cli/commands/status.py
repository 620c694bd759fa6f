"""Show what is stored, sent and pending, and every problem with its fix."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch import report
from ccsync_watch.cli.arguments import add_setting_flags
from ccsync_watch.cli.budget_figures import load_budget
from ccsync_watch.cli.console import printable, say, say_wrapped, show_warnings
from ccsync_watch.cli.problem_text import problem_lines
from ccsync_watch.cli.sync_figures import behind, confirmed, figures_without_daemon
from ccsync_watch.cli.text_table import is_too_narrow, shorten_to_fit
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import changed_settings, load, shown_settings
from ccsync_watch.control.client import ControlClient
from ccsync_watch.daemon.connection_test import try_backend
from ccsync_watch.errors import DaemonUnavailable, DestinationError, NotRunning
from ccsync_watch.problem import Problem
from ccsync_watch.units import age, estimated_duration, plural, size

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from ccsync_watch.accounting.budgets import BudgetLine
    from ccsync_watch.config import Settings
    from ccsync_watch.model import JsonValue

ORDER = 40
EXAMPLES = ("status", "status --json")
_SHOWN_SESSIONS = 10
# What is fewer is sent in a moment; a rate that is older says nothing of how long it takes.
_BACKLOG_ROWS = 100
_RECENT_MS = 60_000
_OTHER_ERROR = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the form of the output."""
    add_setting_flags(parser)
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print the report; return the exit code of its worst problem, 0 if none is an error."""
    settings = load(env, flags)
    limit = None if arguments.json else _SHOWN_SESSIONS
    figures, problems = gather(settings, limit)
    is_absent = not (figures["daemon"]["running"] or figures["daemon"]["is_silent"])
    if is_absent and _save_hook_folders(settings):
        # Hooks named another account's folder, and no daemon has handled their events yet.
        settings = load(env, flags)
        figures, problems = gather(settings, limit)
    budget = load_budget(settings)
    figures["budget"] = [line.as_json() for line in budget]
    if arguments.json:
        figures["problems"] = [problem.as_json() for problem in problems]
        say(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    else:
        show_warnings(settings)
        _print(figures, problems, budget)
    return _exit_code(problems)


def _save_hook_folders(settings: Settings) -> bool:
    # Loaded here: a daemon does it itself.
    from ccsync_watch.daemon.hook_event_folders import save_hook_folders  # noqa: PLC0415

    return save_hook_folders(settings, clock=SystemClock())


def _exit_code(problems: list[Problem]) -> int:
    codes = {problem.code for problem in problems if problem.severity == "error"}
    if "connection-failed" in codes:
        return DestinationError.exit_code
    if codes & {"daemon-not-running", "daemon-silent"}:
        return NotRunning.exit_code
    return _OTHER_ERROR if codes else 0


def gather(settings: Settings, max_sessions: int | None) -> tuple[dict[str, Any], list[Problem]]:
    """Return the figures, from the daemon if it runs, and the problems, the connection tested."""
    try:
        figures = ControlClient(settings.state_dir).status(max_sessions=max_sessions)
    except DaemonUnavailable as absence:
        figures = figures_without_daemon(settings, absence, max_sessions=max_sessions)
    backend = try_backend(settings, clock=SystemClock())
    figures["backend"] = {
        "tested": settings.destination is not None,
        "ok": backend.backend_info is not None,
        "error": str(backend.error) if backend.error else None,
    }
    problems = [Problem.of_json(fields) for fields in figures["problems"]]
    if _is_same_backend(figures, settings):
        # What the daemon last knew of the connection is older than the test made just now.
        outdated = {"connection-failed"} | ({"clock-skew"} if backend.backend_info else set())
        problems = [problem for problem in problems if problem.code not in outdated]
    if backend.error is not None:
        problems.insert(0, report.connection_problem(backend.error))
    elif backend.backend_info is not None:
        problems.extend(report.clock_problems(backend.backend_info))
    return figures, problems


def _is_same_backend(figures: Mapping[str, Any], settings: Settings) -> bool:
    destination = asdict(settings.destination) if settings.destination else None
    key = shown_settings(settings)["api_key"]
    return bool(figures["destination"] == destination and figures["config"]["api_key"] == key)


def _print(figures: dict[str, Any], problems: list[Problem], budget: Sequence[BudgetLine]) -> None:
    now_ms = SystemClock().wall_ms()
    config, totals, daemon = figures["config"], figures["totals"], figures["daemon"]
    destination = figures["destination"]
    running = f"running (process {daemon['pid']})" if daemon["running"] else "not running"
    if daemon["is_silent"]:
        running = "not answering"
    elif daemon["is_starting"]:
        running = "starting"
    say(f"ccsync-watch {figures['version']}: {running}")
    url = destination["url"] if destination else "none: everything stays on this machine"
    say(f"  backend      {url}")
    if destination:
        is_connected = figures["backend"]["ok"]
        say(f"  connection   {'ok' if is_connected else 'failed, see below'}")
        say(f"  API key      {config['api_key'] or 'none'}")
    if daemon["running"] and (config.get("dashboard") or {}).get("enabled"):
        say(typed("  dashboard    `ccsync-watch open`"))
    count = figures["transcripts_found"]
    imported = f"{count:,} found, {behind(figures['bytes_behind'])}" if count else "none yet"
    say(f"  transcripts  {imported}")
    if totals:
        sessions, messages = plural(totals["sessions"], "session"), totals["messages"]
        say(f"  stored       {sessions}, {plural(messages, 'message')}")
        if destination:
            say_wrapped(
                f"  pending      {plural(totals['rows_pending'], 'row')};"
                f" last confirmed upload {age(totals['last_ack_ms'], now_ms)}"
            )
            _print_backlog(figures, now_ms)
    _print_retention(figures, now_ms)
    _print_budget(budget)
    _print_settings(config)
    _print_sessions(figures, now_ms)
    for problem in problems:
        say()
        for line in problem_lines(problem):
            say_wrapped(line)


def _print_budget(budget: Sequence[BudgetLine]) -> None:
    for number, limit in enumerate(budget):
        mark = ", exceeded" if limit.is_exceeded else ""
        say_wrapped(f"  {'' if number else 'budget':<11}  {printable(limit.text)}{mark}")


def _print_settings(config: dict[str, JsonValue]) -> None:
    changed = changed_settings(config)
    if changed:
        settings = ", ".join(f"{name} {_json(value)}" for name, value in changed.items())
        say_wrapped(f"  settings     {printable(settings)}")


def _print_backlog(figures: Mapping[str, Any], now_ms: int) -> None:
    """Say how long what is pending will take, where that is more than a moment.

    While transcripts are still read, more than that becomes pending.
    """
    totals = figures["totals"]
    rows = totals["rows_pending"] - totals["rows_held"]
    if rows < _BACKLOG_ROWS:
        return
    sessions, rate = plural(totals["sessions_pending"], "session"), totals["rows_per_second"]
    if not figures["daemon"]["running"]:
        said = f"{sessions} to upload"
    elif rate and now_ms - (totals["last_ack_ms"] or 0) <= _RECENT_MS:
        speed = f"{rate:,.0f} rows a second" if rate >= 1 else "less than a row a second"
        is_read = not figures["bytes_behind"]
        left = f"done in about {estimated_duration(rows / rate)}" if is_read else "more to be read"
        said = f"{sessions} being uploaded at {speed}: {left}"
    else:
        said = f"{sessions} to upload, no row in the last minute"
    say_wrapped(f"  backlog      {said}")


def _print_retention(figures: dict[str, Any], now_ms: int) -> None:
    chosen, last = figures["config"].get("retention"), figures.get("retention")
    if not chosen:
        return
    said = "not applied yet"
    if last:
        removed = f"{size(last['texts_bytes'])} of {plural(last['sessions'], 'session')}"
        said = f"last applied {age(last['at_ms'], now_ms)}, removed {removed}"
        if pending := last["left_alone"].get("pending"):
            said += f"; {plural(pending, 'session')} not uploaded completely left alone"
    say_wrapped(f"  retention    {chosen}; {said}")


def _json(value: JsonValue) -> str:
    return orjson.dumps(value).decode()


def _print_sessions(figures: dict[str, Any], now_ms: int) -> None:
    sessions, has_backend = figures["sessions"], figures["destination"] is not None
    if not sessions:
        return
    say("")
    for row in sessions[:_SHOWN_SESSIONS]:
        facts = [plural(row["messages"], "message"), behind(row["bytes_behind"])]
        if has_backend:
            facts.append(f"{plural(row['rows_pending'], 'row')} pending")
            facts.append(confirmed(row["last_ack_ms"], now_ms))
        if row["rows_rejected"]:
            facts.append(f"{row['rows_rejected']} rejected")
        worktree = f" (worktree {row['worktree']})" if row.get("worktree") else ""
        project = printable((row["project_path"] or "") + worktree)
        line = f"  {row['session_id']}  {age(row['updated_ms'], now_ms):>10}  "
        if is_too_narrow(project, after=line):
            say(line.rstrip())
            line = "      "
        say(line + shorten_to_fit(project, after=line))
        say_wrapped(f"      {', '.join(facts)}")
        # During an outage every session has the same error, which is shown once, below. Without a
        # backend it is that of one no longer configured.
        error = row["last_error"] if has_backend else None
        if error and error != figures["backend"]["error"]:
            say_wrapped(f"      last error: {printable(error)}")
    more = figures["totals"]["sessions"] - _SHOWN_SESSIONS
    if more > 0:
        say(f"  … and {more} more (--json lists all)")
