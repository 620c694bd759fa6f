"""Starts the process that cleans a backlog ahead, and ends it; imports nothing slow.

It may be started before the rest of this program is loaded, so that both load at the same time.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

START_BYTES = 16 << 20
"""A shorter backlog is read before a process is ready."""
# What Python and its libraries need to start. Of the rest, such as an API key, `/proc` would show
# what this process keeps out of its own visible environment: see `cli.clean_environment`.
_INHERITED = re.compile(
    r"HOME|PATH|LANG|LC_\w+|TMPDIR|PYTHON\w*|VIRTUAL_ENV|COVERAGE_\w+|LD_LIBRARY_PATH|DYLD_\w+"
)
_SUFFIX = ".jsonl"


def has_processors() -> bool:
    """Return whether another process can work at the same time, and be talked to."""
    if os.name != "posix":
        return False
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) > 1
    return (os.cpu_count() or 1) > 1


def start_process() -> subprocess.Popen[bytes]:
    """Start the process, which waits for a `CleaningSetup` then. Raises OSError."""
    return subprocess.Popen(
        [sys.executable, "-m", "ccsync_watch.pipeline.cleaning_process"],
        cwd=os.sep,  # what is imported from there is nobody else's
        env={name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    )


def start_early(roots: Iterable[str]) -> subprocess.Popen[bytes] | None:
    """Start the process if so much is below these folders that a first import will need it."""
    if not has_processors():
        return None
    size = 0
    for file_size in _transcript_sizes(roots):
        size += file_size
        if size >= START_BYTES:
            with contextlib.suppress(OSError):
                return start_process()
            break
    return None


def _transcript_sizes(roots: Iterable[str]) -> Iterator[int]:
    """Yield the sizes of what looks like a transcript, as far as it can be read."""
    for root in roots:
        for folder, _, names in os.walk(root):
            for name in names:
                if name.endswith(_SUFFIX):
                    with contextlib.suppress(OSError):
                        yield os.stat(os.path.join(folder, name)).st_size  # noqa: PTH116, PTH118 - imports nothing slow


@contextlib.contextmanager
def ending(process: subprocess.Popen[bytes] | None) -> Iterator[None]:
    """End the process at the end, if there is one."""
    try:
        yield
    finally:
        if process is not None:
            end_process(process)


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End the process, which may have ended."""
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()
