"""A disk of its own for a test: a small tmpfs, where mounting is allowed."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class SmallDisk:
    """A mounted disk at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Use all of its space."""
        with contextlib.suppress(OSError), (self.path / "filling").open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def make_read_only(self) -> None:
        """Allow no writing any more."""
        mount("-o", "remount,ro", str(self.path))


@contextlib.contextmanager
def small_disk(path: Path, *, size: str = "1m", inodes: int = 1000) -> Iterator[SmallDisk]:
    """Mount a disk of this size; skip the test where that is not allowed."""
    path.mkdir()
    if not mount("-t", "tmpfs", "-o", f"size={size},nr_inodes={inodes}", "tmpfs", str(path)):
        pytest.skip("mounting is not allowed here")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def mount(*arguments: str) -> bool:
    """Call `mount`; return whether that is allowed, and worked."""
    if not shutil.which("mount"):
        return False
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    return done.returncode == 0
