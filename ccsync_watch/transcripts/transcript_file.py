"""Open a transcript for reading; the only module that reads its bytes.

No descriptor stays open between two reads: open, stat, read, close.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.regular_files import (
    open_regular,
    read_regular,
    stored_identity,
    stored_mtime_ns,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class OpenFile:
    """An open transcript; `read_at(offset, count)` returns up to `count` bytes."""

    size: int
    mtime_ns: int
    device: int
    inode: int
    read_at: Callable[[int, int], bytes]


@contextlib.contextmanager
def open_file(path: str) -> Iterator[OpenFile]:
    """Open a transcript. Raises OSError."""
    descriptor = open_regular(path)
    try:
        status = os.fstat(descriptor)
        device, inode = stored_identity(status)
        yield OpenFile(
            size=status.st_size,
            mtime_ns=stored_mtime_ns(status),
            device=device,
            inode=inode,
            read_at=lambda offset, count: os.pread(descriptor, count, offset),
        )
    finally:
        os.close(descriptor)


def read_sidecar(path: str, max_bytes: int = 16 << 20) -> bytes:
    """Return the content of a file that describes a subagent, empty if it cannot be read.

    That of a workflow's run holds the script and all results, too.
    """
    try:
        return read_regular(path, max_bytes)
    except OSError:
        return b""
