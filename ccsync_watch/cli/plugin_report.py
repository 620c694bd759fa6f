"""The texts of the plugin's commands: short, with what is wrong and its mend at the end.

A report has a second. What takes longer is said to go on in the background.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from ccsync_watch import __version__, report
from ccsync_watch.cli.commands.status import without_daemon
from ccsync_watch.cli.console import plural, printable
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.control.client import ask
from ccsync_watch.daemon.background import is_older, start
from ccsync_watch.daemon.connection_test import try_backend
from ccsync_watch.errors import CcsyncError, NotAnswering, NotRunning
from ccsync_watch.units import age, size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

# What is left of the report's second beside the start of Python.
STATUS_SECONDS = 0.6
# A backend or daemon of which nothing bad is known is given longer: a false alarm costs more than
# a moment, and a daemon says hello in milliseconds.
SLOW_SECONDS = 2.5
HELLO_SECONDS = 1.5
FIGURES_SECONDS = 10.0
# A sync-now is watched for so long; afterwards it goes on alone.
MIN_WAIT_SECONDS = 20.0
_GRACE_SECONDS = 2.0
_ON = {True: "on", False: "off"}
# What mends it from inside a session.
_MENDS = {
    "no daemon is running": {
        "mend": "/claude-code-sync:sync-now starts one, and so does `ccsync-watch start`"
    }
}
_UNANSWERED = report.problem(
    "Connection failed",
    f"the backend does not answer within {SLOW_SECONDS:g} s",
    "check that your Convex deployment is running, that convex_url is correct, and the network;"
    " what waits is kept and sent later",
)
_COMPARED = ("convex_url", "api_key", "auto_sync", "sync_tool_calls", "sync_thinking")


def status_text(
    env: Mapping[str, str], session_id: str | None, *, plugin_version: str, seconds: float
) -> str:
    """Return the answer to sync-status. Raises CcsyncError."""
    del seconds
    settings = load(env)
    connection = _Later(lambda: _connection(settings))
    since = time.monotonic()
    try:
        figures = ask(
            settings.state_dir, "/v1/status", seconds=FIGURES_SECONDS, hello_seconds=HELLO_SECONDS
        )
    except NotRunning as absence:
        figures = without_daemon(settings, absence)
    is_known = any(figure["name"] == "Connection failed" for figure in figures["problems"])
    patience = STATUS_SECONDS if is_known else SLOW_SECONDS
    answer = connection.get(since + patience - time.monotonic())
    lines = [_first_line(figures, plugin_version), *_config_lines(figures, answer)]
    lines += _session_lines(figures, session_id)
    lines += _total_lines(figures)
    problems = _problems(figures, settings, answer, session_id, plugin_version)
    lines += [line for problem in problems for line in ("", *_problem_lines(problem))]
    return "\n".join(lines)


def sync_text(
    env: Mapping[str, str], session_id: str | None, *, plugin_version: str, seconds: float
) -> str:
    """Return the answer to sync-now, after having synced this session. Raises CcsyncError."""
    del plugin_version
    settings = load(env)
    body = {"session_id": session_id, "seconds": seconds}
    folder, patience = settings.state_dir, seconds + _GRACE_SECONDS
    try:
        made = ask(folder, "/v1/flush", body, seconds=patience)
    except NotAnswering:
        raise
    except NotRunning:
        start(folder, env)
        made = ask(folder, "/v1/flush", body, seconds=patience)
    return "\n".join(_flush_lines(made, session_id))


def _flush_lines(made: dict[str, Any], session_id: str | None) -> list[str]:
    if made["problem"]:
        return [f"Sync not working: {printable(made['problem'])}"]
    if made["error"]:
        what, _arrow, mend = printable(made["error"]).rpartition(": ")
        waiting = plural(made["rows_waiting"], "row")
        return [what, f"  → {mend}", f"  {waiting} of this session kept, to be sent later"]
    if made["rows_waiting"]:
        waiting = plural(made["rows_waiting"], "row")
        return [f"Syncing: {waiting} of this session still waiting; it goes on in the background"]
    if not made["is_read"]:
        return ["Syncing: this session is not read to its end yet; it goes on in the background"]
    if not made["is_known"]:
        return [
            f"Nothing of this session is stored yet ({printable(session_id or 'unknown')})",
            "  → it has no messages yet, or its project is excluded in the settings",
        ]
    lines = []
    if made["is_local"]:
        lines += [
            "Everything of this session is stored on this machine; nothing was sent.",
            "No Convex URL configured: run `ccsync-watch login` to sync to your deployment",
        ]
    else:
        sent = plural(made["rows_sent"], "row")
        lines.append(f"Synced: {sent} sent just now, nothing of this session waits")
    if made["rows_rejected"]:
        refused = plural(made["rows_rejected"], "row")
        lines.append(f"Sync not working: the backend refuses {refused}: see `ccsync-watch status`")
    return lines


class _Later:
    """A question asked in a thread of its own, which is left behind if it takes too long."""

    def __init__(self, ask_it: Any) -> None:  # noqa: ANN401 - any answer
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=lambda: self._answers.put(ask_it()), daemon=True).start()

    def get(self, seconds: float) -> Any:  # noqa: ANN401 - as above
        try:
            return self._answers.get(timeout=max(seconds, 0.01))
        except queue.Empty:
            return None


def _connection(settings: Settings) -> dict[str, Any]:
    """Return whether the backend takes our key: through the daemon, whose parts are loaded."""
    if settings.destination is None:
        return {"ok": False, "problem": None}
    try:
        return ask(
            settings.state_dir, "/v1/check", seconds=SLOW_SECONDS, hello_seconds=HELLO_SECONDS
        )
    except CcsyncError:
        backend = try_backend(settings, clock=SystemClock())
        error = report.connection_problem(backend.error) if backend.error else None
        return {"ok": backend.backend_info is not None, "problem": error}


def _first_line(figures: dict[str, Any], plugin_version: str) -> str:
    daemon = figures["daemon"]
    state = "not running"
    if daemon["is_silent"]:
        state = "not answering"
    elif daemon["running"]:
        state = f"running (process {daemon['pid']})"
    return f"ccsync-watch {figures['version']}, plugin {plugin_version}: {state}"


def _config_lines(figures: dict[str, Any], answer: dict[str, Any] | None) -> list[str]:
    config, destination = figures["config"], figures["destination"]
    url = destination["url"] if destination else "none: everything stays on this machine"
    lines = [_row("backend", url)]
    if destination:
        shown = "ok" if answer and answer["ok"] else "failed, see below"
        if answer is None:
            shown = "no answer yet"
        lines += [_row("key", config["api_key"] or "none"), _row("connection", shown)]
    switches = {
        "auto sync": config["auto_sync"],
        "tool calls": config["sync_tool_calls"],
        "thinking": config["sync_thinking"],
    }
    lines.append(_row("settings", ", ".join(f"{k} {_ON[v]}" for k, v in switches.items())))
    return lines


def _session_lines(figures: dict[str, Any], session_id: str | None) -> list[str]:
    row = next(
        (figure for figure in figures["sessions"] if figure["session_id"] == session_id), None
    )
    if row is None:
        return [_row("this session", "nothing stored yet")]
    facts = [f"{plural(row['messages'], 'message')} stored"]
    if row["bytes_behind"]:
        facts.append(f"{size(row['bytes_behind'])} not read yet")
    if figures["destination"]:
        facts.append(f"{plural(row['rows_pending'], 'row')} waiting")
        facts.append(f"acknowledged {age(row['last_ack_ms'], SystemClock().wall_ms())}")
    if row["rows_rejected"]:
        facts.append(f"{plural(row['rows_rejected'], 'row')} refused")
    return [_row("this session", ", ".join(facts))]


def _total_lines(figures: dict[str, Any]) -> list[str]:
    totals = figures["totals"]
    if not totals:
        return []
    stored = f"{plural(totals['sessions'], 'session')}, {plural(totals['messages'], 'message')}"
    if figures["destination"]:
        stored += f", {plural(totals['rows_pending'], 'row')} waiting"
    if figures["bytes_behind"]:
        stored += f", {size(figures['bytes_behind'])} not read yet"
    return [_row("in all", stored)]


def _row(name: str, text: str) -> str:
    return f"  {name:<13} {printable(text)}"


def _problems(
    figures: dict[str, Any],
    settings: Settings,
    answer: dict[str, Any] | None,
    session_id: str | None,
    plugin_version: str,
) -> list[dict[str, Any]]:
    found = [figure | _MENDS.get(figure["what"], {}) for figure in figures["problems"]]
    if answer is not None:
        # Older than the test made just now.
        found = [each for each in found if each["name"] != "Connection failed"]
        if answer["problem"]:
            found.insert(0, answer["problem"])
    elif not any(each["name"] == "Connection failed" for each in found):
        found.insert(0, _UNANSWERED)
    running = figures["daemon"]["running"]
    ours = report.shown_config(settings)
    if running and any(figures["config"][name] != ours[name] for name in _COMPARED):
        found.append(
            report.problem(
                "Settings",
                "the daemon's are not those of this session's environment",
                f"put them into {ours['file']}, which every daemon reads",
            )
        )
    read = figures["config"]["claude_dirs"]
    unread = [str(claude_dir) for claude_dir in settings.claude_dirs if str(claude_dir) not in read]
    if running and unread:
        found.append(
            report.problem(
                "Sync not working",
                f"the daemon does not read {', '.join(unread)}, where this session's transcript is",
                f"add it to claude_dirs in {ours['file']}",
            )
        )
    if is_older(__version__, plugin_version):
        found.append(
            report.problem(
                "Version",
                f"this plugin is {plugin_version}, ccsync-watch {__version__}",
                "update it: `uv tool upgrade ccsync-watch`, or `pip install -U ccsync-watch`",
            )
        )
    return [each for each in found if not _is_noise(each, running=running, session_id=session_id)]


def _is_noise(each: dict[str, Any], *, running: bool, session_id: str | None) -> bool:
    """Tell whether a problem is none to whoever asks from inside a session that just began."""
    return bool(running and session_id and "no transcript folder yet" in each["what"])


def _problem_lines(each: dict[str, Any]) -> list[str]:
    what, mend = printable(each["what"]), printable(each["mend"])
    return [f"{each['name']}: {what}", f"  → {mend}"]
