"""Look at files whose paths come from other files: nothing blocks, and no path is wrong.

What is in a damaged file may be any text, and what has an expected name may be a pipe.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ccsync_watch.regular_files import file_of

if TYPE_CHECKING:
    from pathlib import Path


def read_dated(path: Path, max_bytes: int) -> tuple[int, bytes]:
    """Return when a file was written, in milliseconds, and how it begins.

    Raises OSError, also for what is not a file, and ValueError.
    """
    with file_of(path) as file:
        return os.fstat(file.fileno()).st_mtime_ns // 1_000_000, file.read(max_bytes)


def is_file(path: Path) -> bool:
    """Return whether there is a file that this user can reach."""
    # Path's own method raises for a path that is too long, or in a folder of another user's.
    return os.path.isfile(path)  # noqa: PTH113 - see above


def is_folder(path: Path) -> bool:
    """Return whether there is a folder that this user can reach."""
    return os.path.isdir(path)  # noqa: PTH112 - see above
