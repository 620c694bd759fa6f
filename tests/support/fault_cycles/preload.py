"""The library that fails calls: compiled for the test, preloaded by a process of its own.

It reaches every call that goes through the C library: those of Python's modules and of SQLite. It
does not reach calls inside the C library (such as its resolver's), the system calls of statically
linked code, and SQLite's statements where the interpreter contains SQLite itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOURCE = Path(__file__).with_name("calls.c")
_PRELOADED = "LD_PRELOAD"


def missing() -> str | None:
    """Return why calls cannot be made to fail here, None where they can."""
    if sys.platform != "linux":
        return "calls are made to fail by a preloaded library, as on Linux"
    return None if shutil.which("cc") else "calls are made to fail in C, and a compiler is missing"


def compile_to(folder: Path) -> Path:
    """Compile the library into a folder."""
    path = folder / "failing_calls.so"
    words = ["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(path), str(_SOURCE)]
    subprocess.run([*words, "-ldl"], check=True)
    return path


def environment(library: Path) -> dict[str, str]:
    """Return this process's environment, in which a program's calls can be made to fail."""
    return {**os.environ, _PRELOADED: str(library), "PYTHONPATH": os.pathsep.join(sys.path)}


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None)
    library.faults_calls.restype = library.faults_files.restype = ctypes.c_char_p
    library.faults_start.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    library.faults_arm.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, *[ctypes.c_int] * 2]
    return library


def _names(listed: bytes) -> list[str]:
    return listed.decode().split()


@dataclass(frozen=True, slots=True)
class Calls:
    """How often each kind of call was made on each kind of file, and how many of them failed."""

    counts: dict[tuple[str, str], int]
    met: int


class CallCounter:
    """Counts the calls of a process and its threads; made before the process is forked."""

    def __init__(self) -> None:
        self.calls = _names(_library().faults_calls())
        self.files = _names(_library().faults_files())
        self._memory = mmap.mmap(-1, mmap.PAGESIZE * 2)
        self._numbers = (ctypes.c_long * (len(self.calls) * len(self.files) + 1)).from_buffer(
            self._memory
        )

    def start(self, folder: Path) -> None:
        """Count in this process from now on what is called below a folder, and on sockets."""
        _library().faults_start(os.fsencode(folder), ctypes.addressof(self._numbers))

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Neither count nor fail what the block does."""
        _library().faults_count(0)
        yield
        _library().faults_count(1)

    def stop(self) -> None:
        """Count no further."""
        _library().faults_count(0)

    def arm(self, call: str, file: str, number: int, effect: int, *, is_lasting: bool) -> None:
        """Fail the call with this number, counted from 1; `is_lasting`: and all later ones."""
        at = self.calls.index(call), self.files.index(file)
        _library().faults_arm(*at, number, effect, is_lasting)

    def clear(self) -> None:
        """Forget what was counted."""
        ctypes.memset(self._numbers, 0, ctypes.sizeof(self._numbers))

    def read(self) -> Calls:
        """Return what was counted so far, by any process that has the memory."""
        width = len(self.files)
        counts = {
            (call, file): self._numbers[row * width + column]
            for row, call in enumerate(self.calls)
            for column, file in enumerate(self.files)
            if self._numbers[row * width + column]
        }
        return Calls(counts, self._numbers[len(self.calls) * width])
