"""Tell what may be kept of a folder's sessions; pure but for `~`, which is the user's home."""

from __future__ import annotations

import fnmatch
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ccsync_watch.config import ProjectPolicy


class Projects:
    """The user's globs, each with a policy; `exclude` are those whose policy is `off`.

    The longest glob that matches decides, being the most specific one; of equal ones the strictest.
    What is excluded stays so, whatever else matches.
    """

    def __init__(
        self, *, exclude: Iterable[str] = (), policies: Sequence[tuple[str, ProjectPolicy]] = ()
    ) -> None:
        self._exclude = [_expanded(each) for each in exclude if each.strip()]
        strictest_last: tuple[ProjectPolicy, ...] = ("full", "metadata", "off")
        self._policies = sorted(
            ((_expanded(glob), policy) for glob, policy in policies if glob.strip()),
            key=lambda each: (len(each[0]), strictest_last.index(each[1])),
            reverse=True,
        )

    def policy(self, folder: str) -> ProjectPolicy:
        """Return what may be kept of a session that runs in `folder`."""
        if any(_matches(folder, glob) for glob in self._exclude):
            return "off"
        found = (policy for glob, policy in self._policies if _matches(folder, glob))
        return next(found, "full")


def _expanded(pattern: str) -> str:
    """Return a glob of the folder itself: `x`, `x/*` and `x/**` mean x and all below it."""
    glob = os.path.expanduser(pattern.strip()).rstrip("/")  # noqa: PTH111 - a glob, not a path
    return glob.removesuffix("/**").removesuffix("/*")


def _matches(folder: str, glob: str) -> bool:
    if folder == glob or folder.startswith(f"{glob}/"):
        return True
    return any(fnmatch.fnmatchcase(folder, each) for each in (glob, f"{glob}/*"))
