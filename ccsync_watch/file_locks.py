"""Locks on files, as the library that the daemon uses takes them: for whole processes.

Without any import that takes time. Where the system has none of the kind (Windows), nothing is
known of a lock here, and none is taken.
"""

from __future__ import annotations

import os

try:
    import fcntl
except ImportError:  # pragma: no cover - on Windows
    fcntl = None  # type: ignore[assignment]  # asked for below


def is_locked(path: str) -> bool | None:
    """Return whether a process holds the lock on a file; None where that is not known."""
    if fcntl is None:  # pragma: no cover - on Windows
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def take_lock(path: str) -> int | None:
    """Return a handle that holds the lock on a file, which is created; None if another has it.

    Whoever inherits the handle holds the lock too. Raises OSError.
    """
    if fcntl is None:  # pragma: no cover - on Windows
        return None
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def file_identity(path: os.PathLike[str]) -> tuple[int, int] | None:
    """Return a file's device and inode, None when there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - without an import of pathlib
    except OSError:
        return None
    return status.st_dev, status.st_ino
