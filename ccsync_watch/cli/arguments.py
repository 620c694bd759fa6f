"""Arguments that several commands have: the settings as flags, numbers, names and projects."""

from __future__ import annotations

import argparse
import glob
import math
import os
import re
from typing import TYPE_CHECKING, TypeVar

from ccsync_watch.cli.console import printable, warn
from ccsync_watch.config import declared_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ccsync_watch.accounting.unmatched_filters import UnmatchedFilter

T = TypeVar("T")

_MAX_DIGITS = 12
_MAX_COUNT = 1_000_000
_MAX_SECONDS = 3600
_SEEN_FROM_HERE = re.compile(r"\.{1,2}(?:[/\\].*)?", re.DOTALL)


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


def checked(check: Callable[[object], T]) -> Callable[[str], T]:
    """Return what reads an argument by the check of a setting, and names what is allowed."""

    def read(text: str) -> T:
        try:
            return check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from None

    return read


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


def project(text: str) -> str:
    """Return a project's name, folder or glob; raise ArgumentTypeError for an empty one.

    `.`, `..` and what is below them are seen from the current folder, as a shell means them.
    """
    text = name(text)
    if not _SEEN_FROM_HERE.fullmatch(text):
        return text
    # A folder's name may look like a glob, and would select others.
    return os.path.normpath(os.path.join(glob.escape(os.getcwd()), text))  # noqa: PTH109, PTH118 - a glob


def count(text: str) -> int:
    """Return how many to show; raise ArgumentTypeError for anything but a number from 1 on."""
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        raise argparse.ArgumentTypeError(f"{text.strip()!r} is not a number, 1 or more")
    return min(int(text[:_MAX_DIGITS]), _MAX_COUNT)


def warn_of_unmatched(filters: Iterable[UnmatchedFilter], *, setting: str | None = None) -> None:
    """Name each filter that nothing stored matches, and the names that may be meant.

    `setting` is where they are from, if they are not options.
    """
    for unmatched in filters:
        meant = f"; did you mean {' or '.join(unmatched.meant)}?" if unmatched.meant else ""
        source = setting or f"--{unmatched.option}"
        warn(printable(f"{source}: nothing stored matches {unmatched.pattern}{meant}"))
