"""Where the settings file, the state and the cache are, by the environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ccsync_watch.errors import ConfigError
from ccsync_watch.state_path import home_path, state_path

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_NAME = ".claude-code-sync.json"


def home(env: Mapping[str, str]) -> Path:
    """Return the user's home folder: `HOME`, else the account's own."""
    path = home_path(env)
    if path is None:
        raise ConfigError("the home folder is not known", hint="set HOME and try again")
    return Path(path)


def config_path(env: Mapping[str, str]) -> Path:
    """Return the path of the user's settings file; the file may not exist."""
    return home(env) / CONFIG_NAME


def cache_folder(env: Mapping[str, str]) -> Path:
    """Return the folder of what can be built again at any time; it may not exist."""
    base = env.get("XDG_CACHE_HOME")
    return (Path(base) if base else home(env) / ".cache") / "ccsync-watch"


def state_folder(env: Mapping[str, str]) -> Path:
    """Return the folder of database, lock, socket and log; it may not exist."""
    path = state_path(env)
    if path is not None:
        return Path(path)
    configured = env.get("CCSYNC_WATCH_HOME")
    if not configured:
        return home(env)  # which says what is missing
    shown = ascii(configured).strip("'")
    raise ConfigError(
        f'environment variable CCSYNC_WATCH_HOME is "{shown}"', hint="set it to a folder"
    )


def managed_folder() -> Path:
    """Return the folder of the settings that an administrator gives Claude Code."""
    if sys.platform == "darwin":
        return Path("/Library/Application Support/ClaudeCode")
    if sys.platform == "win32":
        return Path("C:/Program Files/ClaudeCode")
    return Path("/etc/claude-code")


def default_claude_dirs(env: Mapping[str, str]) -> tuple[Path, ...]:
    """Return Claude Code's folder, and the one that it also uses where that exists."""
    second = home(env) / ".config" / "claude"
    return (home(env) / ".claude", second) if second.is_dir() else (home(env) / ".claude",)
