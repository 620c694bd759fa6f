"""The files in a folder in which a program works: any of them may be gone a moment later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path


def present_files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield each path below a folder with its status, links themselves; not one that is gone."""
    for path in folder.rglob("*"):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        yield path, status


def contents(folder: Path) -> dict[Path, bytes]:
    """Return what is in each file below a folder that is still there when it is its turn."""
    contents_by_path: dict[Path, bytes] = {}
    for path, _status in present_files(folder):
        try:
            if path.is_file():
                contents_by_path[path] = path.read_bytes()
        except FileNotFoundError:
            continue
    return contents_by_path
