"""What is wrong with the setting of the Claude folders, and what it should be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.config import load
from ccsync_watch.config.hook_folders import add_hook_folder
from ccsync_watch.report import check_folders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return an environment with two Claude folders, `a` and `b`, and a file."""
    for name in ("a", "b"):
        (tmp_path / name / "projects" / "-home-u-x").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "new").mkdir()
    return {"HOME": str(tmp_path), "CCSYNC_WATCH_HOME": str(tmp_path / "state")}


@pytest.mark.parametrize(
    ("value", "words", "hint"),
    [
        ("a:b", "colons do not separate folders", "set CLAUDE_CONFIG_DIR to ~/a,~/b,"),
        ("a;b;new", "colons do not separate", "set CLAUDE_CONFIG_DIR to ~/a,~/b,~/new,"),
        ("a/projects", "inside of a Claude folder", "set CLAUDE_CONFIG_DIR to ~/a"),
        ("a/projects/", "inside of a Claude folder", "set CLAUDE_CONFIG_DIR to ~/a"),
        ("a/projects/-home-u-x", "inside of a Claude folder", "set CLAUDE_CONFIG_DIR to ~/a"),
        ("a,nowhere", "~/nowhere: the folder does not exist", "correct CLAUDE_CONFIG_DIR"),
        ("file", "this is not a folder", "set CLAUDE_CONFIG_DIR to the folder that contains"),
    ],
)
def test_a_mistake_is_explained(
    env: dict[str, str], tmp_path: Path, value: str, words: str, hint: str
) -> None:
    """It names the place, and ends in what to set instead."""
    for separator in (",", ":", ";"):
        value = value.replace(separator, f"{separator}{tmp_path}/")
    env["CLAUDE_CONFIG_DIR"] = f"{tmp_path}/{value}"
    (problem,) = check_folders(load(env))
    assert words in problem.detail
    assert problem.detail.endswith("(set in the environment variable CLAUDE_CONFIG_DIR)")
    assert problem.hint.startswith(hint)
    assert problem.severity == "error"


def test_the_settings_file_is_named(env: dict[str, str], tmp_path: Path) -> None:
    """With the key that is in it."""
    folders = [f"{tmp_path}/a", f"{tmp_path}/b/projects"]
    (tmp_path / ".claude-code-sync.json").write_text(json.dumps({"claude_dirs": folders}))
    (problem,) = check_folders(load(env))
    assert problem.detail.endswith("(set in ~/.claude-code-sync.json)")
    assert problem.hint == "set claude_dirs to ~/b"


@pytest.mark.parametrize("value", ["", "a", "a,b", "a,new", "c:d"])
def test_a_folder_that_can_be_read_is_not_a_problem(
    env: dict[str, str], tmp_path: Path, value: str
) -> None:
    """Neither is the default, nor one without a session so far, nor a colon in a name."""
    (tmp_path / "c:d" / "projects").mkdir(parents=True)
    env["CLAUDE_CONFIG_DIR"] = ",".join(f"{tmp_path}/{name}" for name in value.split(",") if name)
    assert check_folders(load(env)) == []


def test_a_link_that_leads_nowhere_is_named(env: dict[str, str], tmp_path: Path) -> None:
    """Also in the default folder: a drive may be missing."""
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "projects").symlink_to(tmp_path / "gone")
    (problem,) = check_folders(load(env))
    assert problem.detail == (
        f"~/.claude: its folder `projects` is a link to {tmp_path / 'gone'}, which does not exist"
    )


def test_a_folder_of_another_account_that_is_not_read_is_named(
    env: dict[str, str], tmp_path: Path
) -> None:
    """Its absence in the user's list is a warning."""
    (tmp_path / "state").mkdir()
    add_hook_folder(tmp_path / "state", tmp_path / "b")
    assert check_folders(load(env)) == []
    folders = [f"{tmp_path}/a"]
    (tmp_path / ".claude-code-sync.json").write_text(json.dumps({"claude_dirs": folders}))
    (problem,) = check_folders(load(env))
    assert problem.detail.startswith("Claude Code writes sessions to ~/b as well")
    assert problem.hint == "add it to claude_dirs in ~/.claude-code-sync.json"
    assert problem.severity == "warning"
