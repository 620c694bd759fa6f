"""Arguments that several commands have: the settings as flags, and a number of seconds."""

from __future__ import annotations

import argparse
import math

from ccsync_watch.config import declared_settings

_MAX_DIGITS = 12
_MAX_COUNT = 1_000_000
_MAX_SECONDS = 3600


def add_setting_flags(parser: argparse.ArgumentParser) -> None:
    """Add a flag for every setting that is declared to have one."""
    for setting in declared_settings().values():
        if setting.is_flag:
            parser.add_argument(
                setting.flag,
                dest=setting.name,
                metavar=setting.flag_value,
                help=f"override the setting {setting.name}",
            )


def setting_flags(arguments: argparse.Namespace) -> dict[str, object]:
    """Return the settings given as flags, None for the others."""
    return {
        name: getattr(arguments, name, None)
        for name, setting in declared_settings().items()
        if setting.is_flag
    }


def seconds(text: str) -> float:
    """Return a number of seconds; raise ArgumentTypeError for anything else."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= _MAX_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds: more than 0, at most {_MAX_SECONDS}"
        )
    return number


def name(text: str) -> str:
    """Return a name or a pattern; raise ArgumentTypeError for an empty one.

    An empty variable of a script would select everything, or nothing.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: write a name, or leave the option out")
    return text


def count(text: str) -> int:
    """Return how many to show; raise ArgumentTypeError for anything but a number from 1 on."""
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        raise argparse.ArgumentTypeError(f"{text.strip()!r} is not a number, 1 or more")
    return min(int(text[:_MAX_DIGITS]), _MAX_COUNT)
