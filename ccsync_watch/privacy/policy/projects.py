"""Decides what may be kept of a folder's sessions; pure but for `~`, the user's home."""

from __future__ import annotations

import fnmatch
import os
from typing import TYPE_CHECKING

from ccsync_watch.transcripts.project_folders import is_of_windows, slashed, slashed_in_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ccsync_watch.config import ProjectPolicy

_STRICTEST_LAST: tuple[ProjectPolicy, ...] = ("full", "metadata", "off")


class Projects:
    """The user's globs, each with a policy; `exclude` are those whose policy is `off`.

    The longest glob that matches decides, since it is the most specific; of equally long ones the
    strictest policy. An excluded folder is excluded whatever else matches.
    """

    def __init__(
        self, *, exclude: Iterable[str] = (), policies: Sequence[tuple[str, ProjectPolicy]] = ()
    ) -> None:
        self._exclude = [_folder_glob(glob) for glob in exclude if glob.strip()]
        self._policies = sorted(
            ((_folder_glob(glob), policy) for glob, policy in policies if glob.strip()),
            key=lambda entry: (len(entry[0]), _STRICTEST_LAST.index(entry[1])),
            reverse=True,
        )

    def policy(self, folder: str) -> ProjectPolicy:
        """Return what may be kept of a session that runs in `folder`."""
        if any(_matches(folder, glob) for glob in self._exclude):
            return "off"
        policies = (policy for glob, policy in self._policies if _matches(folder, glob))
        return next(policies, "full")

    def strictest_policy(self, folders: Iterable[str]) -> ProjectPolicy:
        """Return what may be kept of a session that runs in each of these folders."""
        return max(map(self.policy, folders), key=_STRICTEST_LAST.index, default="full")


def is_in_folder(folder: str, pattern: str) -> bool:
    """Return whether a folder is the one that a pattern names, is below it, or matches its glob."""
    return _matches(folder, _folder_glob(pattern))


def _folder_glob(pattern: str) -> str:
    """Return a glob of the folder itself: `x`, `x/*` and `x/**` mean x and all below it."""
    glob = os.path.expanduser(pattern.strip()).rstrip("/")  # noqa: PTH111 - a glob, not a path
    return glob.removesuffix("/**").removesuffix("/*")


def _matches(folder: str, glob: str) -> bool:
    """Return whether a glob matches a folder, as both are written or as Windows means them."""
    if glob and not slashed(glob):
        return False  # a `.` of no folder: as a beginning it would match every path
    spellings = {(folder, glob), (slashed(folder), glob), (slashed(folder), slashed(glob))}
    is_windows = is_of_windows(folder), is_of_windows(glob)
    if any(is_windows):
        if not all(is_windows):
            # Of one folder, Windows and the programs inside of it write different paths.
            spellings.add((slashed_in_windows(folder), slashed_in_windows(glob)))
        spellings |= {(folder.lower(), glob.lower()) for folder, glob in spellings}
    return any(_matches_folder(folder, glob) for folder, glob in spellings)


def _matches_folder(folder: str, glob: str) -> bool:
    if folder == glob or folder.startswith(f"{glob}/"):
        return True
    return any(fnmatch.fnmatchcase(folder, pattern) for pattern in (glob, f"{glob}/*"))
