"""Remove the backend's URL and API key; sessions stay on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.console import say_wrapped, warn
from ccsync_watch.cli.daemon_reload import reload_daemon, warn_of_variables
from ccsync_watch.config import config_path, load, options_path, read_file, save, state_folder
from ccsync_watch.config.plugin_options import remove_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

ORDER = 150
EXAMPLES = ("logout",)
_BACKEND = frozenset({"convex_url", "api_key"})


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing."""


def main(_arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Remove both from the settings file and from the plugin's options."""
    path = config_path(env)
    had_options = remove_options(options_path(state_folder(env)), _BACKEND)
    if _BACKEND & read_file(path).keys():
        save(path, dict.fromkeys(_BACKEND))
        say_wrapped(f"Removed URL and key from {path}. Nothing is uploaded any more.")
        reload_daemon(load(env))
    elif had_options:
        reload_daemon(load(env))
    else:
        say_wrapped(f"Nothing to do: {path} has no backend.")
    if had_options:
        warn("the plugin's options have a backend: clear them, or the next session restores it")
    warn_of_variables(env, "unset it too")
    return 0
