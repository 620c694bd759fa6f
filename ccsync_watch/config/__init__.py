"""Settings: plugin, file, environment, flags, the later winning; frozen once read.

A wrong value never passes silently: it raises `ConfigError` that names the place, the key, the
value and what is allowed. A key that nobody knows is a warning, with the nearest known one.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.config.checks import (
    KEYS,
    DashboardSettings,
    ProjectPolicy,
    RedactSettings,
    Secret,
)
from ccsync_watch.config.options import options_path, read_options
from ccsync_watch.errors import ConfigError
from ccsync_watch.model import DestinationInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_NAME = ".claude-code-sync.json"
_VARIABLES = {
    "CLAUDE_SYNC_CONVEX_URL": "convex_url",
    "CLAUDE_SYNC_API_KEY": "api_key",
    "CLAUDE_SYNC_AUTO": "auto_sync",
    "CLAUDE_SYNC_TOOL_CALLS": "sync_tool_calls",
    "CLAUDE_SYNC_THINKING": "sync_thinking",
    "CLAUDE_SYNC_AUTOSTART": "autostart",
    "CLAUDE_CONFIG_DIR": "claude_dirs",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the user can choose; see the README's table."""

    convex_url: str | None = None
    api_key: Secret | None = None
    auto_sync: bool = True
    sync_tool_calls: bool = True
    sync_thinking: bool = False
    autostart: bool = True
    claude_dirs: tuple[Path, ...] = ()
    max_prompt_chars: int = 4000
    max_output_chars: int = 1000
    exclude_projects: tuple[str, ...] = ()
    projects: tuple[tuple[str, ProjectPolicy], ...] = ()
    redact: RedactSettings = field(default_factory=RedactSettings)
    dashboard: DashboardSettings = field(default_factory=DashboardSettings)
    state_dir: Path = Path()
    cache_dir: Path | None = None
    file: Path = Path()
    warnings: tuple[str, ...] = ()

    @property
    def destination(self) -> DestinationInfo | None:
        """Return where sessions are uploaded to; None when everything stays on this machine."""
        return None if self.convex_url is None else DestinationInfo("OpenSync", self.convex_url)


def config_path(env: Mapping[str, str]) -> Path:
    """Return where the user's settings stand; the file may not exist."""
    return home(env) / CONFIG_NAME


def home(env: Mapping[str, str]) -> Path:
    """Return the user's home folder: `HOME`, else the account's own."""
    if env.get("HOME"):
        return Path(env["HOME"])
    try:
        return Path.home()
    except RuntimeError:
        raise ConfigError("no home folder is known", hint="set HOME and start again") from None


def cache_folder(env: Mapping[str, str]) -> Path:
    """Return the folder of what can be made again at any time; it may not exist."""
    base = env.get("XDG_CACHE_HOME")
    return (Path(base) if base else home(env) / ".cache") / "ccsync-watch"


def state_folder(env: Mapping[str, str]) -> Path:
    """Return the folder of database, lock, socket and log; it may not exist."""
    chosen = env.get("CCSYNC_WATCH_HOME")
    if chosen:
        try:
            # Absolute: the daemon and whoever asks it may stand in different folders.
            return Path(chosen).expanduser().absolute()
        except RuntimeError:
            raise ConfigError(
                f"environment variable CCSYNC_WATCH_HOME is {_json(chosen)}",
                hint="set it to a folder",
            ) from None
    base = Path(env.get("XDG_STATE_HOME", ""))
    # The standard has a relative one ignored.
    return (base if base.is_absolute() else home(env) / ".local" / "state") / "ccsync-watch"


def _default_claude_dirs(env: Mapping[str, str]) -> tuple[Path, ...]:
    second = home(env) / ".config" / "claude"
    return (home(env) / ".claude", second) if second.is_dir() else (home(env) / ".claude",)


