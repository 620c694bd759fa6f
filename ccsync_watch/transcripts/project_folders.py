"""One spelling for each project's folder, and the repository that a worktree belongs to; pure.

A folder of Windows is written in many ways: with both slashes, with the drive's letter in either
case, and by programs inside WSL or Git Bash as `/mnt/c/…` or `/c/…`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SEPARATORS = re.compile(r"[\\/]+")
_DRIVE = re.compile(r"(?:[\\/]{2}\?[\\/])?([A-Za-z]):(?=[\\/]|\Z)")
_MOUNTED_DRIVE = re.compile(r"/(?:(?:mnt|cygdrive)/([A-Za-z])(?=/|\Z)|([A-Za-z])(?=/[^/]))")
_WSL = re.compile(r"(?i)[\\/]{2}wsl(?:\$|\.localhost)[\\/]+[^\\/]+(?=[\\/]|\Z)")
_SHARE = re.compile(r"\\\\(?=[^\\/?])")
_WORKTREES = (".claude", "worktrees")


class ProjectFolder(NamedTuple):
    """A project's folder in one spelling, and the name of its worktree, None outside of one."""

    path: str | None
    worktree: str | None = None


def locate_project(folder: str | None) -> ProjectFolder:
    """Return the project of a session that runs in `folder`.

    The client's own worktrees are below their repository; for others see `worktree-state` rows.
    """
    if not folder:
        return ProjectFolder(None)
    path = normalize_folder(folder)
    root, parts = _split(path)
    for number in range(len(parts) - len(_WORKTREES)):
        if tuple(parts[number : number + len(_WORKTREES)]) == _WORKTREES:
            return ProjectFolder(_join(root, parts[:number]), parts[number + len(_WORKTREES)])
    return ProjectFolder(path)


def normalize_folder(folder: str) -> str:
    """Return the one spelling of a folder's path."""
    return _join(*_split(folder))


def folder_name(path: str) -> str:
    """Return the last part of a folder's path, the path itself if it has only a root."""
    _root, parts = _split(path)
    return parts[-1] if parts else path


def slashed(path: str) -> str:
    """Return a folder's path in its one spelling, with slashes on Windows too, to compare it."""
    root, parts = _split(path)
    return _join(root.replace("\\", "/"), parts)


def _split(folder: str) -> tuple[str, list[str]]:
    """Return the root of a path, with its separator at the end, and the parts below it."""
    wsl = _WSL.match(folder)
    if wsl:
        folder = folder[wsl.end() :].replace("\\", "/") or "/"
    drive = _DRIVE.match(folder) or _MOUNTED_DRIVE.match(folder)
    if drive:
        letter = next(filter(None, drive.groups())).upper()
        return f"{letter}:\\", _parts(_SEPARATORS.split(folder[drive.end() :]))
    if _SHARE.match(folder):
        return "\\\\", _parts(_SEPARATORS.split(folder))
    return "/" if folder[:1] == "/" else "", _parts(folder.split("/"))


def _parts(names: list[str]) -> list[str]:
    return [name for name in names if name not in {"", "."}]


def _join(root: str, parts: list[str]) -> str:
    return root + ("\\" if "\\" in root else "/").join(parts)
