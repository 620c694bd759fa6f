r"""One spelling for each project's folder."""

from __future__ import annotations

import pytest

from ccsync_watch.transcripts.project_folders import folder_name, locate_project, slashed

DOCUMENTS = "D:\\Work\\my docs"


@pytest.mark.parametrize(
    "folder",
    [
        "D:\\Work\\my docs",
        "d:\\Work\\my docs\\",
        "d:/Work/my docs/",
        "D:/Work\\my docs",
        "D:\\\\Work\\.\\my docs",
        "\\\\?\\D:\\Work\\my docs",
        "/mnt/d/Work/my docs",
        "/cygdrive/d/Work/my docs",
        "/d/Work/my docs",
        "\\\\wsl$\\Debian\\mnt\\d\\Work\\my docs",
    ],
)
def test_all_spellings_of_a_folder_of_windows_are_one_project(folder: str) -> None:
    """Programs inside WSL and Git Bash included."""
    assert locate_project(folder).path == DOCUMENTS
    assert folder_name(folder) == "my docs"
    assert slashed(folder) == "D:/Work/my docs"


@pytest.mark.parametrize(
    "folder",
    [
        "/srv/api",
        "/srv//api/",
        "/srv/./api",
        "\\\\wsl.localhost\\Ubuntu-24.04\\srv\\api",
        "\\\\WSL$\\Debian\\srv\\api\\",
        "//wsl.localhost/Debian/srv/api",
    ],
)
def test_a_folder_inside_wsl_is_the_same_from_outside(folder: str) -> None:
    """Which distribution it is in does not matter."""
    assert locate_project(folder) == ("/srv/api", None)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/", "/"),
        ("/x", "x"),
        ("relative/x", "x"),
        ("/srv/a\\b", "a\\b"),
        ("/srv/深度 学习", "深度 学习"),
        ("\\\\server\\share\\x", "x"),
        ("/srv/.claude/worktrees", "worktrees"),
        ("/srv/.claude/other/x", "x"),
    ],
)
def test_any_other_folder_stays_as_it_is(folder: str, name: str) -> None:
    """A backslash is a letter like any other outside of Windows."""
    assert locate_project(folder) == (folder, None)
    assert folder_name(folder) == name


@pytest.mark.parametrize(
    ("folder", "project", "worktree"),
    [
        ("/srv/api/.claude/worktrees/fix-login", "/srv/api", "fix-login"),
        ("/srv/api/.claude/worktrees/agent-a1/src/deep", "/srv/api", "agent-a1"),
        ("e:\\api\\.claude\\worktrees\\x", "E:\\api", "x"),
        ("/mnt/e/api/.claude/worktrees/x/", "E:\\api", "x"),
    ],
)
def test_a_worktree_belongs_to_its_repository(folder: str, project: str, worktree: str) -> None:
    """Its name is the folder's below the client's own."""
    assert locate_project(folder) == (project, worktree)


@pytest.mark.parametrize("folder", [None, ""])
def test_no_folder_is_no_project(folder: str | None) -> None:
    """Older rows have none."""
    assert locate_project(folder) == (None, None)
