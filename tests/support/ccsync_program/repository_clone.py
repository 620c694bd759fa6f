"""A clone of this repository as a user has it: what git tracks, committed, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from support.ccsync_program.plugin_home import ROOT
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

_IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.com")


def clone_repository(folder: Path) -> Path:
    """Copy the repository's files, changed ones as they are now, into a new one; return it."""
    names = _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in names:
        source, copy = ROOT / name, folder / name
        if name and source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "add", "--all", "--force")
    _git(folder, *_IDENTITY, "commit", "-q", "-m", "A clone")
    return folder


def _git(folder: Path, *words: str) -> str:
    completed = subprocess.run(
        ["git", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=True,
    )
    return completed.stdout
