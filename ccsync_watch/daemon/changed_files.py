"""Whether files have changed, without reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def state_of(*paths: Path) -> object:
    """Return a value that differs between two states of these files."""
    return tuple(_file_state(path) for path in paths)


def _file_state(path: Path) -> object:
    try:
        status = path.stat()
    except OSError as error:
        return error.errno
    return status.st_mtime_ns, status.st_ino, status.st_size
