"""Sessions of one folder belong to one project, whatever wrote their paths; others stay apart."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store.session_list import load_session
from ccsync_watch.store.session_summaries import session_summary
from support.lines import Writer

if TYPE_CHECKING:
    from support.pumping import Bench


def projects_of(bench: Bench, *folders: str) -> list[str | None]:
    """Return the projects of sessions in these folders, which are read in this order."""
    names = [f"{number:08}-2222-4333-8444-555555555555" for number in range(len(folders))]
    for name, folder in zip(names, folders, strict=True):
        bench.append(bench.path(name), Writer(name, cwd=folder).prompt("hello"))
        bench.catch_up()
    rows = [load_session(bench.database, name) for name in names]
    return [row.project_path for row in rows if row]


@pytest.mark.parametrize(
    "folders", list(itertools.permutations(["/c/dev/shop", "/mnt/c/dev/shop/", "c:/dev/shop"]))
)
def test_a_mounted_drive_is_joined_with_the_drive(bench: Bench, folders: tuple[str, ...]) -> None:
    """In whichever order they are read."""
    assert set(projects_of(bench, *folders)) == {"C:\\dev\\shop"}


def test_the_header_says_what_was_joined_later(bench: Bench) -> None:
    """It is what the backend shows of a session's folder."""
    projects_of(bench, "/c/dev/shop", "C:\\else")
    (header,) = bench.select(
        "SELECT unpacked(p.content) FROM parts p JOIN messages m ON m.seq = p.message_seq"
        " WHERE m.kind = 'session' AND m.session_id LIKE '00000000%'"
    )
    assert "Folder: C:\\\\dev\\\\shop" in header[0]
    summary = session_summary(bench.database, "00000000-2222-4333-8444-555555555555")
    assert summary is not None
    assert summary.value.project_name == "shop"


@pytest.mark.parametrize(
    "folders",
    [
        ("/w/shop", "/mnt/w/shop"),
        ("/w/shop", "/shop", "C:\\shop"),
        ("/c/dev/shop", "D:\\dev\\shop"),
        ("\\\\server\\share\\shop", "\\\\server\\other\\shop"),
        ("\\\\server\\share\\shop", "/server/share/shop"),
        ("\\\\wsl$\\Debian\\srv\\shop", "\\\\wsl.localhost\\Ubuntu\\srv\\shop"),
        ("\\\\wsl$\\Debian\\srv\\shop", "\\\\wsl$\\Ubuntu\\srv\\shop", "/srv/shop"),
        ("/srv/shop", "/srv/Shop"),
        ("/mnt/data/shop", "/data/shop"),
    ],
)
def test_different_folders_are_different_projects(bench: Bench, folders: tuple[str, ...]) -> None:
    """One-letter folders of other systems, drives, shares and distributions of Linux."""
    projects = projects_of(bench, *folders)
    assert len(set(projects)) == len(folders)
    if not any("\\" in folder for folder in folders):
        assert projects == list(folders)


@pytest.mark.parametrize(
    ("folders", "project"),
    [
        (["C:\\dev\\Shop", "c:\\DEV\\shop", "/C/dev/shop"], "C:\\dev\\Shop"),
        (["//Server/share/x", "\\\\server\\share\\x", "\\\\?\\UNC\\SERVER\\Share\\x"], None),
        (["/srv/shop", "\\\\wsl$\\Debian\\srv\\shop", "//wsl.localhost/debian/srv/shop"], None),
        (["/c/Users/jo/shop", "/mnt/c/Users/jo/shop"], "C:\\Users\\jo\\shop"),
        (["/c/dev/shop/.claude/worktrees/x/src", "/mnt/c/dev/shop", "C:\\dev\\shop"], None),
    ],
)
def test_spellings_of_one_folder_are_one_project(
    bench: Bench, folders: list[str], project: str | None
) -> None:
    """Windows does not distinguish upper and lower case."""
    projects = set(projects_of(bench, *folders))
    assert len(projects) == 1
    assert project is None or projects == {project}


def test_the_folder_of_transcripts_shows_a_drive(bench: Bench) -> None:
    """The client names it after the folder as Windows writes it."""
    name = "00000000-2222-4333-8444-555555555555"
    row = Writer(name, cwd="/d/dev/shop").prompt("hello")
    bench.append(bench.path(name, project="D--dev-shop"), row)
    bench.catch_up()
    session = load_session(bench.database, name)
    assert session is not None
    assert session.project_path == "D:\\dev\\shop"
