"""Open files that others named or made: what is not a regular file is an error, and never waits.

Opening a pipe waits for whoever writes to it, and reading a device may never end. The status line
uses this too: nothing slow is imported.
"""

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_MOST = (1 << 63) - 1
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: "str | os.PathLike[str]", flags: int = os.O_RDONLY) -> int:
    """Return a descriptor of a regular file; it is not created. Raises OSError."""
    handle = os.open(path, flags | _AT_ONCE)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def read_regular(path: "str | os.PathLike[str]", max_bytes: int = -1) -> bytes:
    """Return the content of a regular file, all or how it begins. Raises OSError, ValueError."""
    with os.fdopen(open_regular(path), "rb") as file:
        return file.read(max_bytes)


def file_of(path: "str | os.PathLike[str]") -> "BinaryIO":
    """Return a regular file to read from. Raises OSError."""
    return os.fdopen(open_regular(path), "rb")


def stored_identity(status: os.stat_result) -> "tuple[int, int]":
    """Return a file's device and inode as SQLite stores integers: in 64 bits, with a sign.

    Network drives and shared folders number files by hashes, of all 64 bits.
    """
    return _signed(status.st_dev), _signed(status.st_ino)


def stored_mtime_ns(status: os.stat_result) -> int:
    """Return when a file was changed; after the year 2262, which SQLite cannot store, that."""
    return max(-_MOST, min(_MOST, status.st_mtime_ns))


def _signed(number: int) -> int:
    return (number + _MOST + 1) % (1 << 64) - _MOST - 1
