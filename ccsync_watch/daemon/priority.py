"""Give way to the user's own work, Claude Code first: run at a low priority that counts."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

NICENESS = 10

AUTOGROUP = Path("/proc/self/autogroup")


def give_way(autogroup: Path = AUTOGROUP) -> None:
    """Lower this process's priority; where the system does not let it, it stays as it is.

    To be called before there are threads: each has a priority of its own. `autogroup` is the
    kernel's file for the session's priority, which need not exist.
    """
    if not hasattr(os, "nice"):
        return
    niceness = os.nice(max(0, NICENESS - os.nice(0)))
    # Linux shares the processors out among sessions first, to all alike, and niceness counts only
    # within one (sched(7), "The autogroup feature"): beside Claude Code's session, a daemon in its
    # own would have half of a processor, however nice. A terminal's session is not ours to lower.
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            autogroup.write_text(str(niceness))