def _shown(key: str, value: object) -> str:
    if key == "api_key":
        return "(not shown)"
    text = _json(value)
    if key == "convex_url":
        # People paste a key or a password there.
        text = re.sub(r"//[^/@]*@", "//…@", re.sub(r"osk_\w+|\?[^\"]*", "…", text))
    return text if len(text) <= 80 else f"{text[:77]}…"  # noqa: PLR2004 - one readable line


def _json(value: object) -> str:
    """Return a value as the settings file would have it, in one line."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an environment variable that is no UTF-8
        return ascii(value)


def _checked(key: str, value: object, place: str) -> object:
    try:
        return KEYS[key](value)
    except ValueError as allowed:
        raise ConfigError(
            f"{place}: {key} is {_shown(key, value)}", hint=f"set it to {allowed}"
        ) from None


def read_file(path: Path) -> dict[str, Any]:
    """Return the settings file's object, `{}` when there is no file.

    Raises ConfigError when it cannot be read or is no JSON object.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror}", hint="make it a file that you can read"
        ) from None
    try:
        found = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ConfigError(
            f"{path}, line {error.lineno}, column {error.colno}: not valid JSON ({error.msg})",
            hint="correct that line",
        ) from None
    if not isinstance(found, dict):
        raise ConfigError(f"{path} holds no JSON object", hint='write {"convex_url": "https://…"}')
    return found


def load(
    env: Mapping[str, str], flags: Mapping[str, object] | None = None, *, file: Path | None = None
) -> Settings:
    """Return the settings in force for this environment and these flags (`None` = not given).

    Raises ConfigError for the first value that is wrong.
    """
    file = file or config_path(env)
    values: dict[str, object] = {}
    warnings: list[str] = []
    options = _plugin_options(env)
    values.update(options)
    for key, value in read_file(file).items():
        if key in KEYS:
            values[key] = _checked(key, value, str(file))
        else:
            near = difflib.get_close_matches(key, KEYS, n=1)
            mend = f"ignored; did you mean {near[0]}?" if near else "ignored"
            warnings.append(f"{file}: unknown key {_shown('', key)}: {mend}")
    for variable, key in _VARIABLES.items():
        if env.get(variable, "").strip():
            values[key] = _checked(key, env[variable], f"environment variable {variable}")
    for key, value in (flags or {}).items():
        if value is not None:
            values[key] = _checked(key, value, f"--{key.replace('_', '-')}")
    if values.get("convex_url") != options.get("convex_url", values.get("convex_url")):
        # The plugin's key belongs to the plugin's deployment: no other gets to see it.
        values = {k: v for k, v in values.items() if k != "api_key" or v is not options.get(k)}
    made = replace(Settings(), **values)  # type: ignore[arg-type]  # each was checked by its key
    return replace(
        made,
        claude_dirs=made.claude_dirs or _default_claude_dirs(env),
        state_dir=state_folder(env),
        cache_dir=cache_folder(env),
        file=file,
        warnings=tuple(warnings),
    )


def _plugin_options(env: Mapping[str, str]) -> dict[str, object]:
    """Return what the user set in the plugin's own options, which every other source overrides."""
    path = options_path(state_folder(env))
    return {
        key: _checked(key, value, f"the plugin's options (/plugin, or {path})")
        for key, value in read_options(path).items()
        if key in KEYS
    }


def save(path: Path, changes: Mapping[str, object]) -> None:
    """Write `changes` into the settings file, keeping its other keys; `None` removes a key.

    The file is replaced whole, readable by its owner only: it may hold the API key.
    Raises ConfigError when it cannot be written.
    """
    values = {**read_file(path), **changes}
    data = orjson.dumps(
        {key: value for key, value in values.items() if value is not None},
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(prefix=f"{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", hint="make the folder writable"
        ) from None


__all__ = [
    "CONFIG_NAME",
    "DashboardSettings",
    "ProjectPolicy",
    "RedactSettings",
    "Secret",
    "Settings",
    "config_path",
    "home",
    "load",
    "options_path",
    "read_file",
    "save",
    "state_folder",
]
