"""The environments in which the plugin's own copy of this program runs, in the state folder.

`plugin/hooks/prepare.sh` makes one for each content of the copy, below `program`. A daemon that
runs in one of them removes the others.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

PROGRAM_NAME = "program"
# What prepare.sh has there besides finished environments.
_PREPARING = "preparing"
_NEW = "new."


def command_of_copy(state_dir: Path, *, prefix: str = sys.prefix) -> Path | None:
    """Return the command for a terminal, if this process runs in one of these environments."""
    folder = state_dir / PROGRAM_NAME
    command = folder / "ccsync-watch"
    return command if _is_in(folder, prefix) and command.is_file() else None


def remove_other_environments(state_dir: Path, *, prefix: str = sys.prefix) -> None:
    """Remove the environments of other contents, if this process runs in one of them.

    The daemon does it that has the state folder: none runs in another. While prepare.sh makes one,
    nothing is removed.
    """
    folder = state_dir / PROGRAM_NAME
    if not _is_in(folder, prefix) or (folder / _PREPARING).exists():
        return
    for path in folder.iterdir():
        is_environment = path.is_dir() and not path.is_symlink() and not path.name.startswith(_NEW)
        if is_environment and path.resolve() != Path(prefix).resolve():
            shutil.rmtree(path, ignore_errors=True)


def _is_in(folder: Path, prefix: str) -> bool:
    return Path(prefix).resolve().parent == folder.resolve()
