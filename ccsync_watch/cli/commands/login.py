"""`ccsync-watch login`: set the backend's URL and key, once they have been seen to work."""

from __future__ import annotations

import getpass
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ccsync_watch import report
from ccsync_watch.cli.console import say, warn
from ccsync_watch.cli.daemon_notice import tell_daemon, warn_of_variables
from ccsync_watch.cli.problem_text import one_line
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import config_path, load, read_file, save
from ccsync_watch.daemon.destinations import connect
from ccsync_watch.errors import ConfigError, DestinationError
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_CHECK_SECONDS = 10.0


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Ask for what is missing, test it, and only then write it down."""
    path = config_path(env)
    url = flags.get("convex_url") or _url(read_file(path).get("convex_url"))
    key = _key(is_piped=arguments.api_key_stdin)
    # Through the same door as every other setting, so that it is judged alike.
    settings = load(env, {"convex_url": url, "api_key": key})
    # An empty answer means a backend without keys, whatever key the file or a variable has.
    tested = settings if key else replace(settings, api_key=None)
    connection = connect(tested, clock=SystemClock(), timeout_seconds=_CHECK_SECONDS)
    if connection is None:
        raise ConfigError("no URL was given", hint="give your deployment's URL")
    try:
        backend_info = connection.check()
    except DestinationError as error:
        warn(one_line(report.connection_problem(error)))
        warn(f"nothing was changed in {path}")
        return error.exit_code
    finally:
        connection.close()
    save(path, {"convex_url": settings.convex_url, "api_key": key or None})
    held = plural(len(backend_info.session_ids), "session")
    say(f"connected to {connection.host}, which holds {held} of this key; written to {path}")
    tell_daemon(settings)
    warn_of_variables(env, "it wins over the file")
    return 0


def _url(configured: object) -> str:
    """Ask for the URL; an empty answer keeps the one in the file."""
    known = configured if isinstance(configured, str) else ""
    if not sys.stdin.isatty():
        if not known:
            raise ConfigError("no URL was given", hint="use --convex-url")
        return known
    return input(f"Convex URL ({known or 'https://your-deployment.convex.cloud'}): ") or known


def _key(*, is_piped: bool) -> str:
    if is_piped:
        return sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        raise ConfigError(
            "no API key was given",
            hint="use --api-key-stdin, with an empty line for a backend without keys",
        )
    return getpass.getpass("API key (osk_…, empty for none): ").strip()
