"""Files and folders that no other user may change: check them, write them, read them.

What another user can change, this program must not believe: a settings file says where sessions
are sent to, compiled rules decide what is removed. Links are followed only where nobody else could
have made them. Without users (Windows), everything passes.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from ccsync_watch.errors import UnsafePath

HAS_USERS = hasattr(os, "getuid")
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_ROOT = 0
# What a user namespace shows for owners outside it: of them nobody inside can be one.
_OVERFLOW_UID = Path("/proc/sys/kernel/overflowuid")


def check_file(path: Path) -> Path:
    """Return the file that a path leads to; raise UnsafePath if another user can change it.

    A link may lead to it, if each folder on both ways is safe. It may be missing.
    """
    _check_above(path.absolute())
    real = _resolve(path)
    if real != path.absolute():
        _check_above(real)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        _check_status(real, real.lstat(), fix="chmod go-w")
    return real


def read_private(path: Path, max_bytes: int = -1) -> bytes:
    """Return the content of a file that only this user can change.

    Raises UnsafePath for any other, OSError when it cannot be read.
    """
    real = check_file(path)
    handle = os.open(real, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        # Once more, of what is open now: the path may lead elsewhere since.
        _check_status(real, os.fstat(handle), fix="chmod go-w")
        return file.read(max_bytes)


def write_private(path: Path, data: bytes) -> None:
    """Replace a file whole by one that only this user can read. Raises OSError."""
    # A link stays a link: people keep their settings in a repository of dotfiles.
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".new", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def check_folder(path: Path) -> None:
    """Check that only this user can change what is in a folder; take away what others may do.

    It may be missing, and a link may lead to it. Raises UnsafePath, OSError.
    """
    if not HAS_USERS:
        return
    _check_above(path.absolute())
    real = _resolve(path)
    if real != path.absolute():
        _check_above(real)
    try:
        handle = os.open(real, os.O_RDONLY | _NO_FOLLOW | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        status = os.fstat(handle)
        _check_owner(real, status)
        if stat.S_IMODE(status.st_mode) & 0o077:
            os.fchmod(handle, 0o700)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Create a folder of this user's own, or check the one that exists.

    Raises UnsafePath, OSError.
    """
    check_folder(path)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(path)


def tighten_folder(path: Path) -> None:
    """Check everything in a folder of this user's own, and make it readable by nobody else.

    A link of the user's is left as it is. Raises UnsafePath for what another user put there.
    """
    if not HAS_USERS:
        return
    with os.scandir(path) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                _tighten(Path(entry.path), entry.stat(follow_symlinks=False))


def _tighten(path: Path, status: os.stat_result) -> None:
    _check_owner(path, status)
    if stat.S_ISLNK(status.st_mode):
        return
    if stat.S_ISDIR(status.st_mode):
        if status.st_mode & 0o077:
            path.chmod(0o700)
        tighten_folder(path)
    elif status.st_mode & 0o077:
        path.chmod(0o600)


def _resolve(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a circle of links
        raise UnsafePath(f"{path} is a link that leads nowhere", hint="remove it") from None


def _check_above(path: Path) -> None:
    """Raise UnsafePath if another user can exchange a path, or a folder that it is in."""
    if not HAS_USERS:
        return
    for folder in path.parents:
        try:
            status = folder.stat()
        except OSError:
            continue  # it does not exist yet, and is created by this user
        if status.st_uid not in _trusted_owners():
            raise UnsafePath(
                f"{path} is in {folder}, which belongs to another user",
                hint="move it into a folder of yours",
            )
        if _is_writable_by_others(status) and not status.st_mode & stat.S_ISVTX:
            raise UnsafePath(
                f"{path} is in {folder}, where other users can write",
                hint=f"run `chmod go-w {folder}`",
            )


def _check_status(path: Path, status: os.stat_result, *, fix: str) -> None:
    """Raise UnsafePath unless this is a file that only its owner, this user, can change."""
    if not HAS_USERS:
        return
    if not stat.S_ISREG(status.st_mode):
        raise UnsafePath(f"{path} is not a regular file", hint="remove it")
    _check_owner(path, status)
    if _is_writable_by_others(status):
        raise UnsafePath(
            f"other users can change {path} (its mode is {stat.S_IMODE(status.st_mode):04o})",
            hint=f"look at what is in it, then run `{fix} {path}`",
        )


def _check_owner(path: Path, status: os.stat_result) -> None:
    """Raise UnsafePath if a file or folder belongs to another user; root's may be read by all."""
    if status.st_uid in {os.getuid(), _ROOT}:
        return
    owner = _user_name(status.st_uid)
    raise UnsafePath(
        f"{path} belongs to another user ({owner})",
        hint=f"run this as {owner}, or make the file yours with `chown`",
    )


def _is_writable_by_others(status: os.stat_result) -> bool:
    if status.st_mode & stat.S_IWOTH:
        return True
    # Root's folders are as the system's distributor wants them.
    return (
        bool(status.st_mode & stat.S_IWGRP)
        and status.st_uid != _ROOT
        and not _is_own_group(status.st_gid)
    )


def _is_own_group(gid: int) -> bool:
    """Return whether a group has no member but this user: many systems give each user one."""
    import grp  # noqa: PLC0415 - not on Windows
    import pwd  # noqa: PLC0415 - as above

    try:
        user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    is_primary = user.pw_gid == gid and group.gr_name == user.pw_name
    return is_primary and set(group.gr_mem) <= {user.pw_name}


def _trusted_owners() -> set[int]:
    owners = {os.getuid(), _ROOT}
    with contextlib.suppress(OSError, ValueError):
        owners.add(int(_OVERFLOW_UID.read_text(encoding="ascii")))
    return owners


def _user_name(uid: int) -> str:
    import pwd  # noqa: PLC0415 - not on Windows

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
