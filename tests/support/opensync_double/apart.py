"""The double in a process of its own: in the one that measures, it would take part in the figures.

`python -m opensync_double.apart` serves until it is killed, and prints its address and key first.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from support.opensync_double.server import OpenSyncDouble

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Served:
    """Where the double is, and its key."""

    url: str
    api_key: str


@contextlib.contextmanager
def served_apart() -> Iterator[Served]:
    """Serve the double from another process."""
    words = [sys.executable, "-m", __name__]
    folder = Path(__file__).parents[2]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            announcement = process.stdout.readline() if process.stdout else ""
            yield Served(*announcement.split())
        finally:
            process.kill()


def main() -> None:
    """Be that process."""
    with OpenSyncDouble() as opensync:
        print(opensync.url, opensync.api_key, flush=True)  # noqa: T201 - it is read by the other
        threading.Event().wait()


if __name__ == "__main__":
    main()
