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
