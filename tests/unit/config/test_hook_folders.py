"""The Claude folders of other accounts: named by hook events, and read if they are the user's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from ccsync_watch.config import load
from ccsync_watch.config.hook_folders import (
    MAX_FOLDERS,
    add_hook_folder,
    hook_folders_path,
    read_hook_folders,
    unread_reason,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Write: TypeAlias = Callable[[bytes | dict[str, Any]], Path]


@pytest.fixture
def work(tmp_path: Path, env: dict[str, str]) -> Path:
    """Return the Claude folder of another account, which a hook event named."""
    env["CCSYNC_WATCH_HOME"] = str(tmp_path / "state")
    folder = tmp_path / "work"
    (folder / "projects").mkdir(parents=True)
    (tmp_path / "state").mkdir()
    assert add_hook_folder(tmp_path / "state", folder)
    return folder


def test_a_folder_that_a_hook_named_is_read(env: dict[str, str], work: Path) -> None:
    """Besides the default, or besides the one that the environment names."""
    home = Path(env["HOME"])
    settings = load(env)
    assert settings.claude_dirs == (home / ".claude", work)
    assert (settings.hook_dirs, settings.unread_dirs) == ((work,), ())
    env["CLAUDE_CONFIG_DIR"] = str(home / "private")
    assert load(env).claude_dirs == (home / "private", work)
    env["CLAUDE_CONFIG_DIR"] = str(work)
    assert load(env).claude_dirs == (work,)
    assert load(env).hook_dirs == ()


def test_nothing_is_added_to_the_users_own_list(
    env: dict[str, str], work: Path, write: Write
) -> None:
    """The settings say which folder is missing in it, also by another name."""
    own = Path(env["HOME"]) / ".claude"
    write({"claude_dirs": [str(own)]})
    settings = load(env)
    assert settings.claude_dirs == (own,)
    ((folder, reason),) = settings.unread_dirs
    assert folder == work
    assert "claude_dirs in the settings file does not contain it" in reason
    (work.parent / "alias").symlink_to(work)
    write({"claude_dirs": [str(work.parent / "alias")]})
    assert load(env).unread_dirs == ()


@pytest.mark.parametrize(
    ("mistake", "reason"),
    [("writable", "every user can write to it"), ("linked", "its folder `projects` is a link")],
)
def test_a_folder_that_may_be_somebody_elses_is_not_read(
    env: dict[str, str], work: Path, mistake: str, reason: str
) -> None:
    """A hook event proves nothing."""
    if mistake == "writable":
        work.chmod(0o777)
    else:
        (work / "projects").rename(work.parent / "elsewhere")
        (work / "projects").symlink_to(work.parent / "elsewhere")
    settings = load(env)
    assert work not in settings.claude_dirs
    assert settings.unread_dirs == ((work, reason),)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_folder_of_another_user_is_not_read(work: Path) -> None:
    """Not even one that this user may read."""
    os.chown(work, 12345, 12345)
    assert unread_reason(work) == "it belongs to another user"


def test_a_folder_needs_no_projects_yet(work: Path) -> None:
    """The first session creates them after its hook."""
    (work / "projects").rmdir()
    assert unread_reason(work) is None
    work.rmdir()
    assert unread_reason(work) == "No such file or directory"


def test_a_folder_is_saved_once_and_forgotten_when_it_is_gone(work: Path) -> None:
    """Only as a path that stands on a line; the file is for this user alone."""
    state = work.parent / "state"
    assert not add_hook_folder(state, work)
    odd = work.parent / "two\nlines"
    odd.mkdir()
    assert not add_hook_folder(state, odd)
    assert not add_hook_folder(state, work.parent / "missing")
    assert read_hook_folders(state) == [work]
    assert hook_folders_path(state).stat().st_mode & 0o777 == 0o600
    (work / "projects").rmdir()
    work.rmdir()
    assert read_hook_folders(state) == []
    hook_folders_path(state).write_bytes(b"relative\n\xff\xfe\n/\n")
    assert read_hook_folders(state) == [Path("/")]


def test_there_is_a_limit(work: Path) -> None:
    """Each folder costs a scan."""
    state = work.parent / "state"
    for number in range(MAX_FOLDERS + 3):
        folder = work.parent / f"account{number}"
        folder.mkdir()
        add_hook_folder(state, folder)
    assert len(read_hook_folders(state)) == MAX_FOLDERS
