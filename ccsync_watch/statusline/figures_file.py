"""The file of figures that the status line shows, and whether they still hold.

`cli.statusline_figures` computes them with the code of `stats` and `status`, which takes too long
for each line. They hold while the files that they were computed from have not changed.
"""

from __future__ import annotations

import json
import os
import time

from ccsync_watch.regular_files import read_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    Stamps = Mapping[str, list[int] | None]

FIGURES_NAME = "statusline.json"
# Held by the process that computes; its time is when a line was last asked for.
LOCK_NAME = "statusline.lock"
DATABASE_NAME = "ccsync.db"
# Of the file's form, and of the meaning of what is in it.
FORM = 2
# Some problems appear by time alone.
MAX_AGE_SECONDS = 60.0
_MAX_BYTES = 1 << 20
_KINDS: dict[str, type | tuple[type, ...]] = {
    "at": (int, float),
    "day": str,
    "today": str,
    "sessions": dict,
    "pending": str,
    "budget": str,
    "problem": str,
    "stamps": dict,
}


def read_figures(folder: str) -> dict[str, Any] | None:
    """Return the figures of a state folder; None without any that can be used."""
    try:
        path = os.path.join(folder, FIGURES_NAME)  # noqa: PTH118 - pathlib takes too long
        figures = json.loads(read_regular(path, _MAX_BYTES))
        is_usable = figures["form"] == FORM and all(
            isinstance(figures[name], kind) for name, kind in _KINDS.items()
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return figures if is_usable else None


def local_day(now: float) -> str:
    """Return the day that it is here, and the time zone's offset: both change what today is."""
    return time.strftime("%Y-%m-%d%z", time.localtime(now))


def holds(figures: Mapping[str, Any], now: float) -> bool:
    """Return whether nothing changed that the figures were computed from."""
    stamps = figures["stamps"]
    return bool(figures["day"] == local_day(now) and stamps == stamps_of(stamps))


def is_recent(figures: Mapping[str, Any], now: float) -> bool:
    """Return whether they were computed just now; a clock that was turned back does not matter."""
    return bool(0 <= now - figures["at"] <= MAX_AGE_SECONDS)


def stamps_of(paths: Iterable[str]) -> dict[str, list[int] | None]:
    """Return what differs between two states of these files."""
    return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> list[int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib takes too long
    except (OSError, ValueError):
        return None
    # Whoever reads a database may create an empty log for it.
    return [status.st_mtime_ns, status.st_size, status.st_ino] if status.st_size else None
