"""The commands: parse the line, compose what lies below, print, and end with an exit code.

0 done, 1 failed, 2 usage or configuration, 3 the daemon is not running, 4 the backend refused or
cannot be reached. An error is one line: the thing, then what mends it.
"""

from __future__ import annotations

import argparse
import importlib
import io
import math
import os
import sqlite3
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from ccsync_watch import __version__
from ccsync_watch.cli.console import printable, warn
from ccsync_watch.errors import CcsyncError, ConfigError, StateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DESCRIPTION = "Stream Claude Code sessions, redacted, to a dashboard that you own."
_MODULES = {
    "run": "run",
    "start": "start",
    "stop": "start",
    "status": "status",
    "sync-now": "sync_now",
    "preview": "preview",
    "ledger": "ledger",
    "dashboard": "dashboard",
    "export": "export",
    "repair": "repair",
    "stats": "stats",
    "explain": "explain",
    "login": "login",
    "logout": "logout",
    "redact": "redact",
    "service": "service",
}
_HIDDEN = {"plugin-command": "plugin_command"}
_MAX_SECONDS = 3600
_SETTINGS = ("convex_url", "auto_sync", "sync_tool_calls", "sync_thinking")


class _Help(argparse.HelpFormatter):
    """Keeps the longest command on one line with its help: the library forgets their indent."""

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        self._action_max_length = max(self._action_max_length, 2 * self._indent_increment + 9)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and takes no abbreviations: they break with new flags."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - as inherited
        super().__init__(**{"allow_abbrev": False, "formatter_class": _Help, **options})

    def error(self, message: str) -> NoReturn:
        warn(f"{message}: see `{self.prog} --help`")
        raise SystemExit(ConfigError.exit_code)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _MAX_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds between 0 and {_MAX_SECONDS}"
        )
    return seconds


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    made = _Parser(prog="ccsync-watch", description=_DESCRIPTION, epilog="Without a command: run.")
    made.add_argument("--version", action="version", version=f"ccsync-watch {__version__}")
    common = _Parser(add_help=False)
    for name in _SETTINGS:
        common.add_argument(
            f"--{name.replace('_', '-')}",
            metavar="URL" if name == "convex_url" else "true|false",
            help=f"override {name}",
        )
    commands = made.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser(
        "run", parents=[common], help="watch transcripts and sync them (the default)"
    )
    start = commands.add_parser(
        "start", help="start it in the background, unless it runs; replaces an older one"
    )
    start.add_argument("--from-hook", action="store_true", help=argparse.SUPPRESS)
    commands.add_parser("stop", help="end the one in the background; what waits is kept")
    # For the plugin alone, so without a line of help.
    plugin = commands.add_parser("plugin-command")
    plugin.add_argument("--plugin-version", default=__version__)
    plugin.add_argument("--plain", choices=("status", "now"))
    plugin.add_argument("--session")
    status = commands.add_parser(
        "status", parents=[common], help="show what is synced, what waits and what is wrong"
    )
    status.add_argument("--json", action="store_true", help="print everything as JSON")
    sync = commands.add_parser("sync-now", parents=[common], help="read and send everything now")
    sync.add_argument("--session", metavar="ID", help="only this session")
    sync.add_argument(
        "--timeout", type=_seconds, default=300.0, metavar="S", help="seconds to wait (300)"
    )
    preview = commands.add_parser(
        "preview", parents=[common], help="print exactly what would leave; send nothing"
    )
    preview.add_argument(
        "session", nargs="?", metavar="SESSION", help="only this one: its id, or how it begins"
    )
    dashboard = commands.add_parser("dashboard", help="open the dashboard in a browser")
    dashboard.add_argument("--print-only", action="store_true", help="only print its address")
    export = commands.add_parser("export", help="write one session as Markdown or JSON")
    export.add_argument("session", metavar="SESSION", help="its id, or how it begins")
    export.add_argument("--format", choices=("md", "json"), default="md", help="md, or json")
    ledger = commands.add_parser(
        "ledger", parents=[common], help="print what has left this machine, when and to which host"
    )
    ledger.add_argument("session", nargs="?", metavar="SESSION", help="only this session")
    ledger.add_argument("--json", action="store_true", help="print one JSON object a line")
    repair = commands.add_parser(
        "repair",
        parents=[common],
        help="redact what is stored again, by today's rules, and send what changed",
    )
    repair.add_argument("--dry-run", action="store_true", help="only tell what would change")
    _add_accounting(commands, common)
    login = commands.add_parser("login", help="set the backend's URL and key, once they work")
    login.add_argument("--convex-url", metavar="URL", help="the deployment's URL")
    login.add_argument(
        "--api-key-stdin", action="store_true", help="read the key from standard input"
    )
    commands.add_parser("logout", help="forget the backend's URL and key")
    commands.add_parser("redact", help="copy standard input to standard output, secrets removed")
    service = commands.add_parser("service", help="run it from login on, by systemd or launchd")
    service.add_argument("action", choices=("install", "uninstall", "status"))
    return made


def _add_accounting(commands: Any, common: argparse.ArgumentParser) -> None:  # noqa: ANN401 - argparse gives it no public type
    stats = commands.add_parser(
        "stats", parents=[common], help="show tokens, costs and tools by day, model and more"
    )
    choices = ("day", "model", "project", "tool", "session")
    stats.add_argument("--by", choices=choices, default="day", help="what to sum by (day)")
    stats.add_argument("--since", metavar="DATE|Nd", help="only from this day, or N days, on")
    stats.add_argument("--utc", action="store_true", help="days in UTC, not in local time")
    form = stats.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON")
    form.add_argument("--csv", action="store_true", help="print everything as CSV")
    explain = commands.add_parser(
        "explain", parents=[common], help="show what made a session's figures"
    )
    explain.add_argument("session", metavar="SESSION", help="its id, or how it begins")
    explain.add_argument("--all", action="store_true", help="every response, not the first 20")
    explain.add_argument("--json", action="store_true", help="print everything as JSON")


def main(argv: Sequence[str] | None = None, env: Mapping[str, str] | None = None) -> int:
    """Run one command; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal of few characters gets substitutes instead of a traceback.
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or (words[0].startswith("-") and words[0] not in {"-h", "--help", "--version"}):
        words.insert(0, "run")
    arguments = parser().parse_args(words)
    try:
        return _dispatch(arguments, os.environ if env is None else env)
    except CcsyncError as error:
        warn(printable(error))
        return error.exit_code
    except (KeyboardInterrupt, EOFError):
        warn("interrupted; nothing is lost")
        return 1
    except BrokenPipeError:
        # Whoever read our output has had enough; do not fail again when it is flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except sqlite3.Error as error:
        warn(f"the database cannot be read ({error}): start `ccsync-watch`, which mends it")
        return StateError.exit_code
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        warn(printable(f"{named}{error.strerror or error}: make it usable for this user"))
        return 1


def _dispatch(arguments: argparse.Namespace, env: Mapping[str, str]) -> int:
    # Each command is loaded only when it is the one: `status` needs no watchdog.
    command = importlib.import_module(
        f"ccsync_watch.cli.commands.{(_MODULES | _HIDDEN)[arguments.command]}"
    )
    flags = {name: getattr(arguments, name, None) for name in _SETTINGS}
    return int(command.main(arguments, env, flags))
