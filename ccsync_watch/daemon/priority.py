"""Lower the daemon's priority below the user's own work, Claude Code first."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

NICENESS = 10

AUTOGROUP = Path("/proc/self/autogroup")
_PROCESSES = Path("/proc")


def lower_priority(autogroup: Path = AUTOGROUP) -> None:
    """Lower this process's priority; where the system does not allow it, it stays as it is.

    Call it before there are threads: each has a priority of its own. `autogroup` is the kernel's
    file for the priority of the session, which need not exist.
    """
    if not hasattr(os, "nice"):
        return
    niceness = os.nice(max(0, NICENESS - os.nice(0)))
    # Linux first shares the processors among sessions, all alike, and niceness counts only within
    # one (sched(7), "The autogroup feature"): a daemon in a session of its own would compete with
    # Claude Code's for half of a processor, however nice. A terminal's session is not ours.
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            autogroup.write_text(str(niceness))


def raise_priority(pid: int) -> None:
    """Give a daemon's own session the usual share again, as somebody waits for its end.

    On a busy machine one of a low priority may not run for many seconds, and cannot do this itself.
    """
    with contextlib.suppress(OSError, AttributeError):
        if os.getsid(pid) == pid:
            (_PROCESSES / str(pid) / AUTOGROUP.name).write_text("0")
