"""The Claude folders that hook events named: each account has its own `CLAUDE_CONFIG_DIR`.

They are in a file in the state folder, one a line, because the environment of a daemon that starts
later names one account only. A name proves nothing: see `unread_reason`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ccsync_watch.private_files import read_private, write_private

FOLDERS_NAME = "claude.folders"
MAX_FOLDERS = 20
_MAX_BYTES = 64 << 10


def hook_folders_path(state_dir: Path) -> Path:
    """Return the path of the file with the folders; it may not exist."""
    return state_dir / FOLDERS_NAME


def read_hook_folders(state_dir: Path) -> list[Path]:
    """Return the folders that exist, the first named first."""
    try:
        data = read_private(hook_folders_path(state_dir), _MAX_BYTES)
    except OSError:
        return []
    names = data.decode("utf-8", "replace").splitlines()
    folders = [Path(name) for name in names[:MAX_FOLDERS] if os.path.isabs(name)]  # noqa: PTH117 - a str from outside
    return [folder for folder in folders if folder.is_dir()]


def add_hook_folder(state_dir: Path, folder: Path) -> bool:
    """Add a folder; return whether it is new. Raises OSError."""
    name = str(folder)
    known = read_hook_folders(state_dir)
    is_line = name.isprintable() and len(known) < MAX_FOLDERS
    if folder in known or not is_line or not folder.is_dir():
        return False
    lines = "".join(f"{line}\n" for line in (*known, folder))
    write_private(hook_folders_path(state_dir), lines.encode())
    return True


def unread_reason(folder: Path) -> str | None:
    """Return why a folder that only a hook event named is not read, None if it may be.

    Its transcripts are sent like all others: it must be the user's own, and really contain them.
    """
    try:
        status = folder.stat()
    except OSError as error:
        return error.strerror or "it cannot be read"
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        return "it belongs to another user"
    if status.st_mode & stat.S_IWOTH:
        return "every user can write to it"
    projects = folder / "projects"
    if os.path.realpath(projects) != os.path.join(os.path.realpath(folder), "projects"):  # noqa: PTH118 - of str
        return "its folder `projects` is a link"
    return None
