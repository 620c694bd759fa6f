"""Decides what may be kept of a folder's sessions; pure but for `~`, the user's home."""

from __future__ import annotations

import fnmatch
import os
from typing import TYPE_CHECKING

from ccsync_watch.transcripts.project_folders import slashed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ccsync_watch.config import ProjectPolicy


class Projects:
    """The user's globs, each with a policy; `exclude` are those whose policy is `off`.

    The longest glob that matches decides, since it is the most specific; of equally long ones the
    strictest policy. An excluded folder is excluded whatever else matches.
    """

    def __init__(
        self, *, exclude: Iterable[str] = (), policies: Sequence[tuple[str, ProjectPolicy]] = ()
    ) -> None:
        self._exclude = [_folder_glob(glob) for glob in exclude if glob.strip()]
        strictest_last: tuple[ProjectPolicy, ...] = ("full", "metadata", "off")
        self._policies = sorted(
            ((_folder_glob(glob), policy) for glob, policy in policies if glob.strip()),
            key=lambda entry: (len(entry[0]), strictest_last.index(entry[1])),
            reverse=True,
        )

    def policy(self, folder: str) -> ProjectPolicy:
        """Return what may be kept of a session that runs in `folder`."""
        # As it is written, and as its spelling on another system would be.
        folders = {folder, slashed(folder)}
        if any(_matches_any(folders, glob) for glob in self._exclude):
            return "off"
        policies = (policy for glob, policy in self._policies if _matches_any(folders, glob))
        return next(policies, "full")


def _folder_glob(pattern: str) -> str:
    """Return a glob of the folder itself: `x`, `x/*` and `x/**` mean x and all below it."""
    glob = os.path.expanduser(pattern.strip()).rstrip("/")  # noqa: PTH111 - a glob, not a path
    return glob.removesuffix("/**").removesuffix("/*")


def _matches_any(folders: Iterable[str], glob: str) -> bool:
    globs = {glob, slashed(glob)}
    return any(_matches_folder(folder, glob) for folder in folders for glob in globs)


def _matches_folder(folder: str, glob: str) -> bool:
    if folder == glob or folder.startswith(f"{glob}/"):
        return True
    return any(fnmatch.fnmatchcase(folder, pattern) for pattern in (glob, f"{glob}/*"))
