"""The checks of the Claude folders: which cannot be read, and what their setting should be.

People write what other programs take: several folders with colons between them, or the `projects`
folder itself.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ccsync_watch.config import printable_path, short_path
from ccsync_watch.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.config import Settings

NOT_READ = "Claude folder not read"
_SEPARATOR = re.compile(r"[:;](?=[/~\\]|[A-Za-z]:)")
_PROJECTS = "projects"


def check_folders(settings: Settings) -> list[Problem]:
    """Return the problems of the Claude folders that are configured, or that hooks named."""
    configured = [folder for folder in settings.claude_dirs if folder not in settings.hook_dirs]
    problems = [_check_folder(folder, settings) for folder in configured]
    return [problem for problem in problems if problem] + list(_check_unread(settings))


def _check_unread(settings: Settings) -> Iterable[Problem]:
    for folder, reason in settings.unread_dirs:
        yield Problem(
            "folder-not-read",
            NOT_READ,
            f"Claude Code writes sessions to {short_path(folder, settings)} as well, which is not"
            f" read: {reason}",
            f"add it to claude_dirs in {short_path(settings.file, settings)}",
            "warning",
        )


def _check_folder(folder: Path, settings: Settings) -> Problem | None:
    place = settings.claude_dirs_place
    shown, projects = short_path(folder, settings), folder / _PROJECTS
    mistake = _find_mistake(folder, projects, settings)
    if mistake is None or (place is None and not projects.is_symlink()):
        # The default folder comes with the first session.
        return None
    detail, hint = mistake
    if place is not None:
        hint = hint.format(setting="CLAUDE_CONFIG_DIR" if "CLAUDE" in place else "claude_dirs")
        detail = f"{detail} (set in {_short_place(place, settings)})"
    return Problem("folder-missing", NOT_READ, f"{shown}: {detail}", hint)


def _find_mistake(folder: Path, projects: Path, settings: Settings) -> tuple[str, str] | None:
    """Return what is wrong with a folder, and what to do about it; None if it can be read."""
    if projects.is_dir():
        return None
    if projects.is_symlink():
        target = printable_path(os.path.realpath(projects))
        return (
            f"its folder `projects` is a link to {target}, which does not exist",
            "mount or create that folder, or remove the link",
        )
    above = _claude_dir_above(folder)
    if above is not None:
        return (
            "this is a folder inside of a Claude folder, not a Claude folder",
            f"set {{setting}} to {short_path(above, settings)}",
        )
    if folder.is_dir():
        return None  # no session has been written to it yet
    return _find_other_mistake(folder, settings)


def _find_other_mistake(folder: Path, settings: Settings) -> tuple[str, str]:
    if folder.exists():
        return "this is not a folder", "set {setting} to the folder that contains `projects`"
    several = [part for part in _SEPARATOR.split(str(folder)) if part]
    if len(several) > 1:
        shown = [short_path(Path(part).expanduser(), settings) for part in several]
        file = short_path(settings.file, settings)
        hint = f"set {{setting}} to {','.join(shown)}, or list them in claude_dirs in {file}"
        return "the folder does not exist; colons do not separate folders", hint
    return (
        "the folder does not exist",
        "correct {setting}, or start Claude Code once with CLAUDE_CONFIG_DIR set to this folder",
    )


def _claude_dir_above(folder: Path) -> Path | None:
    """Return the Claude folder that a path is in: one to `projects`, a project or a transcript."""
    for above in (folder, *folder.parents):
        if above.name == _PROJECTS and above.is_dir():
            return above.parent
    return None


def _short_place(place: str, settings: Settings) -> str:
    is_file = place == str(settings.file)
    return short_path(settings.file, settings) if is_file else f"the {place}"
