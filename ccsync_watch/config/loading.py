"""Put the settings together: plugin options, file, environment, flags; later sources win.

A wrong value never passes silently: it raises `ConfigError` that names the place, the key, the
value and what is allowed. An unknown key in the file is a warning that suggests the nearest known
one.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.config.folders import (
    cache_folder,
    config_path,
    default_claude_dirs,
    managed_folder,
    state_folder,
)
from ccsync_watch.config.hook_folders import read_hook_folders, unread_reason
from ccsync_watch.config.key_binding import Source, check_key
from ccsync_watch.config.plugin_options import options_path, read_options
from ccsync_watch.config.settings import Setting, Settings, declared_settings
from ccsync_watch.config.settings_file import read_file
from ccsync_watch.errors import ConfigError
from ccsync_watch.private_files import check_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MAX_SHOWN_CHARS = 80
_ADDRESSES = frozenset({"convex_url", "app_url"})
_PLUGIN = "the plugin's options"
_ENVIRONMENT = "the environment (CLAUDE_SYNC_…)"
_FLAGS = "the flag --convex-url"
_BOTH_VARIABLES = (
    "set CLAUDE_SYNC_API_KEY to its key (to nothing for a backend without keys), or run"
    " `ccsync-watch login` for that address"
)


def load(
    env: Mapping[str, str], flags: Mapping[str, object] | None = None, *, file: Path | None = None
) -> Settings:
    """Return the settings in force for this environment and these flags (`None` = not given).

    Raises ConfigError for the first value that is wrong, UnsafePath when another user can change
    the settings file or the state folder.
    """
    file = file or config_path(env)
    with contextlib.suppress(OSError):  # whoever uses the folder says what is wrong with it
        check_folder(state_folder(env))
    sources, warnings = _sources(env, flags or {}, file)
    check_key(sources)
    values = {name: value for source in sources for name, value in source.values.items()}
    settings = replace(Settings(), **values)  # type: ignore[arg-type]  # each was checked by its key
    place = None
    if settings.claude_dirs:
        is_variable = any(
            "claude_dirs" in source.values for source in sources if source.place == _ENVIRONMENT
        )
        place = _variable_place("claude_dirs") if is_variable else str(file)
    settings = replace(
        settings,
        claude_dirs=settings.claude_dirs or default_claude_dirs(env),
        claude_dirs_place=place,
    )
    return replace(
        _add_hook_folders(settings, state_folder(env), is_list_final=place == str(file)),
        state_dir=state_folder(env),
        cache_dir=cache_folder(env),
        managed_dir=managed_folder(),
        file=file,
        warnings=tuple(warnings),
    )


def setting_places(
    env: Mapping[str, str], flags: Mapping[str, object] | None = None
) -> dict[str, str]:
    """Return where each setting that is not its default was set, by its name.

    Raises as `load`.
    """
    file = config_path(env)
    places: dict[str, str] = {}
    for source in _sources(env, flags or {}, file)[0]:
        for name in source.values:
            if source.place == _ENVIRONMENT:
                places[name] = _variable_place(name)
            elif source.place == _FLAGS:
                places[name] = f"flag {declared_settings()[name].flag}"
            else:
                places[name] = source.place
    return places


def _sources(
    env: Mapping[str, str], flags: Mapping[str, object], file: Path
) -> tuple[list[Source], list[str]]:
    """Return the sources, of which later ones win, and the warnings about the file."""
    from_file, warnings = _file_values(file)
    sources = [
        Source(_PLUGIN, _plugin_options(env), "set both there (/plugin), or clear the URL there"),
        Source(
            str(file),
            from_file,
            "run `ccsync-watch login`, or put both into that file (an empty api_key for a backend"
            " without keys)",
            keys_from=(_PLUGIN, _ENVIRONMENT),
        ),
        Source(
            _ENVIRONMENT, _variables(env), f"unset CLAUDE_SYNC_CONVEX_URL, or {_BOTH_VARIABLES}"
        ),
        Source(
            _FLAGS,
            _flag_values(flags),
            _BOTH_VARIABLES,
            keys_from=(_ENVIRONMENT,),
        ),
    ]
    return sources, warnings


def _add_hook_folders(settings: Settings, state_dir: Path, *, is_list_final: bool) -> Settings:
    """Return the settings with the Claude folders that hook events named, as far as they are read.

    A list in the settings file is the user's own word: nothing is added to it.
    """
    known = {os.path.realpath(folder) for folder in settings.claude_dirs}
    added: list[Path] = []
    unread: list[tuple[Path, str]] = []
    for folder in read_hook_folders(state_dir):
        if os.path.realpath(folder) in known:
            continue
        reason = unread_reason(folder)
        if is_list_final:
            reason = "claude_dirs in the settings file does not contain it"
        if reason is None:
            added.append(folder)
        else:
            unread.append((folder, reason))
    return replace(
        settings,
        claude_dirs=(*settings.claude_dirs, *added),
        hook_dirs=tuple(added),
        unread_dirs=tuple(unread),
    )


def _variable_place(name: str) -> str:
    return f"environment variable {declared_settings()[name].variable}"


def _plugin_options(env: Mapping[str, str]) -> dict[str, object]:
    path = options_path(state_folder(env))
    declared = declared_settings()
    return {
        key: _check(declared[key], value, f"the plugin's options (/plugin, or {path})")
        for key, value in read_options(path).items()
        if key in declared
    }


def _file_values(file: Path) -> tuple[dict[str, object], list[str]]:
    """Return the values of the settings file, and a warning for each unknown or repeated key."""
    declared = declared_settings()
    values: dict[str, object] = {}
    warnings: list[str] = []
    for key, value in read_file(file, warnings).items():
        if key in declared:
            values[key] = _check(declared[key], value, str(file))
        else:
            warnings.append(f"{file}: unknown key {_shown_value(None, key)}: {_suggestion(key)}")
    return values, warnings


def _suggestion(key: str) -> str:
    # Loaded here: most files have no unknown key.
    from difflib import get_close_matches  # noqa: PLC0415 - see above

    near = get_close_matches(key, declared_settings(), n=1)
    return f"ignored; did you mean {near[0]}?" if near else "ignored"


def _variables(env: Mapping[str, str]) -> dict[str, object]:
    values = {
        setting.name: _check(setting, env[setting.variable], _variable_place(setting.name))
        for setting in declared_settings().values()
        if setting.variable is not None and env.get(setting.variable, "").strip()
    }
    if "convex_url" in values and "CLAUDE_SYNC_API_KEY" in env:
        values.setdefault("api_key", None)  # set to nothing: that backend has no keys
    return values


def _flag_values(flags: Mapping[str, object]) -> dict[str, object]:
    declared = declared_settings()
    return {
        name: _check(declared[name], value, declared[name].flag)
        for name, value in flags.items()
        if value is not None
    }


def _check(setting: Setting, value: object, place: str) -> object:
    try:
        return setting.check(value)
    except ValueError as allowed:
        raise ConfigError(
            f"{place}: {setting.name} is {_shown_value(setting, value)}",
            hint=f"set it to {allowed}",
        ) from None


def _shown_value(setting: Setting | None, value: object) -> str:
    """Return a wrong value in one readable line, without what may be secret in it."""
    text = _json(value) if setting is None else hide_secrets(setting, _json(value))
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[: _MAX_SHOWN_CHARS - 3]}…"


def hide_secrets(setting: Setting, text: str) -> str:
    """Return a wrong value's text without what may be secret in it."""
    if setting.is_secret:
        return "(not shown)"
    if setting.name in _ADDRESSES:
        # People paste a key or a password there.
        text = re.sub(r"//.*@", "//…@", re.sub(r"(?i)osk_[\w-]*|[?#][^\"]*", "…", text))
    return text


def _json(value: object) -> str:
    """Return a value as the settings file would have it, in one line."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an environment variable that is not UTF-8
        return ascii(value)
