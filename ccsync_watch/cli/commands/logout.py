"""`ccsync-watch logout`: forget the backend's URL and key; sessions stay on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.console import say, warn
from ccsync_watch.cli.daemon_notice import tell_daemon, warn_of_variables
from ccsync_watch.config import config_path, load, options_path, read_file, save, state_folder
from ccsync_watch.config.plugin_options import remove_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def main(_arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Remove both from the settings file."""
    path = config_path(env)
    has_options = remove_options(options_path(state_folder(env)), {"convex_url", "api_key"})
    if {"convex_url", "api_key"} & read_file(path).keys():
        save(path, {"convex_url": None, "api_key": None})
        say(f"removed URL and key from {path}; nothing is sent any more")
        tell_daemon(load(env))
    elif has_options:
        tell_daemon(load(env))
    else:
        say(f"{path} names no backend: nothing to do")
    if has_options:
        warn("the plugin's options name one: clear them, or the next session brings it back")
    warn_of_variables(env, "unset it too")
    return 0
