"""Show the settings in force with where each was set, or change one in the settings file."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.cli.console import printable, say, say_wrapped, show_warnings, warn
from ccsync_watch.cli.daemon_reload import reload_daemon
from ccsync_watch.cli.text_table import print_table
from ccsync_watch.config import (
    config_path,
    declared_settings,
    hide_secrets,
    load,
    printable_path,
    read_file,
    save,
    setting_places,
    shown_settings,
)
from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Setting

ORDER = 55
EXAMPLES = (
    "config",
    "config --json",
    "config set sync_thinking true",
    "config set budget '{\"month\": 250}'",
    "config set metrics_token -",
    "config unset budget",
)
_DEFAULT = "default"
_STDIN = "-"


_ACTIONS = ("show", "set", "unset")


def _action(text: str) -> str:
    # Loaded here: argparse is loaded when it is called.
    from argparse import ArgumentTypeError  # noqa: PLC0415 - see above

    if text not in _ACTIONS:
        raise ArgumentTypeError(
            f"{text!r} is not one of {', '.join(_ACTIONS)}; `config show KEY` shows one setting"
        )
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to do, the key, its value, and the form of the output."""
    parser.add_argument(
        "action",
        nargs="?",
        type=_action,
        choices=_ACTIONS,
        default="show",
        help="show all settings or one (the default), set one, or remove it from the file",
    )
    parser.add_argument("key", nargs="?", metavar="KEY", help="a setting")
    parser.add_argument(
        "value", nargs="?", metavar="VALUE", help="JSON or a text; - is standard input"
    )
    parser.add_argument("--json", action="store_true", help="print the settings as JSON")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Show the settings, or change one and have the daemon use it."""
    if arguments.action != "set" and arguments.value is not None:
        raise ConfigError(
            f"config {arguments.action} KEY takes no value",
            hint="leave it out; `ccsync-watch config set` sets one",
        )
    if arguments.action == "show":
        return _show(env, flags, arguments.key, as_json=arguments.json)
    setting = _find(arguments.key)
    value = _read_value(setting, arguments.value) if arguments.action == "set" else None
    _check_address(setting, env, value)
    path = config_path(env)
    # A program reads the answer: what is said to a person goes to standard error.
    notice = warn if arguments.json else say_wrapped
    is_variable = bool(setting.variable and env.get(setting.variable, "").strip())
    if value is None and setting.name not in read_file(path):
        notice(f"{setting.name} is not in {printable_path(path)}: nothing to remove.")
        if is_variable:
            warn(f"{setting.variable} is set in the environment: unset it there")
    else:
        save(path, {setting.name: value})
        done = f"Removed {setting.name} from" if value is None else f"Set {setting.name} in"
        notice(f"{done} {printable_path(path)}.")
        if is_variable:
            warn(f"{setting.variable} is set in the environment, and counts instead")
        reload_daemon(load(env), notice=notice)
    return _show(env, flags, setting.name, as_json=True) if arguments.json else 0


def _show(
    env: Mapping[str, str], flags: Mapping[str, Any], key: str | None, *, as_json: bool
) -> int:
    settings = load(env, flags)
    places, shown = setting_places(env, flags), shown_settings(settings)
    names = list(declared_settings()) if key is None else [_find(key).name]
    if as_json:
        values = {
            name: {"value": shown[name], "source": places.get(name, _DEFAULT)} for name in names
        }
        document = {"file": printable_path(settings.file), "settings": values}
        say(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
        return 0
    show_warnings(settings)
    file = printable_path(settings.file)
    rows = []
    for name in names:
        place = places.get(name, _DEFAULT)
        source = "settings file" if place == file else place.removeprefix("environment variable ")
        value = shown[name]
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        rows.append([name, printable("none" if value is None else text), printable(source)])
    print_table(("setting", "value", "source"), rows, texts={"value": 16, "source": 16})
    say("")
    say_wrapped(f"settings file: {file}" + ("" if settings.file.exists() else " (not there yet)"))
    return 0


def _find(key: str | None) -> Setting:
    """Return a setting; raise ConfigError for a key that is none."""
    declared = declared_settings()
    if key is None:
        raise ConfigError("config: a KEY is missing", hint="see `ccsync-watch config` for all keys")
    if key not in declared:
        near = get_close_matches(key, declared, n=1)
        hint = f"did you mean {near[0]}?" if near else "see `ccsync-watch config` for all keys"
        raise ConfigError(f"{printable(key)} is not a setting", hint=hint)
    return declared[key]


def _read_value(setting: Setting, text: str | None) -> object:
    """Return a value as the settings file has it. Raises ConfigError for one that is wrong."""
    if text is None:
        raise ConfigError(
            f"config set {setting.name}: a VALUE is missing",
            hint="write one, or `config unset` the key",
        )
    if setting.is_secret and text != _STDIN:
        raise ConfigError(
            f"{setting.name} is a secret, which every user of this machine sees in a command",
            hint=f"use `ccsync-watch config set {setting.name} -`, and type or pipe it in",
        )
    if text == _STDIN:
        text = sys.stdin.readline() if setting.is_secret else sys.stdin.read()
        if not text:
            raise ConfigError(
                f"config set {setting.name}: standard input is empty",
                hint="write the value there, or `config unset` the key",
            )
        text = text.rstrip("\r\n") if setting.is_secret else text
    value = _parse(text, is_text=setting.is_secret)
    try:
        setting.check(value)
    except ValueError as allowed:
        shown = printable(hide_secrets(setting, text))
        raise ConfigError(f"{setting.name} is {shown}", hint=f"set it to {allowed}") from None
    if setting.is_switch and isinstance(value, str):
        return setting.check(value)
    return value


def _parse(text: str, *, is_text: bool) -> object:
    """Return JSON, or the text itself where it is none: nobody quotes an address."""
    if is_text:
        return text
    try:
        return orjson.loads(text)  # as the file is read: no NaN, and no number that it cannot write
    except ValueError:
        return text


def _check_address(setting: Setting, env: Mapping[str, str], value: object) -> None:
    """Raise ConfigError for what would send the file's key to another address than it is for."""
    if setting.name != "convex_url" or value is None:
        return
    content = read_file(config_path(env))
    if content.get("api_key") and content.get("convex_url") != value:
        raise ConfigError(
            "the settings file has the API key of another address",
            hint="run `ccsync-watch login`, which sets both",
        )
