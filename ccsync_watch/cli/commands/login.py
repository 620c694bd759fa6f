"""Set the backend's URL and API key, after testing them."""

from __future__ import annotations

import getpass
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ccsync_watch import report
from ccsync_watch.cli.console import say_wrapped, warn
from ccsync_watch.cli.daemon_reload import reload_daemon, warn_of_variables
from ccsync_watch.cli.problem_text import one_line
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import config_path, load, read_file, save
from ccsync_watch.daemon.destinations import connect
from ccsync_watch.errors import ConfigError, DestinationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

ORDER = 140
EXAMPLES = (
    "login",
    "login --convex-url https://your-deployment.convex.cloud --api-key-stdin < key",
)
_TIMEOUT_SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the URL, and where to read the key."""
    parser.add_argument("--convex-url", metavar="URL", help="the deployment's URL")
    parser.add_argument(
        "--api-key-stdin", action="store_true", help="read the key from standard input"
    )


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Ask for what is missing, test it, and only then write it into the settings file."""
    path = config_path(env)
    url = flags.get("convex_url") or _ask_url(read_file(path).get("convex_url"))
    load(env, {"convex_url": url, "api_key": ""})  # nobody types a key for a wrong address
    key = _ask_key(is_piped=arguments.api_key_stdin)
    # Loaded like every other setting, so that they are checked alike.
    settings = load(env, {"convex_url": url, "api_key": key})
    # An empty answer means a backend without keys, whatever key the file or a variable has.
    tested = settings if key else replace(settings, api_key=None)
    connection = connect(tested, clock=SystemClock(), timeout_seconds=_TIMEOUT_SECONDS)
    if connection is None:
        raise ConfigError("the deployment's URL is missing", hint="run `ccsync-watch login` again")
    try:
        connection.check()
    except DestinationError as error:
        warn(one_line(report.connection_problem(error)))
        warn(f"{path} was not changed")
        return error.exit_code
    finally:
        connection.close()
    save(path, {"convex_url": settings.convex_url, "api_key": key or None})
    accepts = "accepts this key" if key else "wants no key"
    say_wrapped(f"Connected to {connection.host}, which {accepts}. Saved in {path}.")
    reload_daemon(settings)
    warn_of_variables(env, "it overrides the file; unset it to use what you entered")
    return 0


def _ask_url(configured: object) -> str:
    """Ask for the URL; an empty answer keeps the one in the file."""
    known = configured if isinstance(configured, str) else ""
    if not sys.stdin.isatty():
        if not known:
            raise ConfigError("the deployment's URL is missing", hint="use --convex-url")
        return known
    return input(f"Convex URL ({known or 'https://your-deployment.convex.cloud'}): ") or known


def _ask_key(*, is_piped: bool) -> str:
    if is_piped:
        line = sys.stdin.readline()
        if not line:  # such as of a file that was not written: it does not mean "no key"
            raise ConfigError(
                "the API key is missing: standard input is empty",
                hint="write it there, or an empty line for a backend without keys",
            )
        return line.strip()
    if not sys.stdin.isatty():
        raise ConfigError(
            "the API key is missing",
            hint="use --api-key-stdin, with an empty line for a backend without keys",
        )
    return getpass.getpass("API key (osk_…, empty if the backend has none): ").strip()
