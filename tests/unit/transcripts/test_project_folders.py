r"""One spelling for each project's folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.transcripts.project_folders import (
    below_home,
    find_encoded_root,
    find_windows_root,
    folder_name,
    join_folder,
    locate_project,
    normalize_folder,
    resolve_folder,
    shown_path,
    slashed,
    spellings,
    wsl_folder,
)

PIECES = (
    "/", "\\", "//", "\\\\", "C:", "c:", "d", "mnt", "wsl$", "wsl.localhost", "?", ".", "..", "é",
    "cygdrive", "UNC", "Users", ".claude", "worktrees", "x", "~", " ",
)  # fmt: skip

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
        "\\\\.\\d:\\Work\\my docs",
        "//?/D:/Work/my docs",
        "/d:/Work/my docs",
        "/cygdrive/d/Work/my docs",
        "//cygdrive//d//Work/my docs",
        "\\\\wsl$\\Debian\\\\mnt\\\\d\\Work\\my docs",
        "\\\\wsl$\\Debian\\mnt\\d\\Work\\my docs",
        "//wsl.localhost/Debian/mnt/d/Work/my docs",
    ],
)
def test_all_spellings_of_a_folder_of_windows_are_one_project(folder: str) -> None:
    """Those that no other system has show which drive there is."""
    assert locate_project(folder).path == DOCUMENTS
    assert folder_name(folder) == "my docs"
    assert slashed(folder) == "D:/Work/my docs"
    assert find_windows_root(folder) == "D:\\"


@pytest.mark.parametrize(
    "folder", ["/d/Work/my docs", "/mnt/d/Work/my docs/", "/mnt//d/Work/my docs"]
)
def test_a_mounted_drive_is_one_only_where_there_is_such_a_drive(folder: str) -> None:
    """Other systems have folders of one letter, too."""
    assert find_windows_root(folder) is None
    assert resolve_folder(folder, lambda _root: False) == folder.rstrip("/").replace("//", "/")
    assert resolve_folder(folder, lambda root: root == "D:\\") == DOCUMENTS
    assert resolve_folder(folder, lambda root: root != "D:\\") != DOCUMENTS
    assert slashed(folder).startswith("/")


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("/c/Users/jo/shop", "C:\\Users\\jo\\shop"),
        ("/mnt/c/Users/jo/shop", "C:\\Users\\jo\\shop"),
        ("//c//Users//jo/shop/", "C:\\Users\\jo\\shop"),
        ("/mnt//c/Users/jo/shop", "C:\\Users\\jo\\shop"),
        ("/mnt/c/Program Files/x", "C:\\Program Files\\x"),
        ("/c/users/jo", "/c/users/jo"),
        ("/data/Users/jo", "/data/Users/jo"),
        ("/mnt/cc/Users", "/mnt/cc/Users"),
        ("/c", "/c"),
        ("/w/p", "/w/p"),
    ],
)
def test_the_folders_of_windows_itself_show_a_drive(folder: str, path: str) -> None:
    """No other system has `/c/Users`."""
    assert locate_project(folder).path == path


@pytest.mark.parametrize(
    ("folder", "distribution"),
    [
        ("\\\\wsl.localhost\\Ubuntu-24.04\\srv\\api", "ubuntu-24.04"),
        ("\\\\WSL$\\Debian\\srv\\api\\", "debian"),
        ("//wsl.localhost/Debian/srv/api", "debian"),
        ("\\\\?\\UNC\\wsl$\\Debian\\srv\\api", "debian"),
        ("\\\\\\\\wsl$\\\\Debian\\\\srv\\\\api", "debian"),
    ],
)
def test_a_folder_inside_wsl_is_the_same_from_outside(folder: str, distribution: str) -> None:
    """Which distribution it is in is known, and does not count while there is only one."""
    assert wsl_folder(folder) == (distribution, "/srv/api")
    assert resolve_folder(folder, lambda _root: False) == "/srv/api"


@pytest.mark.parametrize(
    ("folder", "root"),
    [
        ("\\\\Server\\share\\x", "\\\\server\\share\\"),
        ("\\\\?\\UNC\\server\\share", "\\\\server\\share\\"),
        ("\\\\wsl$\\Debian\\srv", "\\\\wsl.localhost\\debian\\"),
        ("//server/share/x", None),
        ("relative", None),
        ("", None),
    ],
)
def test_shares_are_roots(folder: str, root: str | None) -> None:
    """Written with slashes, they may be folders of another system."""
    assert find_windows_root(folder) == root


def test_a_share_with_slashes_is_one_only_where_there_is_such_a_share() -> None:
    """A path that begins with two slashes usually is one with a slash too many."""
    assert resolve_folder("//server/share/x", lambda _root: False) == "/server/share/x"
    assert resolve_folder("//d/share/x", lambda root: root == "D:\\") == "D:\\share\\x"
    assert resolve_folder("//server/share/x", lambda _root: True) == "\\\\server\\share\\x"


@pytest.mark.parametrize(
    ("name", "root"), [("c--Users-jo", "C:\\"), ("-c-Users", None), ("cc--x", None), ("", None)]
)
def test_a_folder_of_transcripts_may_be_named_after_a_drive(name: str, root: str | None) -> None:
    """Its name begins with a letter only on Windows."""
    assert find_encoded_root(name) == root


@pytest.mark.parametrize(
    ("folder", "path", "joined"),
    [
        ("/home/jo/shop", "../fix", "/home/jo/fix"),
        ("/home/jo/shop", "./a//b/.", "/home/jo/shop/a/b"),
        ("/home/jo/shop", "/srv/fix", "/srv/fix"),
        ("/home/jo/shop", "~/fix", "/home/jo/fix"),
        ("/srv/shop", "~/fix", None),
        ("/home/jo", "~else/fix", None),
        ("C:\\dev\\shop", "../fix", "C:\\dev\\fix"),
        ("C:\\dev\\shop", "..\\..\\..\\fix", "C:\\fix"),
        ("C:\\Users\\jo\\shop", "~/fix", "C:\\Users\\jo\\fix"),
        ("C:\\dev\\shop", "d:/fix", "D:\\fix"),
    ],
)
def test_a_path_is_joined_to_the_folder_that_it_was_written_in(
    folder: str, path: str, joined: str | None
) -> None:
    """The home folder is known only from a folder in it."""
    assert join_folder(folder, path) == joined


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
        ("/mnt/e/api/.claude/worktrees/x/", "/mnt/e/api", "x"),
        ("/srv/api/.claude/worktrees/a/.claude/worktrees/b/src", "/srv/api", "b"),
    ],
)
def test_a_worktree_belongs_to_its_repository(folder: str, project: str, worktree: str) -> None:
    """Its name is the folder's below the client's own."""
    assert locate_project(folder) == (project, worktree)


@pytest.mark.parametrize("folder", [None, ""])
def test_no_folder_is_no_project(folder: str | None) -> None:
    """Older rows have none."""
    assert locate_project(folder) == (None, None)


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_the_one_spelling_of_a_path_is_its_own(path: str) -> None:
    """Whatever is in it; nothing raises."""
    path = f"/{path}"
    spelling = normalize_folder(path)
    assert normalize_folder(spelling) == spelling
    resolved = resolve_folder(path, lambda _root: False)
    assert normalize_folder(resolved) == resolved
    assert find_windows_root(spelling) == find_windows_root(path)
    for function in (folder_name, locate_project, slashed, spellings, wsl_folder):
        function(path)
    join_folder(spelling, path)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/posy/dev/pots", "~/dev/pots"),
        ("/var/home/posy/pots/a b.py", "~/pots/a b.py"),
        ("/Users/posy/pots", "~/pots"),
        ("/Users/posy", "~"),
        ("/root/pots", "~/pots"),
        ("/rootless/pots", None),
        ("/srv/home/posy", None),
        ("/home", None),
        ("/Users/Shared/pots", None),
        ("C:\\Users\\posy\\dev\\pots", "~/dev/pots"),
        ("c:/users/posy/pots", "~/pots"),
        ("C:\\Users\\Public\\pots", None),
        ("/mnt/c/Users/posy/pots", "~/pots"),
        ("/c/Users/posy/pots", "~/pots"),
        ("\\\\wsl.localhost\\ubuntu\\home\\posy\\pots", "~/pots"),
        ("D:\\pots", None),
        ("pots/home/posy", None),
        ("", None),
    ],
)
def test_a_path_below_a_home_does_not_name_it(path: str, shown: str | None) -> None:
    """Whoever's home it is, on whichever system."""
    assert below_home(path) == shown


def test_a_path_is_shown_in_the_first_folder_that_it_is_in() -> None:
    """A folder is whole parts of the path."""
    folders = ["/home/posy/pots", "C:\\pots"]
    assert shown_path("/home/posy/pots/a/b.py", folders) == "a/b.py"
    assert shown_path("C:\\pots\\b.py", folders) == "b.py"
    assert shown_path("/home/posy/potsherds/b.py", folders) == "~/potsherds/b.py"
    assert shown_path("/srv/b.py", folders) == "/srv/b.py"
