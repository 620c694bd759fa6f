r"""One spelling for each project's folder, and the repository that a worktree belongs to; pure.

A folder of Windows is written in many ways: with both slashes, with the drive's letter in either
case, and by programs inside WSL or Git Bash as `/mnt/c/…` or `/c/…`. The last two are folders of
other systems too, so they are drives only where something else shows it: see `find_windows_root`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SEPARATORS = re.compile(r"[\\/]+")
_LONG_SHARE = re.compile(r"(?i)\A(?:\\{2,}|/{2,})[?.][\\/]+UNC(?=[\\/])")
_DRIVE = re.compile(r"(?:(?:\\{2,}|/{2,})[?.][\\/]+|/)?([A-Za-z]):(?=[\\/]|\Z)")
_CYGWIN_DRIVE = re.compile(r"/cygdrive/([A-Za-z])(?=/|\Z)")
# Folders that only the system drive of Windows has.
_SYSTEM_DRIVE = re.compile(
    r"/(?:mnt/)?([A-Za-z])(?=/(?:Users|Windows|ProgramData|Program Files(?: \(x86\))?)(?:/|\Z))"
)
_DRIVES = (_DRIVE, _CYGWIN_DRIVE, _SYSTEM_DRIVE)
_MOUNTED_DRIVE = re.compile(r"/(?:mnt/)?([A-Za-z])(?=/|\Z)")
_WSL = re.compile(r"(?i)(?:\\{2,}|/{2,})wsl(?:\$|\.localhost)[\\/]+([^\\/]+)(?=[\\/]|\Z)")
_SHARE = re.compile(r"\\\\+(?=[^\\/?])")
_SLASHED_SHARE = re.compile(r"//(?=[^\\/?]+/+[^/])")
_ENCODED_DRIVE = re.compile(r"([A-Za-z])--")
_HOME = re.compile(
    r"/(?:(?:export|usr|var)/)?home/[^/]+|/root(?=/|\Z)"
    r"|(?:(?:/mnt|/cygdrive)?/[a-z])?/Users/(?!Shared(?:/|\Z)|Public(?:/|\Z))[^/]+"
    r"|[A-Za-z]:[\\/][Uu]sers[\\/](?!Public(?:[\\/]|\Z))[^\\/]+"
    r"|\\\\wsl(?:\$|\.localhost)\\[^\\]+\\home\\[^\\]+"
)
_WORKTREES = (".claude", "worktrees")
_BACKSLASH = "\\"
_UNC = "\\\\"
_SLASHED_UNC = "//"
_WSL_HOST = "wsl.localhost"


class ProjectFolder(NamedTuple):
    """A project's folder in one spelling, and the name of its worktree, None outside of one."""

    path: str | None
    worktree: str | None = None


class WslFolder(NamedTuple):
    """A folder of a Linux distribution, as Windows sees it: the distribution, the path in it."""

    distribution: str
    path: str

    def of(self, distribution: str) -> str:
        """Return the folder of the same path in a distribution."""
        return normalize_folder(f"{_UNC}{_WSL_HOST}\\{distribution}{self.path}")


def locate_project(folder: str | None) -> ProjectFolder:
    """Return the project of a session that runs in `folder`.

    The client's own worktrees are below their repository; for others see `worktree-state` rows.
    """
    if not folder:
        return ProjectFolder(None)
    root, parts = _split(folder)
    number = _worktrees_at(parts)
    if number is None:
        return ProjectFolder(_join(root, parts))
    inner = number
    while (deeper := _worktrees_at(parts[inner + 2 :])) is not None:
        inner += 2 + deeper
    return ProjectFolder(_join(root, parts[:number]), parts[inner + 2])


def locate_file(path: str, folder: str | None = None, project: str | None = None) -> str:
    """Return the path of a file of a project, whichever worktree of it the file is in.

    `folder` is a worktree of `project` elsewhere; those of the client are below their repository.
    """
    root, parts = _split(path)
    while (number := _worktrees_at(parts)) is not None and number + 3 < len(parts):
        parts = [*parts[:number], *parts[number + 3 :]]
    located = _join(root, parts)
    if folder and project:
        inner, above = _split(folder)[1], _split(project)[1]
        if parts[: len(inner)] == inner and len(parts) > len(inner):
            return _join(_split(project)[0], [*above, *parts[len(inner) :]])
    return located


def normalize_folder(folder: str) -> str:
    """Return the one spelling of a folder's path."""
    return _join(*_split(folder))


def join_folder(folder: str, path: str) -> str | None:
    """Return the folder that a path in another folder means, None if that is not certain."""
    root, parts = _split(path)
    if path.startswith("~"):
        home = _HOME.match(normalize_folder(folder))
        if home is None or parts[0] != "~":
            return None
        root, parts = _split(home[0] + "/" + "/".join(parts[1:]))
    elif not root:
        root, above = _split(folder)
        parts = [*above, *(_SEPARATORS.split(path) if "\\" in root else parts)]
    known: list[str] = []
    for part in parts:
        if part != "..":
            known.append(part)
        elif known:
            known.pop()
    return normalize_folder(_join(root, known))


def folder_name(path: str) -> str:
    """Return the last part of a folder's path, the path itself if it has only a root."""
    _root, parts = _split(path)
    return parts[-1] if parts else path


