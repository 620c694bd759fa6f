"""Files and folders that another user can change are not believed; the user's own links are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import UnsafePath
from ccsync_watch.private_files import (
    check_folder,
    make_folder,
    read_private,
    tighten_folder,
    write_private,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER_UID = 61_234

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are not any users")
needs_root = pytest.mark.skipif(
    hasattr(os, "getuid") and os.getuid() != 0, reason="only root can give files away"
)


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    umask = os.umask(0o022)
    yield
    os.umask(umask)


def mode(path: Path) -> int:
    """Return the permissions of a file or folder, not of what a link leads to."""
    return path.lstat().st_mode & 0o777


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of this user's."""
    path = tmp_path / "own" / "file"
    path.parent.mkdir(mode=0o755)
    path.write_bytes(b"content")
    return path


def test_usual_file_is_read(file: Path) -> None:
    """Others may read it, and it may be missing."""
    assert read_private(file) == b"content"
    assert read_private(file, 3) == b"con"
    with pytest.raises(FileNotFoundError):
        read_private(file.with_name("missing"))
    with pytest.raises(FileNotFoundError):
        read_private(file.parent / "missing" / "file")


@pytest.mark.parametrize("bits", [0o666, 0o602, 0o622, 0o777])
def test_file_that_others_can_write_is_rejected(file: Path, bits: int) -> None:
    """The message names it and its mode, and how to repair it."""
    file.chmod(bits)
    with pytest.raises(UnsafePath) as caught:
        read_private(file)
    assert f"{file} (its mode is {bits:04o})" in caught.value.message
    assert f"chmod go-w {file}" in caught.value.hint
    file.chmod(bits & ~0o022)
    assert read_private(file) == b"content"


@pytest.mark.parametrize("bits", [0o777, 0o757, 0o703])
def test_file_in_a_folder_where_others_can_write_is_rejected(file: Path, bits: int) -> None:
    """They can exchange it; also through a folder above."""
    file.parent.chmod(bits)
    deep = file.parent / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"x")
    for path in (file, deep / "file", deep / "missing"):
        with pytest.raises(UnsafePath, match=f"in {file.parent}, where other users can write"):
            read_private(path)
        with pytest.raises(UnsafePath, match=f"in {file.parent}, where other users can write"):
            write_private(path, b"x")


def test_what_is_not_a_folder_is_not_called_one_of_others() -> None:
    """Everybody can write to `/dev/null`, and must: a hint to change that would do harm."""
    with pytest.raises(NotADirectoryError):
        make_folder(Path("/dev/null/state"))
    with pytest.raises(NotADirectoryError):
        check_folder(Path("/dev/null/state"))


def test_folder_like_tmp_is_safe(file: Path) -> None:
    """There nobody can exchange another user's files."""
    file.parent.chmod(0o1777)
    assert read_private(file) == b"content"


@needs_root
def test_file_of_another_user_is_rejected(file: Path) -> None:
    """Also for root, who could read it."""
    os.chown(file, OTHER_UID, -1)
    with pytest.raises(UnsafePath, match=rf"belongs to another user \(user {OTHER_UID}\)"):
        read_private(file)


@needs_root
def test_folder_of_another_user_is_rejected(file: Path) -> None:
    """They can exchange what is in it."""
    os.chown(file.parent, OTHER_UID, -1)
    with pytest.raises(UnsafePath, match="which belongs to another user"):
        read_private(file)
    with pytest.raises(UnsafePath, match="belongs to another user"):
        check_folder(file.parent)


def test_links_of_dotfiles_are_followed(file: Path, tmp_path: Path) -> None:
    """As chezmoi and stow make them: relative, absolute, several, through a linked folder."""
    (tmp_path / "home").mkdir()
    relative, absolute = tmp_path / "home" / "relative", tmp_path / "home" / "absolute"
    relative.symlink_to("../own/file")
    absolute.symlink_to(relative)
    (tmp_path / "home" / "folder").symlink_to(file.parent)
    for path in (relative, absolute, tmp_path / "home" / "folder" / "file"):
        assert read_private(path) == b"content"
    write_private(absolute, b"new")
    assert absolute.is_symlink()
    assert relative.is_symlink()
    assert file.read_bytes() == b"new"
    assert mode(file) == 0o600


