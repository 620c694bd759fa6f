"""What commands print: answers, warnings, counts with their nouns."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.config import Settings


def say(text: str = "") -> None:
    """Print one line of the answer."""
    print(text, flush=True)  # noqa: T201 - the command line's own output


def warn(text: str) -> None:
    """Print one line beside the answer."""
    print(f"ccsync-watch: {text}", file=sys.stderr, flush=True)  # noqa: T201 - as above


def printable(text: object) -> str:
    """Return one line without control characters: names on disk may hold anything.

    A terminal obeys some of them, and bytes that are no UTF-8 cannot be printed at all.
    """
    shown = str(text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(each if each.isprintable() else "\ufffd" for each in shown)


def show_warnings(settings: Settings) -> None:
    """Print what is odd about the settings."""
    for warning in settings.warnings:
        warn(printable(warning))


def counted(counts: Mapping[str, int]) -> str:
    """Return counts by name, the largest first: `jwt 3, aws-access-key 1`."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{name} {count:,}" for name, count in ordered)
