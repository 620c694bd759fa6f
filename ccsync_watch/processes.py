"""Which processes run, and since when: a process id may have been reused."""

from __future__ import annotations

import os
from pathlib import Path


def start_time(pid: int) -> str | None:
    """Return when a process started, in clock ticks since the system did; None if not known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command's name comes first, in brackets, and may hold anything.
    fields = text.rpartition(")")[2].split()
    # A zombie (its parent has not read its exit status) does not run any more.
    is_running = len(fields) > 19 and fields[0] != "Z"  # noqa: PLR2004 - the kernel's field 22
    return fields[19] if is_running else None


def is_alive(pid: int) -> bool:
    """Return whether a process with this id exists; True where only its socket can show that."""
    if os.name == "nt":
        # There, asking like this would end it.
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
