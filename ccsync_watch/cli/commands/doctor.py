"""Show how Claude Code, the plugin, its hooks and the daemon are connected, and why not.

It needs neither a daemon nor a client, and reads damaged files as far as it can. It ends with 0 if
nothing is wrong, with 1 otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.cli.console import printable, say, say_wrapped
from ccsync_watch.cli.doctor.causes import causes_of
from ccsync_watch.cli.doctor.examination import examine
from ccsync_watch.cli.doctor.hook_files import HOOK_EVENTS
from ccsync_watch.cli.problem_text import problem_lines
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import printable_path, short_path
from ccsync_watch.units import age

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from ccsync_watch.cli.doctor.examination import Findings

ORDER = 45
EXAMPLES = ("doctor", "doctor --json")
_RULES = {
    "override": "named by CCSYNC_WATCH_COMMAND",
    "path": "found on PATH",
    "tool": "found in the environment that uv or pipx made for it",
    "copy": "the plugin's own copy",
    "uvx": "run by uvx, because CCSYNC_WATCH_UVX is on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the form of the output."""
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def main(arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Print what is connected, then each cause with its fix."""
    findings = examine(env)
    problems = causes_of(findings)
    if arguments.json:
        report = {**_as_json(findings), "problems": [problem.as_json() for problem in problems]}
        say(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())
    else:
        for name, text in _lines(findings, SystemClock().wall_ms()):
            say(f"{name:<12} {printable(text)}".rstrip())
        for problem in problems:
            say()
            for line in problem_lines(problem):
                say_wrapped(line)
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _lines(findings: Findings, now_ms: int) -> Iterator[tuple[str, str]]:
    settings = findings.settings
    clients = [findings.client or "not on PATH"]
    if findings.hook_client:
        clients.append(f"{findings.hook_client} at the last hook")
    yield "Claude Code", ", ".join(clients)
    for plugin in findings.plugins:
        facts = [plugin.version or "unknown version", short_path(plugin.root, settings)]
        facts += [plugin.name or ("not installed" if plugin.is_gone else "loaded from a folder")]
        yield "plugin", ", ".join(facts)
    if not findings.plugins:
        yield "plugin", "not installed"
    registered = set(findings.plugin.events) if findings.plugin else set()
    for event in HOOK_EVENTS:
        run = findings.runs.get(event)
        word = f"ran {age(run.at_ms, now_ms)}" if run else "never ran"
        yield "hook", f"{event}: {word}{'' if event in registered else ', not registered'}"
    yield "program", _program(findings)
    yield "daemon", findings.daemon.word


def _program(findings: Findings) -> str:
    program = findings.program
    if program is None or not program.rule:
        return "not found"
    version = program.version or "unknown version"
    return f"{version}, {printable_path(program.path)}, {_RULES.get(program.rule, program.rule)}"


def _as_json(findings: Findings) -> dict[str, Any]:
    program, start = findings.program, findings.start
    return {
        "client": findings.client,
        "hook_client": findings.hook_client,
        "plugins": [
            {
                "name": plugin.name,
                "folder": printable_path(plugin.root),
                "version": plugin.version,
                "is_enabled": plugin.is_enabled,
                "is_gone": plugin.is_gone,
                "hooks": list(plugin.events),
            }
            for plugin in findings.plugins
        ],
        "hook_runs": {event: run.at_ms for event, run in findings.runs.items()},
        "program": program
        and {
            "rule": program.rule or None,
            "absence": program.absence or None,
            "path": printable_path(program.path) if program.path else None,
            "version": program.version,
            "failure": program.failure,
        },
        "last_start": start
        and {
            "at_ms": start.at_ms,
            "rule": start.rule or None,
            "absence": start.absence or None,
            "path": printable_path(start.program) if start.program else None,
        },
        "daemon": {
            "state": findings.daemon.word,
            "version": findings.daemon.version,
            "pid": findings.daemon.pid,
        },
        "hook_events_waiting": findings.waiting,
    }
