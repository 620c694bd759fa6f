"""Open a transcript for reading; the one place that touches its bytes.

No descriptor is kept between looks: open, stat, read, close.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        seen = os.fstat(descriptor)
        yield OpenFile(
            size=seen.st_size,
            mtime_ns=seen.st_mtime_ns,
            device=seen.st_dev,
            inode=seen.st_ino,
            read_at=lambda offset, count: os.pread(descriptor, count, offset),
        )
    finally:
        os.close(descriptor)


def read_sidecar(path: str, max_bytes: int = 64 << 10) -> bytes:
    """Return the small file beside a subagent's transcript, empty when there is none."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a str path may hold bytes that Path would not print
            return file.read(max_bytes)
    except OSError:
        return b""
