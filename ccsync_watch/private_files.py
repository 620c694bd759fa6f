"""Files and folders that no other user may change: check them, write them, read them.

What another user can change, this program must not believe: a settings file says where sessions
are sent to, compiled rules decide what is removed. Links are followed only where nobody else could
have made them. Without users (Windows), everything passes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ccsync_watch.errors import UnsafePath

if TYPE_CHECKING:
    from collections.abc import Collection

HAS_USERS = hasattr(os, "getuid")
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_ROOT = 0
_MAX_LINKS = 40
# What a user namespace shows for owners outside it: of them nobody inside can be one.
_OVERFLOW_UID = Path("/proc/sys/kernel/overflowuid")


def read_private(path: Path, max_bytes: int = -1) -> bytes:
    """Return the content of a file that only this user, or root, can change.

    Raises UnsafePath for any other, OSError when it cannot be read.
    """
    real = _resolve(path)
    handle = os.open(real, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        # Of what is open now: the path may lead elsewhere by now.
        _check_status(real, os.fstat(handle))
        return file.read(max_bytes)


def write_private(path: Path, data: bytes) -> None:
    """Replace a file whole, whoever wrote the last one, by one that only this user can read.

    A link stays a link: people keep their settings in a repository of dotfiles.
    Raises UnsafePath, OSError.
    """
    # Loaded here: most commands only read.
    import tempfile  # noqa: PLC0415 - see above

    target = _resolve(path)
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
    """Check that a folder is this user's own; take away from others what they may do in it.

    It may be missing, and a link may lead to it. Raises UnsafePath, OSError.
    """
    real = _resolve(path)
    if not HAS_USERS:
        return
    try:
        handle = os.open(real, os.O_RDONLY | _NO_FOLLOW | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        status = os.fstat(handle)
        if status.st_uid != os.getuid():  # root's would not be writable, or not private
            raise _other_owner(real, status.st_uid)
        if stat.S_IMODE(status.st_mode) & 0o077:
            os.fchmod(handle, 0o700)
        if stat.S_IMODE(status.st_mode) & 0o022:
            _log_repair(real)
    finally:
        os.close(handle)


def _log_repair(folder: Path) -> None:
    # Loaded here: most folders are private, and every command checks one.
    import logging  # noqa: PLC0415 - see above

    logging.getLogger(__name__).warning(
        "other users could write to %s: it is this user's alone from now on", folder
    )


def make_folder(path: Path) -> None:
    """Create a folder of this user's own, or check the one that exists.

    Raises UnsafePath, OSError.
    """
    check_folder(path)
    real = _resolve(path)
    for above in reversed(real.parents):
        if not above.exists():
            # Whatever the umask, nobody else may exchange what is in it.
            above.mkdir(mode=0o755, exist_ok=True)
    real.mkdir(mode=0o700, exist_ok=True)
    check_folder(path)


def tighten_folder(path: Path, *, is_removing: bool = False, besides: Collection[str] = ()) -> None:
    """Make all that is in a folder of this user's own readable by nobody else.

    Raises UnsafePath for what belongs to another user, or removes it. A link of this user's is
    left as it is, and so is what has one of the names `besides`.
    """
    if not HAS_USERS or not path.is_dir():
        return
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name in besides:
                continue
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                _tighten(Path(entry.path), is_removing=is_removing)


def _tighten(path: Path, *, is_removing: bool) -> None:
    status = path.lstat()
    if status.st_uid != os.getuid():
        if not is_removing:
            raise _other_owner(path, status.st_uid)
        with contextlib.suppress(OSError):
            path.rmdir() if stat.S_ISDIR(status.st_mode) else path.unlink()
    elif stat.S_ISDIR(status.st_mode):
        if status.st_mode & 0o077:
            path.chmod(0o700)
        tighten_folder(path, is_removing=is_removing)
    elif not stat.S_ISLNK(status.st_mode) and status.st_mode & 0o177:
        path.chmod(0o600)


def _resolve(path: Path) -> Path:
    """Return where a path leads to. Raises OSError for a circle of links.

    Raises UnsafePath if another user can exchange a step of the way.
    """
    if not HAS_USERS:
        return path.resolve()
    absolute = path.absolute()
    current, pending = Path(absolute.anchor), list(reversed(absolute.parts[1:]))
    links = 0
    while pending:
        name = pending.pop()
        if name == "..":
            current = current.parent
            continue
        _check_place(current, path)
        step = current / name
        try:
            status = step.lstat()
        except (FileNotFoundError, NotADirectoryError):
            # Created by this user.
            return step.joinpath(*reversed(pending))
        if not stat.S_ISLNK(status.st_mode):
            current = step
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        if status.st_uid not in _trusted_owners():
            raise _other_owner(step, status.st_uid)
        target = step.readlink()
        if target.is_absolute():
            current = Path(target.anchor)
        pending += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    return current


def _check_place(folder: Path, path: Path) -> None:
    """Raise UnsafePath if another user can exchange what is in a folder that a path leads through.

    In one like `/tmp` everybody can create files, and exchange only their own.
    """
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        return  # nothing is in it: whoever goes there fails
    if status.st_uid not in _trusted_owners():
        owner = _user_name(status.st_uid)
        raise UnsafePath(
            f"{path} is in {folder}, which belongs to another user ({owner})",
            hint=f"run this as {owner}, or move it into a folder of yours",
        )
    if _is_writable_by_others(status) and not status.st_mode & stat.S_ISVTX:
        raise UnsafePath(
            f"{path} is in {folder}, where other users can write",
            hint=f"run `chmod go-w {folder}`",
        )


def _check_status(path: Path, status: os.stat_result) -> None:
    """Raise UnsafePath unless this is a file that only this user, or root, can change."""
    if not HAS_USERS or stat.S_ISDIR(status.st_mode):
        return  # reading a folder fails by itself
    if not stat.S_ISREG(status.st_mode):
        raise UnsafePath(f"{path} is not a regular file", hint="remove it")
    if status.st_uid not in {os.getuid(), _ROOT}:
        raise _other_owner(path, status.st_uid)
    if _is_writable_by_others(status):
        raise UnsafePath(
            f"other users can change {path} (its mode is {stat.S_IMODE(status.st_mode):04o})",
            hint=f"look at what is in it, then run `chmod go-w {path}`",
        )


def _other_owner(path: Path, uid: int) -> UnsafePath:
    owner = _user_name(uid)
    return UnsafePath(
        f"{path} belongs to another user ({owner})",
        hint=f"run this as {owner}, or make it yours with `chown`",
    )


def _is_writable_by_others(status: os.stat_result) -> bool:
    if status.st_mode & stat.S_IWOTH:
        return True
    if not status.st_mode & stat.S_IWGRP:
        return False
    # Root's folders are as the system's distributor wants them.
    is_of_the_system = status.st_uid == _ROOT and stat.S_ISDIR(status.st_mode)
    return not is_of_the_system and not _is_own_group(status.st_gid)


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


@cache
def _trusted_owners() -> frozenset[int]:
    """Return who may own a folder that a path leads through: this user, root, the system."""
    owners = {os.getuid(), _ROOT}
    with contextlib.suppress(OSError, ValueError):
        owners.add(int(_OVERFLOW_UID.read_text(encoding="ascii")))
    return frozenset(owners)


def _user_name(uid: int) -> str:
    import pwd  # noqa: PLC0415 - not on Windows

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