def shown_path(path: str, folders: Iterable[str]) -> str:
    """Return a path as people read it: in one of some folders, or else below a home as `~/…`."""
    for folder in folders:
        for separator in "/\\":
            if path.startswith(f"{folder}{separator}"):
                return path[len(folder) + 1 :]
    return below_home(path) or path


def below_home(path: str) -> str | None:
    """Return a path below somebody's home as `~/…`, None for one elsewhere."""
    home = _HOME.match(path)
    if home is None:
        return None
    inner = path[home.end() :]
    return f"~{inner.replace(_BACKSLASH, '/') if _BACKSLASH in path[: home.end() + 1] else inner}"


def find_windows_root(folder: str) -> str | None:
    r"""Return the drive or share that a folder is certainly on: `C:\`, `\\server\share\`.

    None for a folder that may be one of another system. A distribution of Linux is a share.
    """
    root, parts = _split(folder)
    if root == _UNC:
        return f"{_join(_UNC, parts[:2])}\\".lower()
    return root if root.endswith(":\\") else None


def find_encoded_root(name: str) -> str | None:
    """Return the drive that a folder of transcripts was named after; other systems' have none."""
    drive = _ENCODED_DRIVE.match(name)
    return f"{drive[1].upper()}:\\" if drive else None


def resolve_folder(folder: str, is_known: Callable[[str], bool]) -> str:
    """Return the spelling of a folder on this machine; `is_known`: it has a drive or share."""
    folder = normalize_folder(folder)
    mounted = _MOUNTED_DRIVE.match(folder)
    if mounted and is_known(drive := f"{mounted[1].upper()}:\\"):
        return normalize_folder(drive + folder[mounted.end() :])
    if folder.startswith(_SLASHED_UNC):
        share = normalize_folder(folder.replace("/", "\\"))
        root = find_windows_root(share)
        return share if root and is_known(root) else resolve_folder(folder[1:], is_known)
    wsl = wsl_folder(folder)
    return normalize_folder(wsl.path) if wsl else folder


def wsl_folder(folder: str) -> WslFolder | None:
    """Return which folder of which distribution of Linux this is, None for any other folder."""
    root, parts = _split(folder)
    if root == _UNC and parts[:1] == [_WSL_HOST] and len(parts) > 1:
        return WslFolder(parts[1], "/" + "/".join(parts[2:]))
    return None


def is_of_windows(folder: str) -> bool:
    """Return whether no other system writes a path like this one."""
    return "\\" in _split(folder)[0]


def spellings(folder: str) -> list[str]:
    """Return a folder's spelling, and those that programs inside of Windows have for it."""
    folder = normalize_folder(folder)
    root, parts = _split(folder)
    if root == _UNC:
        return [folder, _join(_SLASHED_UNC, parts)]
    if not root.endswith(":\\"):
        return [folder]
    letter = root[0].lower()
    return [folder, _join(f"/{letter}/", parts), _join(f"/mnt/{letter}/", parts)]


def slashed(path: str) -> str:
    """Return a folder's path in its one spelling, with slashes on Windows too, to compare it."""
    root, parts = _split(path)
    return _join(root.replace("\\", "/"), parts)


def slashed_in_windows(path: str) -> str:
    """Return a path as `slashed` does, read as one that a program inside of Windows wrote."""
    return slashed(resolve_folder(path, lambda _root: True))


def _worktrees_at(parts: list[str]) -> int | None:
    """Return where the folder of the client's worktrees is in a path that leads into one."""
    for number in range(len(parts) - len(_WORKTREES)):
        if tuple(parts[number : number + len(_WORKTREES)]) == _WORKTREES:
            return number
    return None


def _split(folder: str) -> tuple[str, list[str]]:
    """Return the root of a path, with its separator at the end, and the parts below it."""
    root, parts = _split_once(folder)
    # What is left without dots and doubled separators may mean something else.
    while (joined := _join(root, parts)) != folder:
        folder = joined
        root, parts = _split_once(folder)
    return root, parts


def _split_once(folder: str) -> tuple[str, list[str]]:
    folder = _LONG_SHARE.sub(lambda _match: "\\", folder, count=1)
    wsl = _WSL.match(folder)
    if wsl:
        names = _parts(_SEPARATORS.split(folder[wsl.end() :]))
        inside = "/" + "/".join(names)
        mounted_drive = _MOUNTED_DRIVE.match(inside) if names[:1] == ["mnt"] else None
        if mounted_drive is None:
            return _UNC, [_WSL_HOST, wsl[1].lower(), *names]
        folder = f"{mounted_drive[1]}:{inside[mounted_drive.end() :] or '/'}"
    if folder[:1] == "/" and not _DRIVE.match(folder):
        names = _parts(folder.split("/"))
        is_share = _SLASHED_SHARE.match(folder) and len(names) > 1 and "?" not in names[0]
        folder = "/" + "/".join(names)
        if not any(pattern.match(folder) for pattern in _DRIVES):
            return _SLASHED_UNC if is_share else "/", names
    drive = next(filter(None, (pattern.match(folder) for pattern in _DRIVES)), None)
    if drive:
        return f"{drive[1].upper()}:\\", _parts(_SEPARATORS.split(folder[drive.end() :]))
    if _SHARE.match(folder):
        return _UNC, _parts(_SEPARATORS.split(folder))
    return "", _parts(folder.split("/"))


def _parts(names: list[str]) -> list[str]:
    return [name for name in names if name not in {"", "."}]


def _join(root: str, parts: list[str]) -> str:
    return root + ("\\" if "\\" in root else "/").join(parts)
