"""Tell which folders the user excluded; pure but for `~`, which is the user's home."""

from __future__ import annotations

import fnmatch
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_excluded(cwd: str, patterns: Iterable[str]) -> bool:
    """Tell whether a folder, or one above it, matches one of the user's globs.

    `folder`, `folder/*` and `folder/**` mean the same: the folder and all below it.
    """
    return any(_matches(cwd, pattern.strip()) for pattern in patterns if pattern.strip())


def _matches(cwd: str, pattern: str) -> bool:
    glob = os.path.expanduser(pattern).rstrip("/")  # noqa: PTH111 - a glob, not a path
    folder = glob.removesuffix("/**").removesuffix("/*")
    if cwd == folder or cwd.startswith(f"{folder}/"):
        return True
    return any(fnmatch.fnmatchcase(cwd, each) for each in (folder, f"{folder}/*"))
