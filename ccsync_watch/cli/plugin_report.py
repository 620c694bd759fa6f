"""The text of the plugin's `sync-status`: short, with each problem and its hint at the end.

A report has about a second; a daemon on a busy machine gets more.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ccsync_watch import __version__, report
from ccsync_watch.cli.client_limits import limits_of, marked_version, session_version
from ccsync_watch.cli.console import printable
from ccsync_watch.cli.later import Later
from ccsync_watch.cli.plugin_problems import (
    CONNECTION_SECONDS,
    compare_settings,
    compare_versions,
    with_connection,
    with_hints,
)
from ccsync_watch.cli.plugin_sync import HELLO_SECONDS
from ccsync_watch.cli.problem_text import hint_line, problem_lines
from ccsync_watch.cli.sync_figures import confirmed, figures_without_daemon
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import declared_settings, load, short_path
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import CheckAnswer
from ccsync_watch.daemon.connection_test import try_backend
from ccsync_watch.daemon.plugin_copy import command_of_copy
from ccsync_watch.errors import CcsyncError, DaemonUnavailable
from ccsync_watch.problem import Problem
from ccsync_watch.units import plural, size

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ccsync_watch.config import Settings

# What remains of the report's second after Python has started.
STATUS_SECONDS = 0.6
# A backend or daemon of which nothing bad is known gets more time (CONNECTION_SECONDS): a false
# alarm costs more than a moment, and a daemon answers `hello` in milliseconds.
FIGURES_SECONDS = 6.0


def status_text(env: Mapping[str, str], session_id: str | None, *, plugin_version: str) -> str:
    """Return the answer to sync-status. Raises CcsyncError."""
    settings = load(env)
    connection = Later(lambda: _test_connection(settings))
    since = time.monotonic()
    try:
        figures = _daemon_of(settings).status(seconds=FIGURES_SECONDS)
    except DaemonUnavailable as absence:
        figures = figures_without_daemon(settings, absence)
    problems = [Problem.of_json(fields) for fields in figures["problems"]]
    is_failing = any(problem.code == "connection-failed" for problem in problems)
    patience = STATUS_SECONDS if is_failing else CONNECTION_SECONDS
    answer = connection.get(since + patience - time.monotonic())
    lines = [
        _first_line(figures, plugin_version),
        *_config_lines(figures, answer, is_failing=is_failing),
    ]
    lines += _session_lines(figures, session_id)
    lines += _total_lines(figures)
    lines += command_lines(command_of_copy(settings.state_dir), settings)
    problems = with_hints(with_connection(problems, answer), session_id, figures)
    problems += compare_settings(figures, settings)
    problems += compare_versions(plugin_version)
    client = marked_version(env.get("AI_AGENT", ""))
    problems += limits_of(client or session_version(settings.claude_dirs, session_id))
    lines += [line for problem in problems for line in ("", *problem_lines(problem))]
    return "\n".join(lines)


def error_text(error: Exception) -> str:
    """Return the answer of a command that failed."""
    if not isinstance(error, CcsyncError):
        what, hint = type(error).__name__, "run `ccsync-watch status`"
    else:
        what, hint = error.message, error.hint
    return f"Sync not working: {printable(what)}\n{hint_line(hint)}"


def late_status_text(seconds: float) -> str:
    """Return the answer of a report that took too long."""
    return (
        f"ccsync-watch {__version__}: no report within {seconds:g} s, the machine is busy\n"
        + hint_line("run `ccsync-watch status` in a terminal, which waits longer")
    )


def _daemon_of(settings: Settings) -> ControlClient:
    return ControlClient(settings.state_dir, hello_seconds=HELLO_SECONDS)


def _test_connection(settings: Settings) -> CheckAnswer:
    """Return whether the backend accepts our key: through the daemon, whose parts are loaded."""
    if settings.destination is None:
        return CheckAnswer(ok=False)
    try:
        return _daemon_of(settings).check(seconds=CONNECTION_SECONDS)
    except CcsyncError:
        backend = try_backend(settings, clock=SystemClock())
        problem = report.connection_problem(backend.error) if backend.error else None
        return CheckAnswer(ok=backend.backend_info is not None, problem=problem)


def _first_line(figures: dict[str, Any], plugin_version: str) -> str:
    daemon = figures["daemon"]
    state = "not running"
    if daemon["is_silent"]:
        state = "not answering"
    elif daemon["is_starting"]:
        state = "starting"
    elif daemon["running"]:
        state = f"running (process {daemon['pid']})"
    return f"ccsync-watch {figures['version']}, plugin {plugin_version}: {state}"


def _config_lines(
    figures: dict[str, Any], answer: CheckAnswer | None, *, is_failing: bool
) -> list[str]:
    config, destination = figures["config"], figures.get("destination")
    url = destination["url"] if destination else "none: everything stays on this machine"
    lines = [_row("backend", url)]
    if destination:
        connection = "ok" if answer and answer.ok else "failed, see below"
        if answer is None and not is_failing:
            connection = "no answer yet"
        lines += [_row("API key", config["api_key"] or "none"), _row("connection", connection)]
    switches = [
        f"{setting.option_title.lower()} {'on' if config[name] else 'off'}"
        for name, setting in declared_settings().items()
        if setting.option_title and setting.is_switch
    ]
    return [*lines, _row("settings", ", ".join(switches))]


def _session_lines(figures: dict[str, Any], session_id: str | None) -> list[str]:
    row = next(
        (session for session in figures["sessions"] if session["session_id"] == session_id), None
    )
    if row is None:
        return [_row("this session", "nothing stored yet")]
    facts = [f"{plural(row['messages'], 'message')} stored"]
    if row["bytes_behind"]:
        facts.append(f"{size(row['bytes_behind'])} behind")
    if figures.get("destination"):
        facts.append(f"{plural(row['rows_pending'], 'row')} pending")
        facts.append(confirmed(row["last_ack_ms"], SystemClock().wall_ms()))
    if row["rows_rejected"]:
        facts.append(f"{plural(row['rows_rejected'], 'row')} rejected")
    return [_row("this session", ", ".join(facts))]


def _total_lines(figures: dict[str, Any]) -> list[str]:
    totals = figures["totals"]
    if not totals:
        return []
    stored = f"{plural(totals['sessions'], 'session')}, {plural(totals['messages'], 'message')}"
    if figures.get("destination"):
        stored += f", {plural(totals['rows_pending'], 'row')} pending"
    if figures["bytes_behind"]:
        stored += f", {size(figures['bytes_behind'])} behind"
    return [_row("total", stored)]


def command_lines(command: Path | None, settings: Settings) -> list[str]:
    """Return where the hints' `ccsync-watch` is for a terminal, if the plugin brought it."""
    return [] if command is None else [_row("ccsync-watch", short_path(command, settings))]


def _row(name: str, text: str) -> str:
    return f"  {name:<13} {printable(text)}"