def test_link_is_safe_only_if_each_step_is(file: Path, tmp_path: Path) -> None:
    """A link that others can exchange, on the way, before or after it."""
    loose = tmp_path / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    (loose / "link").symlink_to(file)
    (tmp_path / "link").symlink_to(loose / "link")
    for path in (loose / "link", tmp_path / "link", loose / ".." / "loose" / "link"):
        with pytest.raises(UnsafePath):
            read_private(path)


@needs_root
def test_link_of_another_user_is_not_followed(file: Path, tmp_path: Path) -> None:
    """In a folder like `/tmp` everybody can make one to a file of ours."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    link = folder / "link"
    link.symlink_to(file)
    os.chown(link, OTHER_UID, -1, follow_symlinks=False)
    with pytest.raises(UnsafePath, match="belongs to another user"):
        read_private(link)
    link.unlink()
    link.symlink_to(file.parent)
    os.chown(link, OTHER_UID, -1, follow_symlinks=False)
    before = mode(file.parent)
    with pytest.raises(UnsafePath, match="belongs to another user"):
        make_folder(link)
    assert mode(file.parent) == before


def test_other_kinds_of_files_do_not_block(tmp_path: Path) -> None:
    """A pipe without a writer would block for ever; a circle of links leads nowhere."""
    pipe, circle = tmp_path / "pipe", tmp_path / "circle"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(UnsafePath, match="not a regular file"):
        read_private(pipe)
    circle.symlink_to(circle)
    with pytest.raises(OSError, match="symbolic links"):
        read_private(circle)


def test_loose_folder_is_repaired(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What others may do in it is taken away, with a warning; what is in it stays."""
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "file").touch()
    make_folder(folder)
    assert mode(folder) == 0o700
    assert (folder / "file").exists()
    assert f"other users could write to {folder}" in caplog.text
    caplog.clear()
    link = tmp_path / "link"
    link.symlink_to(folder)
    folder.chmod(0o755)
    make_folder(link)
    assert mode(folder) == 0o700
    assert not caplog.text


def test_new_folder_is_private(tmp_path: Path) -> None:
    """Whatever the umask."""
    os.umask(0)
    make_folder(tmp_path / "a" / "b")
    assert mode(tmp_path / "a" / "b") == 0o700
    assert not mode(tmp_path / "a") & 0o022
    check_folder(tmp_path / "missing")


def test_everything_in_a_folder_is_tightened(tmp_path: Path) -> None:
    """Files and folders at any depth; a link's target is not the folder's."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"")
    outside.chmod(0o644)
    deep = tmp_path / "state" / "a" / "b"
    deep.mkdir(parents=True)
    for path in (deep / "file", deep.parent / "file"):
        path.write_bytes(b"")
        path.chmod(0o666)
    (deep / "link").symlink_to(outside)
    tighten_folder(tmp_path / "state")
    assert {mode(deep), mode(deep.parent)} == {0o700}
    assert {mode(deep / "file"), mode(deep.parent / "file")} == {0o600}
    assert mode(outside) == 0o644


@needs_root
def test_what_another_user_put_there_is_rejected_or_removed(tmp_path: Path) -> None:
    """A file, a link, a folder."""
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "file").touch()
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "folder").mkdir()
    for path in folder.iterdir():
        os.chown(path, OTHER_UID, -1, follow_symlinks=False)
    with pytest.raises(UnsafePath, match="belongs to another user"):
        tighten_folder(folder)
    tighten_folder(folder, besides={"file", "link", "folder"})
    tighten_folder(folder, is_removing=True)
    assert not list(folder.iterdir())
    assert Path("/etc/passwd").exists()


def test_interrupted_write_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it."""

    def fail(*_arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_private(file, b"new")
    assert file.read_bytes() == b"content"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("is_own_group", [True, False])
def test_group_of_the_user_alone_may_write(
    file: Path, monkeypatch: pytest.MonkeyPatch, *, is_own_group: bool
) -> None:
    """Many systems give each user a group, and let it write by default; no other group may."""
    import grp  # noqa: PLC0415 - not on Windows
    import pwd  # noqa: PLC0415 - as above

    user = pwd.getpwuid(os.getuid())
    members = [user.pw_name] if is_own_group else [user.pw_name, "somebody"]
    group = grp.struct_group((user.pw_name, "x", user.pw_gid, members))
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: group)
    file.chmod(0o664)
    if is_own_group:
        assert read_private(file) == b"content"
    else:
        with pytest.raises(UnsafePath):
            read_private(file)
